"""Errors of the driver where statements go past SQLAlchemy, told as SQLAlchemy tells them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

KNOWN = "calibrify_prepared"
"""Under this name a connection keeps which plans it knows."""


def told(connection: Connection, cursor: Any, statement: str | None, error: Any) -> Exception:
    """Returns an error as SQLAlchemy tells it; a broken connection is given up.

    Args:
        connection: on which it happened.
        cursor: that met it.
        statement: what was sent, without its values: an error ends up in a log. None for a commit.
        error: of the driver.
    """
    dialect = connection.dialect
    broken = dialect.is_disconnect(error, connection.connection, cursor)
    found: Exception = DBAPIError.instance(
        statement,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=broken,
        dialect=dialect,
    )
    if broken:
        connection.invalidate(error)
    else:
        # A plan may outlive the tables that it was made for.
        connection.info.pop(KNOWN, None)
    return found
