"""Engines: one database, met as a writer or as a reader."""

from __future__ import annotations

import copy
import json
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from psycopg2 import extensions
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, DisconnectionError

from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.persistence.waiting import BY_HAND, take

BUSY_SECONDS = 15
REST_SECONDS = 2
TIMESTAMPTZ = 1184
"""What PostgreSQL calls the type ``timestamptz`` in its answers."""


@dataclass(frozen=True, slots=True)
class Database:
    """One database behind two doors that share a pool.

    Attributes:
        writer: begins with the write lock (SQLite), or on the way of the first statement of a
            transaction (PostgreSQL).
        reader: for statements that never write; autocommit on PostgreSQL, which saves two
            round trips a request, and a plain BEGIN on SQLite, which takes no write lock.
        snapshot: for long reads: one consistent view from the first row to the last, and rows
            that are fetched as they are needed (a server-side cursor needs a transaction).
    """

    writer: Engine
    reader: Engine
    snapshot: Engine
    _resting: dict[bool, deque[tuple[Connection, float]]] = field(
        default_factory=lambda: {True: deque(), False: deque()},
        init=False,
        repr=False,
        compare=False,
    )

    def lend(self, *, write: bool) -> Connection:
        """Returns a connection; `take_back` takes it when it is done with.

        On PostgreSQL the one that came back last goes out first: its plans are at hand, those of
        the others have gone cold, and the pool's own way costs a small request more than its
        statements.

        Args:
            write: whether one of the writer, or of the reader.
        """
        resting = self._resting[write]
        while resting:
            try:
                connection, since = resting.pop()
            except IndexError:  # another thread was faster
                break
            if time.monotonic() - since < REST_SECONDS or _lives(connection):
                return connection
        return (self.writer if write else self.reader).connect()

    def take_back(self, connection: Connection, *, write: bool) -> None:
        """Takes back what `lend` returned; what is open on it is undone."""
        if connection.invalidated:
            # Who lost one has lost them all: the database was started anew.
            self._close_resting(lost=True)
        elif self.dialect == "postgresql" and not connection.closed:
            if connection.get_transaction() is not None:  # open, or failed to commit
                connection.rollback()
            self._resting[write].append((connection, time.monotonic()))
            return
        connection.close()

    def _close_resting(self, *, lost: bool = False) -> None:
        """Closes what rests; what is lost is never used again."""
        for resting in self._resting.values():
            with suppress(IndexError):
                while True:
                    connection, _ = resting.pop()
                    if lost:
                        connection.invalidate()
                    connection.close()

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.writer.dialect.name

    def dispose(self) -> None:
        """Closes all pooled connections."""
        self._close_resting()
        self.writer.dispose()
        self.reader.dispose()

    def forget(self) -> None:
        """Lets go of pooled connections unclosed: after a fork they are the parent's."""
        for resting in self._resting.values():
            resting.clear()
        self.writer.dispose(close=False)
        self.reader.dispose(close=False)


def open_database(url: str) -> Database:
    """Opens the database at an SQLAlchemy URL; no connection is made yet.

    Raises:
        ConfigurationError: the URL does not parse or names another kind of database.
    """
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        raise ConfigurationError("CALIBRIFY_DATABASE_URL is not a database URL.") from None
    backend = parsed.drivername.split("+")[0]
    if backend in {"postgresql", "postgres"}:
        return _open_postgresql(parsed)
    if backend == "sqlite":
        return _open_sqlite(parsed)
    raise ConfigurationError(
        f"CALIBRIFY_DATABASE_URL names {backend}; Calibrify runs on postgresql and sqlite."
    )


def _open_postgresql(url: sa.URL) -> Database:
    """Opens PostgreSQL with a pool for writing and one for reading.

    Two pools, since switching one connection between transactions and autocommit would cost
    two round trips a request.
    """
    # SQLAlchemy 2.1 reads a bare postgresql:// as psycopg 3, which is not installed.
    options: dict[str, Any] = {
        "url": url.set(drivername="postgresql+psycopg2"),
        "pool_size": 10,
        "max_overflow": 10,
        "pool_recycle": 1800,
        "hide_parameters": True,
        "json_serializer": _json,
        "json_deserializer": orjson.loads,
        # What is prepared is good for all values; left to itself, the database would weigh that
        # anew with each execution, and plan a list whose bounds it takes for unlikely.
        "connect_args": {
            "connect_timeout": 5,
            "options": "-c timezone=utc -c plan_cache_mode=force_generic_plan",
        },
    }
    writer = sa.create_engine(
        **copy.deepcopy(options), isolation_level="AUTOCOMMIT", execution_options={BY_HAND: True}
    )
    # Lists are written in the order in which they are best joined; looking for a better one
    # takes the planner longer than the whole page takes to read.
    options["connect_args"]["options"] += " -c join_collapse_limit=1"
    # Nothing is open on such a connection that would have to be undone when it goes back.
    reader = sa.create_engine(**options, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
    for engine in (writer, reader):
        _ping_after_rest(engine)
        _read_moments(engine)
    _leave_nothing_open(writer)
    snapshot = writer.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True, **{BY_HAND: False}
    )
    return Database(writer=writer, reader=reader, snapshot=snapshot)


def _lives(connection: Connection) -> bool:
    """Tells whether a connection that rested still lives; closes it if not."""
    try:
        connection.dialect.do_ping(connection.connection)
    except connection.dialect.loaded_dbapi.Error:
        connection.invalidate()
        connection.close()
        return False
    return True


def _json(value: Any) -> str:
    """Writes structured data; what only the slower way can write, it writes."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value)


def _moment(text: Any, _cursor: Any) -> datetime | None:
    """Reads a moment; the driver's own way takes twice as long."""
    return None if text is None else datetime.fromisoformat(text)


_MOMENT = extensions.new_type((TIMESTAMPTZ,), "MOMENT", _moment)


def _read_moments(engine: Engine) -> None:
    """Lets an engine's connections, whose zone is UTC, read moments by `_moment`."""

    @event.listens_for(engine, "connect")
    def register(connection: Any, _record: Any) -> None:
        extensions.register_type(_MOMENT, connection)


def _leave_nothing_open(engine: Engine) -> None:
    """Ends what somebody forgot to end, when a connection goes back into the pool.

    The driver does not know of transactions that are begun by hand, and would leave them open.
    """

    @event.listens_for(engine, "reset")
    def reset(connection: Any, record: Any, _state: Any) -> None:
        take(record.info)
        if connection.info.transaction_status != extensions.TRANSACTION_STATUS_IDLE:
            connection.cursor().execute("ROLLBACK")


def _ping_after_rest(engine: Engine) -> None:
    """Asks a pooled connection whether it lives before it is used after a rest.

    Asking every time, as ``pool_pre_ping`` does, would cost each request a round trip.
    """

    @event.listens_for(engine, "checkin")
    def note(_: Any, record: Any) -> None:
        record.info["rested_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: Any, _: Any) -> None:
        since = record.info.get("rested_since")
        if since is None or time.monotonic() - since < REST_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error


def _open_sqlite(url: sa.URL) -> Database:
    """Opens SQLite in WAL mode, with transactions that are begun by us and not by the driver."""
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        json_serializer=_json,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once under another
        # writer; one that takes the lock first waits for its turn.
        reads = connection.get_execution_options().get("calibrify_reader", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    reader = engine.execution_options(calibrify_reader=True)
    return Database(writer=engine, reader=reader, snapshot=reader)
