"""Statements that are sent with every request: compiled once, and planned once a connection.

Building and compiling a statement costs more than the database needs to answer it, and so does
planning one that joins a few tables. What is asked all the time is therefore made once.
"""

from __future__ import annotations

import itertools
import re
import uuid
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.types import TypeDecorator, Uuid

from calibrify_core.persistence.driver_errors import KNOWN, told
from calibrify_core.persistence.waiting import add, send, take

PLACE = re.compile(r"%\((\w+)\)s")
MOST_KNOWN = 256
# Who asks so seldom need not leave a plan behind on each connection.
USES_BEFORE_PLANNING = 3

_numbers = itertools.count(1)
Process = Callable[[Any], Any]


class Prepared:
    """A statement that is compiled once; the rows that it returns are named tuples.

    A select is cut to its scope by whoever makes it: no guard looks at it later.

    Args:
        statement: a select, with a named bind parameter for all that differs from use to use;
            or an insert without values.
        plan: whether one plan is good for all values, so that PostgreSQL keeps it. It is not
            for a text that is searched, nor for a filter that no index serves: there the
            values decide how the rows are best found.
        columns: names of the columns that an insert fills.
    """

    def __init__(
        self, statement: Any, *, plan: bool = True, columns: Sequence[str] | None = None
    ) -> None:
        self._statement = statement
        self._plan = plan
        self._columns = columns
        self._texts: dict[str, _Text] = {}

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Sends the statement and returns all rows.

        Args:
            connection: to send it on.
            parameters: values by the names of the bind parameters.

        Raises:
            DBAPIError: as SQLAlchemy raises it.
        """
        return self._text(connection).rows(connection, parameters)

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """Sends the statement and returns the first row, None if there is none."""
        rows = self.rows(connection, parameters)
        return rows[0] if rows else None

    def later(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        """Sends the statement with the next one, or before the commit; on SQLite at once.

        Args:
            connection: of a writing transaction.
            parameters: values by the names of the bind parameters.

        Raises:
            DBAPIError: as SQLAlchemy raises it; what the database refuses is met by whatever
                is sent next.
        """
        self._text(connection).later(connection, parameters)

    def _text(self, connection: Connection) -> _Text:
        """Returns the statement as the database at hand is told it."""
        dialect = connection.dialect
        text = self._texts.get(dialect.name)
        if text is None:
            text = _compiled(self._statement, dialect, self._columns, plan=self._plan)
            self._texts[dialect.name] = text
        return text


@dataclass(slots=True)
class _Text:
    """A statement as one dialect writes it.

    Attributes:
        sql: the text, with places as the driver marks them.
        names: of the values, in the order of their places, where places have no names.
        constants: values that are part of the statement.
        binders: turn a value into what the driver takes, by name.
        columns: of the result.
        row: makes a row of a tuple.
        plan: name, text to prepare and text to execute; None where nothing is prepared.
        readers: turn a column's value into ours, by position; None until the first rows.
        uses: how often it was sent.
    """

    sql: str
    names: tuple[str, ...] | None
    constants: dict[str, Any]
    binders: dict[str, Process]
    columns: tuple[Any, ...]
    row: Callable[[Any], Any]
    plan: tuple[str, str, str] | None
    readers: list[tuple[int, Process]] | None = None
    uses: int = 0

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Sends the text and returns the rows."""
        cursor = connection.connection.cursor()
        try:
            text, sent, waiting = self._ready(connection, cursor, parameters)
            if waiting:
                cursor.execute(waiting + cursor.mogrify(text, sent))
            else:
                cursor.execute(text, sent)
            if cursor.description is None:
                return []
            found = cursor.fetchall()
            readers = self._readers(connection.dialect, cursor)
        except connection.dialect.loaded_dbapi.Error as error:
            raise told(connection, cursor, self.sql, error) from error
        finally:
            cursor.close()
        if readers:
            found = [_read(values, readers) for values in found]
        return list(map(self.row, found))

    def later(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        """Lets the text wait for whatever is sent next."""
        if connection.dialect.name != "postgresql":
            self.rows(connection, parameters)
            return
        cursor = connection.connection.cursor()
        try:
            text, sent, waiting = self._ready(connection, cursor, parameters)
            add(connection, waiting + cursor.mogrify(text, sent) + b";")
        except connection.dialect.loaded_dbapi.Error as error:
            raise told(connection, cursor, self.sql, error) from error
        finally:
            cursor.close()

    def _ready(
        self, connection: Connection, cursor: Any, parameters: Mapping[str, Any]
    ) -> tuple[str, Any, bytes]:
        """Returns the text to send, its values, and what has waited to be sent before it."""
        values = {**self.constants, **parameters}
        for name, bind in self.binders.items():
            values[name] = bind(values[name])
        sent = values if self.names is None else tuple(values[name] for name in self.names)
        info = connection.info
        text = self._planned(connection, info, cursor)
        waiting = take(info)
        # Who counts statements, or wants to see them, hears of this one like of any other; alone,
        # the listener that sends what waits has nothing to do.
        listeners = connection.engine.dispatch.before_cursor_execute
        if len(listeners) > 1:
            for hear in listeners:
                hear(connection, cursor, self.sql, sent, None, False)
        return text, sent, waiting

    def _planned(self, connection: Connection, info: dict[Any, Any], cursor: Any) -> str:
        """Returns the text, or how its plan is executed, once it is worth one."""
        self.uses += 1
        if self.plan is None or self.uses <= USES_BEFORE_PLANNING:
            return self.sql
        name, prepare, execute = self.plan
        known: set[str] | None = info.get(KNOWN)
        if known is None or len(known) >= MOST_KNOWN:
            send(connection)  # it may go by a plan
            cursor.execute("DEALLOCATE ALL")
            known = info[KNOWN] = set()
        if name not in known:
            cursor.execute(prepare)
            known.add(name)
        return execute

    def _readers(self, dialect: Dialect, cursor: Any) -> list[tuple[int, Process]]:
        """Returns what turns the driver's values into ours, found at the first result."""
        if self.readers is None:
            kinds = (fact[1] for fact in cursor.description)
            found = (
                (index, _reader(column.type.dialect_impl(dialect), dialect, kind))
                for index, (column, kind) in enumerate(zip(self.columns, kinds, strict=True))
            )
            self.readers = [(index, read) for index, read in found if read is not None]
        return self.readers


def _reader(kind: Any, dialect: Dialect, found: Any) -> Process | None:
    """Returns what turns a type's value that is not None into ours, without a detour."""
    process: Process | None = kind.result_processor(dialect, found)
    if process is None or not isinstance(kind, TypeDecorator):
        return process
    if kind.impl_instance.result_processor(dialect, found) is not None:
        return process
    convert = kind.process_result_value
    return lambda value: convert(value, dialect)


def _read(values: tuple[Any, ...], readers: list[tuple[int, Process]]) -> list[Any]:
    """Returns the values of a row as ours; nothing stays nothing, whatever the type."""
    row = list(values)
    for index, read in readers:
        value = row[index]
        if value is not None:
            row[index] = read(value)
    return row


def _hex(value: uuid.UUID | None) -> str | None:
    """Returns an id as both databases take it: 32 hexadecimal digits."""
    return None if value is None else value.hex


def _compiled(
    statement: Any, dialect: Dialect, filled: Sequence[str] | None, *, plan: bool
) -> _Text:
    """Compiles a statement for a dialect."""
    compiled: Any = statement.compile(dialect=dialect, column_keys=filled)
    binders = {}
    for name, parameter in compiled.binds.items():
        kind = parameter.type.dialect_impl(dialect)
        # As text the driver quotes an id faster than as what it is.
        bind = _hex if isinstance(kind, Uuid) else kind.bind_processor(dialect)
        if bind is not None:
            binders[name] = bind
    columns = tuple(statement.exported_columns)
    names: Any = [column.key for column in columns]
    # Which names, is known when the statement is.
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    constants = {
        name: parameter.effective_value
        for name, parameter in compiled.binds.items()
        if not parameter.required
    }
    sql = str(compiled)
    places = tuple(compiled.positiontup) if compiled.positional else None
    planned = _plan_of(sql) if plan and dialect.name == "postgresql" else None
    # The same as its _make, which would look at the length of each row.
    make = partial(tuple.__new__, row)
    return _Text(sql, places, constants, binders, columns, make, planned)


def _plan_of(sql: str) -> tuple[str, str, str]:
    """Returns a name, and the texts that prepare and execute a statement of psycopg2."""
    order: dict[str, int] = {}
    for found in PLACE.finditer(sql):
        order.setdefault(found[1], len(order) + 1)
    body = PLACE.sub(lambda found: f"${order[found[1]]}", sql).replace("%%", "%")
    name = f"calibrify_{next(_numbers)}"
    values = ", ".join(f"%({key})s" for key in order)
    return name, f"PREPARE {name} AS {body}", f"EXECUTE {name}{f' ({values})' if order else ''}"
