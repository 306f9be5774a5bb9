"""Writing rows past the mapper: one by a kept statement, many by COPY or by one statement."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import types
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect

from calibrify_core.persistence.prepared import Prepared
from calibrify_core.persistence.waiting import send

WORTH_A_COPY = 20
"""From so many rows on, COPY is faster than INSERT."""

_Writer = Callable[[Any], str]
_BLANK: Mapping[type[Any], Any] = {
    type(None): sa.null(),
    str: sa.literal_column("''"),
    bool: sa.false(),
    list: sa.literal_column("'[]'"),
    dict: sa.literal_column("'{}'"),
}
"""What is blank, as a statement writes it out."""
_STRUCTURED = frozenset({list, dict})

_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def insert_many(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows that all have the same columns, in the caller's transaction.

    Args:
        connection: of a writing session.
        table: where to.
        rows: values by column name; defaults of the mapper do not apply, those of the database
            do for columns that are absent.

    Raises:
        IntegrityError: a constraint of the database refuses a row; nothing is inserted.
    """
    if not rows:
        return
    if len(rows) == 1:
        _insert(table, rows[0]).rows(connection, rows[0])
        return
    if connection.dialect.name != "postgresql" or len(rows) < WORTH_A_COPY:
        connection.execute(sa.insert(table), list(rows))
        return
    names = list(rows[0])
    writers = [(name, _writer(table.c[name].type, connection.dialect)) for name in names]
    text = io.StringIO(
        "".join(
            "\t".join(
                ["\\N" if (value := row[name]) is None else write(value) for name, write in writers]
            )
            + "\n"
            for row in rows
        )
    )
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(map(quote, names))
    statement = f"COPY {quote(table.name)} ({columns}) FROM STDIN"
    _copy(connection, statement, text)


def insert_later(connection: Connection, table: sa.Table, *rows: Mapping[str, Any]) -> None:
    """Inserts a row on the way of the next statement, or of the commit; on SQLite at once.

    Several rows are worth a journey of their own: they are inserted as `insert_many` does.

    For rows that nothing refuses, and that nobody has to wait for: what a change leaves behind.

    Args:
        connection: of a writing session.
        table: where to.
        rows: values by column name, as for `insert_many`.
    """
    if len(rows) == 1:
        _insert(table, rows[0]).later(connection, rows[0])
    else:
        insert_many(connection, table, rows)


def insert_unless_taken(connection: Connection, table: sa.Table, row: Mapping[str, Any]) -> bool:
    """Inserts a row if no other one has a value that must be unique.

    A transaction on PostgreSQL is lost once a constraint refuses a row; here it lives on, and
    whoever was faster can be looked up.

    Args:
        connection: of a writing session.
        table: where to; its primary key is one column.
        row: values by column name, as for `insert_many`.

    Returns:
        Whether the row was inserted.

    Raises:
        IntegrityError: another constraint of the database refuses it.
    """
    statement = _kept_unless_taken(table, tuple(row), connection.dialect.name)
    return statement.first(connection, row) is not None


def _insert(table: sa.Table, row: Mapping[str, Any]) -> Prepared:
    """Returns the statement that inserts one row like this: with its blanks written out.

    Most of a new row is blank. What stands in the statement is not sent, quoted and read anew.
    """
    blanks = [
        None if value or value.__class__ not in _BLANK else value.__class__
        for value in row.values()
    ]
    return _kept(table, tuple(row), tuple(blanks))


@lru_cache(maxsize=256)
def _kept(
    table: sa.Table, names: tuple[str, ...], blanks: tuple[type[Any] | None, ...]
) -> Prepared:
    """Returns the statement that inserts one row of some columns, some of them blank."""
    written = {
        name: _BLANK[blank]
        for name, blank in zip(names, blanks, strict=True)
        # In structured data, nothing, no and no text are values of its own.
        if blank is not None and (blank in _STRUCTURED or not _is_structured(table.c[name]))
    }
    sent = [name for name in names if name not in written]
    # Inline: the database counts an absent id, and nobody asks for it.
    return Prepared(sa.insert(table).inline().values(written), columns=sent)


def _is_structured(column: sa.Column[Any]) -> bool:
    """Tells whether a column holds JSON."""
    return isinstance(column.type, types.JSON)


@lru_cache(maxsize=128)
def _kept_unless_taken(table: sa.Table, names: tuple[str, ...], dialect: str) -> Prepared:
    """Returns the statement that inserts one row, or none where a value is taken."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    key = next(iter(table.primary_key))
    return Prepared(make(table).on_conflict_do_nothing().returning(key), columns=names)


def _copy(connection: Connection, statement: str, text: io.StringIO) -> None:
    """Runs COPY; its errors become those of every other statement."""
    send(connection)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        try:
            cursor.copy_expert(statement, text)
        except connection.dialect.loaded_dbapi.Error as error:
            raise sa.exc.DBAPIError.instance(
                statement, None, error, connection.dialect.loaded_dbapi.Error, True
            ) from error


def _writer(kind: types.TypeEngine[Any], dialect: Dialect) -> _Writer:
    """Returns the function that writes a column's values in COPY's text format."""
    kind = kind.dialect_impl(dialect)
    if isinstance(kind, types.TypeDecorator):
        process = kind.bind_processor(dialect)
        if process is None:
            return str
        return lambda value: str(process(value))
    if isinstance(kind, types.JSON):
        return lambda value: orjson.dumps(value).decode().translate(_ESCAPED)
    if isinstance(kind, types.Uuid | types.Integer | types.Numeric | types.Date | types.DateTime):
        return str
    if isinstance(kind, types.Boolean):
        return lambda value: "t" if value else "f"
    return _text


def _text(value: str) -> str:
    """Escapes what COPY's text format gives a meaning."""
    if value.isprintable() and "\\" not in value:
        return value
    return value.translate(_ESCAPED)
