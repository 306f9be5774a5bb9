"""Sessions: made in one place, guarded, and explicit about reading and writing."""

from __future__ import annotations

from functools import cached_property
from typing import Any

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

    writes = False

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def _line(self) -> Connection:
        """The connection, once it was asked for."""
        return self._database.lend(write=self.writes)

    @property
    def connection(self) -> Connection:
        """The connection."""
        return self._line

    @cached_property
    def session(self) -> GuardedSession:
        """The session on it."""
        return GuardedSession(bind=self.connection, autoflush=False, expire_on_commit=False)

    def flush(self) -> None:
        """Writes what the session holds."""
        if "session" in self.__dict__:
            self.session.flush()

    def close(self) -> None:
        """Gives back what was opened; what was not committed is undone."""
        if "session" in self.__dict__:
            self.session.close()
        if "_line" in self.__dict__:
            self._database.take_back(self._line, write=self.writes)


class Writer(Reader):
    """A connection on which one transaction writes, and the session on it, likewise.

    To zope.sqlalchemy it is the session and its transaction in one.

    Args:
        database: where to write.
        info: what the session remembers for others.

    Attributes:
        twophase: whether it is prepared before it is committed; for zope.sqlalchemy.
    """

    writes = True
    twophase = False

    def __init__(self, database: Database, info: dict[str, Any]) -> None:
        super().__init__(database)
        self._info = info

    @cached_property
    def _line(self) -> Connection:
        """The connection, with its transaction begun."""
        line = self._database.lend(write=True)
        line.begin()
        return line

    @property
    def connection(self) -> Connection:
        """The connection, within a transaction: nothing is ever written beside one.

        Raises:
            PendingRollbackError: the session failed and was not rolled back.
        """
        line = self._line
        # The session has ended the transaction: it begins another one, or says why not.
        return line if line.in_transaction() else self.session.connection()

    @cached_property
    def session(self) -> GuardedSession:
        """The session on it: who commits it, commits what was written beside it too."""
        return GuardedSession(
            bind=self._line,
            autoflush=True,
            expire_on_commit=False,
            join_transaction_mode="control_fully",
            info=self._info,
        )

    def get_transaction(self) -> Writer:
        """Returns what is to be committed."""
        return self

    def commit(self) -> None:
        """Commits what was written, if anything was asked at all."""
        if "session" in self.__dict__:
            self.session.commit()
        # A session that was asked nothing does not know of the transaction.
        if "_line" in self.__dict__ and self._line.in_transaction():
            self._line.commit()


def new_session(database: Database, *, write: bool) -> GuardedSession:
    """Makes a session.

    Args:
        database: where to.
        write: whether it may change something; a reading session is bound to the reader.
    """
    engine = database.writer if write else database.reader
    return GuardedSession(bind=engine, autoflush=write, expire_on_commit=False)
