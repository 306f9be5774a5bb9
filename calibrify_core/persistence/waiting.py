"""What waits for the next statement: it takes it along on its way to the database.

What a change leaves behind, such as an entry of the trail, is not looked at by the code that
writes it. Sent alone, each such row would cost a journey of its own, and so would the beginning
and the end of a transaction, which the driver sends alone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from calibrify_core.persistence.driver_errors import told

WAITING = "calibrify_waiting"
BY_HAND = "calibrify_begun_by_hand"
"""Option of an engine in autocommit: its transactions begin and end on the way of others."""

_BEGIN = b"BEGIN;"


def add(connection: Connection, statements: bytes) -> None:
    """Lets statements wait; they are sent before any other one, and before the commit.

    Args:
        connection: of a transaction on PostgreSQL, whose driver takes several statements at once.
        statements: with their values in them, as the driver quotes them; each has its semicolon.
    """
    info = connection.info
    info[WAITING] = info.get(WAITING, b"") + statements


def take(info: dict[Any, Any]) -> bytes:
    """Returns what waits, for the caller to send before a statement of its own.

    Args:
        info: of the connection; who reads more of it looks it up once.
    """
    waiting: bytes = info.pop(WAITING, b"")
    return waiting


def send(connection: Connection) -> None:
    """Sends what waits, alone.

    Raises:
        DBAPIError: a constraint refuses one of the rows.
    """
    waiting = take(connection.info)
    if waiting:
        _send(connection, waiting, "rows that waited")


def _send(connection: Connection, statements: bytes, name: str | None) -> None:
    """Sends statements that return nothing; by their name an error tells of them."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statements)
    except connection.dialect.loaded_dbapi.Error as error:
        raise told(connection, cursor, name, error) from error
    finally:
        cursor.close()


def _by_hand(connection: Connection) -> bool:
    """Tells whether the transactions of a connection are begun and ended here."""
    return bool(connection.get_execution_options().get(BY_HAND))


@event.listens_for(Engine, "begin")
def begin(connection: Connection) -> None:
    """Lets a transaction begin with its first statement."""
    if _by_hand(connection):
        connection.info[WAITING] = _BEGIN


@event.listens_for(Engine, "commit")
def commit(connection: Connection) -> None:
    """Sends what waits, and with it the end of a transaction that was begun here.

    Raises:
        DBAPIError: a constraint refuses one of the rows. It names no statement where they went
            with the commit: what was lost on the way may have been committed.
    """
    if not _by_hand(connection):
        send(connection)
        return
    waiting = take(connection.info)
    if waiting == _BEGIN:
        return
    try:
        _send(connection, waiting + b"COMMIT", None)
    except DBAPIError as error:
        # SQLAlchemy takes it for ended; the database waits for somebody to say so.
        if not error.connection_invalidated:
            _send(connection, b"ROLLBACK", None)
        raise


@event.listens_for(Engine, "before_cursor_execute")
def send_first(connection: Connection, *_: Any) -> None:
    """Sends what waits before any other statement."""
    send(connection)


@event.listens_for(Engine, "rollback")
def roll_back(connection: Connection) -> None:
    """Forgets what waits: it belongs to what is undone. A lost connection took it along."""
    if connection.invalidated:
        return
    waiting = take(connection.info)
    if _by_hand(connection) and not waiting.startswith(_BEGIN):
        _send(connection, b"ROLLBACK", None)
