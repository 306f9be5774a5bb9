"""Failures of the database that pass by themselves: another try may well succeed."""

from __future__ import annotations

import sqlite3

import psycopg2.errors
import psycopg2.extensions
from sqlalchemy import exc as database
from sqlalchemy.orm.exc import StaleDataError

_PASSING = (psycopg2.extensions.TransactionRollbackError, psycopg2.errors.UniqueViolation)


def is_passing(error: Exception) -> bool:
    """Tells whether the same request may well succeed when it is tried again at once.

    That is a serialisation failure or deadlock (PostgreSQL class 40), a busy SQLite, a value
    that somebody else took a moment ago, who is met at the next try by whoever looks first, and
    a connection that was found dead in a statement. One that died in COMMIT, which has no
    statement, may have committed: nobody but the caller can know whether to try again.
    """
    if isinstance(error, StaleDataError):
        return True
    if not isinstance(error, database.DBAPIError):
        return False
    if error.connection_invalidated:
        return error.statement is not None
    origin = error.orig
    if isinstance(origin, _PASSING):
        return True
    return isinstance(origin, sqlite3.OperationalError) and origin.sqlite_errorname.startswith(
        ("SQLITE_BUSY", "SQLITE_LOCKED")
    )
