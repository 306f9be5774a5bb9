"""Sessions: made in one place, guarded, and explicit about reading and writing."""

from __future__ import annotations

from sqlalchemy.orm import Session

from calibrify_core.persistence.engine import Database
from calibrify_core.persistence.scoping import install_guard


class GuardedSession(Session):
    """A session that lets no statement over a scoped class pass without its scope.

    Listeners of every session are registered on this class, once: doing it for each session
    would cost more than many a request.
    """


install_guard(GuardedSession)


def new_session(database: Database, *, write: bool) -> GuardedSession:
    """Makes a session.

    Args:
        database: where to.
        write: whether it may change something; a reading session is bound to the reader.
    """
    engine = database.writer if write else database.reader
    return GuardedSession(bind=engine, autoflush=write, expire_on_commit=False)
