"""Migration lineages: each distribution has its own versions and its own version table.

One shared version table would break every command for everybody once a plugin is removed.
One command walks all lineages in the order in which the plugins need each other.
"""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.runtime.migration import MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.engine import Connection

from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.persistence.base import Base
from calibrify_core.persistence.engine import Database

OPTIONAL_INDEX = "_trgm"  # ends the name of an index that needs an extension of the database
LOCK = 0x43414C49  # "CALI": the advisory lock that lets one migration run at a time
DROP_TRIGGER = re.compile(r"\bDROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?[\"\[`']?(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lineage:
    """The migrations of one distribution.

    Attributes:
        name: ``core`` or the plugin's name; prefix of its tables.
        package: the package whose ``versions`` folder holds the revisions.
    """

    name: str
    package: str

    @property
    def version_table(self) -> str:
        """The table that holds the revision this lineage is at."""
        return f"{self.name}_schema_version"

    def script(self) -> ScriptDirectory:
        """Returns the revisions on disk."""
        config = Config()
        config.set_main_option("script_location", str(files("calibrify_core.migrations")))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(files(self.package) / "versions"))
        return ScriptDirectory.from_config(config)

    def owns(self, table: str | None) -> bool:
        """Tells whether a table belongs to this lineage."""
        return (
            table is not None and table != self.version_table and table.startswith(f"{self.name}_")
        )


@dataclass(frozen=True, slots=True)
class LineageState:
    """Where one lineage stands.

    Attributes:
        lineage: which one.
        current: the revision of the database, None before the first.
        head: the newest revision on disk.
    """

    lineage: Lineage
    current: str | None
    head: str | None

    @property
    def up_to_date(self) -> bool:
        """Whether the database is at the newest revision."""
        return self.current == self.head


def states(database: Database, lineages: Iterable[Lineage]) -> list[LineageState]:
    """Returns where each lineage stands, in the order given."""
    result = []
    with database.reader.connect() as connection:
        for lineage in lineages:
            context = _context(connection, lineage)
            result.append(
                LineageState(
                    lineage, context.get_current_revision(), lineage.script().get_current_head()
                )
            )
    return result


def upgrade(database: Database, lineages: Sequence[Lineage]) -> list[str]:
    """Brings every lineage to its newest revision, in the order given.

    Returns:
        One line for each revision that was applied.

    Raises:
        ConfigurationError: a migration failed; its lineage stays at the last whole revision,
            which the message names.
    """
    applied = []
    with _migrating(database) as connection:
        for lineage in lineages:
            applied += _walk(connection, lineage, "head")
    return applied


def downgrade(database: Database, lineage: Lineage, revision: str = "base") -> list[str]:
    """Takes one lineage back to a revision, its tables and data with it.

    Raises:
        ConfigurationError: a migration failed, the revision is unknown, or tables of another
            lineage refer to those that would go.
    """
    if revision == "base":
        _check_references(database, lineage)
    with _migrating(database) as connection:
        return _walk(connection, lineage, revision, down=True)


def _check_references(database: Database, lineage: Lineage) -> None:
    """Refuses to take tables away that tables of others refer to, whether those run or not."""
    with database.reader.connect() as connection:
        inspector = sa.inspect(connection)
        tables = inspector.get_table_names()
        suffix = "_schema_version"
        others = {name.removesuffix(suffix) for name in tables if name.endswith(suffix)}
        for other in sorted(others - {lineage.name}):
            for table in (name for name in tables if name.startswith(f"{other}_")):
                for key in inspector.get_foreign_keys(table):
                    if lineage.owns(key["referred_table"]):
                        raise ConfigurationError(
                            f"The tables of {lineage.name} stay: {table} of {other} refers to "
                            f"{key['referred_table']}. Take {other} back first: `calibrify db "
                            f"downgrade {other}`."
                        )


def differences(database: Database, lineages: Sequence[Lineage]) -> list[str]:
    """Returns what the mapped classes say and the database does not, as lines for a person."""
    found: list[str] = []
    with database.reader.connect() as connection:
        for lineage in lineages:
            context = _context(connection, lineage, compare=True)
            compared = compare_metadata(context, Base.metadata)
            found += [f"{lineage.name}: {difference}" for difference in compared]
    return found


def _context(
    connection: Connection, lineage: Lineage, *, compare: bool = False, **options: Any
) -> MigrationContext:
    """Returns Alembic's view of one lineage on one connection."""

    def include(name: str | None, kind: str, _parents: Any) -> bool:
        if kind == "index" and name is not None and name.endswith(OPTIONAL_INDEX):
            return False
        return kind != "table" or lineage.owns(name)

    def include_object(_item: Any, name: str | None, kind: str, *_: Any) -> bool:
        return kind != "table" or lineage.owns(name)

    opts: dict[str, Any] = {
        "version_table": lineage.version_table,
        "render_as_batch": True,
        "transactional_ddl": True,
        **options,
    }
    if compare:
        opts |= {"include_name": include, "include_object": include_object, "compare_type": True}
    return MigrationContext.configure(connection, opts=opts)


