"""Sessions: made in one place, guarded, and explicit about reading and writing."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from calibrify_core.persistence.engine import Database
from calibrify_core.persistence.scoping import install_guard


class GuardedSession(Session):
    """A session that lets no statement over a scoped class pass without its scope.

    Listeners of every session are registered on this class, once: doing it for each session
    would cost more than many a request.
    """


install_guard(GuardedSession)


class Reader:
    """A connection that only reads, and the session on it, each opened when first needed.

    Most requests read a few rows and load no object: they never pay for a session.

    Args:
        database: where to read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def connection(self) -> Connection:
        """The connection."""
        return self._database.lend()

    @cached_property
    def session(self) -> GuardedSession:
        """The session on it."""
        return GuardedSession(bind=self.connection, autoflush=False, expire_on_commit=False)

    def close(self) -> None:
        """Gives back what was opened."""
        if "session" in self.__dict__:
            self.session.close()
        if "connection" in self.__dict__:
            self._database.take_back(self.connection)


def new_session(database: Database, *, write: bool) -> GuardedSession:
    """Makes a session.

    Args:
        database: where to.
        write: whether it may change something; a reading session is bound to the reader.
    """
    engine = database.writer if write else database.reader
    return GuardedSession(bind=engine, autoflush=write, expire_on_commit=False)
