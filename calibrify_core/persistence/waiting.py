"""Rows that wait for the next statement: it takes them along on its way to the database.

What a change leaves behind, such as an entry of the trail, is not looked at by the code that
writes it. Sent alone, each such row would cost a journey of its own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from calibrify_core.persistence.driver_errors import told

WAITING = "calibrify_waiting"


def add(connection: Connection, statements: bytes) -> None:
    """Lets statements wait; they are sent before any other one, and before the commit.

    Args:
        connection: of a transaction on PostgreSQL, whose driver takes several statements at once.
        statements: with their values in them, as the driver quotes them; each has its semicolon.
    """
    connection.info[WAITING] = connection.info.get(WAITING, b"") + statements


def take(connection: Connection) -> bytes:
    """Returns what waits, for the caller to send before a statement of its own."""
    waiting: bytes = connection.info.pop(WAITING, b"")
    return waiting


@event.listens_for(Engine, "commit")
def send(connection: Connection) -> None:
    """Sends what waits, alone.

    Raises:
        DBAPIError: a constraint refuses one of the rows.
    """
    waiting = take(connection)
    if not waiting:
        return
    cursor = connection.connection.cursor()
    try:
        cursor.execute(waiting)
    except connection.dialect.loaded_dbapi.Error as error:
        raise told(connection, cursor, "rows that waited", error) from error
    finally:
        cursor.close()


@event.listens_for(Engine, "before_cursor_execute")
def send_first(connection: Connection, *_: Any) -> None:
    """Sends what waits before any other statement."""
    send(connection)


@event.listens_for(Engine, "rollback")
def forget(connection: Connection) -> None:
    """Forgets what waits: it belongs to what is undone. A lost connection took it along."""
    if not connection.invalidated:
        take(connection)