@contextmanager
def _migrating(database: Database) -> Iterator[Connection]:
    """Holds a connection of its own on which one migration run at a time may work.

    On SQLite foreign keys are off while tables are rebuilt (inside a transaction the pragma
    would be ignored): a rebuilt parent would otherwise delete its children by cascade.
    """
    with _turn(database), database.writer.connect() as connection:
        if database.dialect == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
            connection.commit()
        else:
            _pragma(connection, "foreign_keys=OFF")
        try:
            yield connection
        finally:
            connection.rollback()
            if database.dialect == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
                connection.commit()
            else:
                _pragma(connection, "foreign_keys=ON")


@contextmanager
def _turn(database: Database) -> Iterator[None]:
    """Lets one process at a time migrate a SQLite file, by a lock on a file beside it.

    The write lock of SQLite itself ends with each revision; a second process that came in
    between would apply the next one, which the first then tries again.
    """
    name = database.writer.url.database
    if database.dialect != "sqlite" or not name or name == ":memory:":
        yield
        return
    with Path(f"{name}-migrating").open("w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _pragma(connection: Connection, pragma: str) -> None:
    """Runs a SQLite pragma outside of any transaction."""
    raw = connection.connection.dbapi_connection
    if raw is not None:
        raw.cursor().execute(f"PRAGMA {pragma}")


def _walk(
    connection: Connection, lineage: Lineage, target: str, *, down: bool = False
) -> list[str]:
    """Applies the steps of one lineage, each in a transaction of its own."""
    script = lineage.script()
    keeper = _TriggerKeeper(connection)
    applied: list[str] = []

    def steps(current: Any, _context: MigrationContext) -> Any:
        start = current[0] if current else None
        found = script._downgrade_revs if down else script._upgrade_revs
        for step in found(target, start):  # type: ignore[arg-type]
            keeper.remember()
            yield step

    def check(*, step: MigrationInfo, **_: Any) -> None:
        keeper.restore()
        _check_foreign_keys(connection)
        name = step.up_revision_id or "base"
        applied.append(f"{lineage.name}: {name} {script.get_revision(name).doc}")

    context = _context(
        connection, lineage, fn=steps, on_version_apply=(check,), transaction_per_migration=True
    )
    try:
        with keeper.watching(), Operations.context(context):
            context.run_migrations()
    except Exception as error:
        connection.rollback()
        current = _context(connection, lineage).get_current_revision() or "none"
        if current != "none" and not _knows(script, current):
            raise ConfigurationError(
                f"The database is at revision {current} of {lineage.name}, which the installed "
                f"version does not know: install the version that wrote it, or a newer one."
            ) from None
        raise ConfigurationError(
            f"A migration of {lineage.name} failed: {_reason(error)}. "
            f"The database stays at revision {current} of {lineage.name}."
        ) from error
    connection.commit()
    return applied


def _knows(script: ScriptDirectory, revision: str) -> bool:
    """Tells whether a revision is among those on disk."""
    return any(known.revision == revision for known in script.walk_revisions())


def _reason(error: Exception) -> str:
    """Returns the first line of what went wrong, without its full stop."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _check_foreign_keys(connection: Connection) -> None:
    """Refuses a migration that leaves rows without their parents (SQLite checks on demand)."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise ValueError(f"rows of {broken[0]} point to rows of {broken[2]} that do not exist")


class _TriggerKeeper:
    """Makes the triggers again that SQLite drops together with a table that is rebuilt.

    A trigger that the migration drops by its name stays dropped. PostgreSQL alters tables in
    place and keeps its triggers: there this does nothing.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._active = connection.dialect.name == "sqlite"
        self._before: dict[str, tuple[str, str]] = {}
        self._dropped: set[str] = set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Notes the triggers that are dropped by name meanwhile."""
        if not self._active:
            yield
            return
        event.listen(self._connection, "before_cursor_execute", self._note)
        try:
            yield
        finally:
            event.remove(self._connection, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self._dropped |= {name.lower() for name in DROP_TRIGGER.findall(statement)}

    def remember(self) -> None:
        """Takes down the triggers as they are before a step."""
        self._dropped.clear()
        self._before = self._present()

    def restore(self) -> None:
        """Makes those again that went with their table, unless the table is gone for good."""
        if not self._active:
            return
        present = self._present()
        tables = set(
            self._connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            ).scalars()
        )
        for name, (table, statement) in self._before.items():
            if name not in present and name.lower() not in self._dropped and table in tables:
                self._connection.exec_driver_sql(statement)

    def _present(self) -> dict[str, tuple[str, str]]:
        """Returns table and statement of each trigger, by its name."""
        if not self._active:
            return {}
        rows = self._connection.exec_driver_sql(
            "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
        )
        return {name: (table, statement) for name, table, statement in rows}
