"""Sessions: made in one place, guarded, and explicit about reading and writing."""

from __future__ import annotations

from sqlalchemy.orm import Session

from calibrify_core.persistence.engine import Database
from calibrify_core.persistence.scoping import install_guard


def new_session(database: Database, *, write: bool) -> Session:
    """Makes a session with the scope guard on it.

    Args:
        database: where to.
        write: whether it may change something; a reading session is bound to the reader.
    """
    engine = database.writer if write else database.reader
    session = Session(bind=engine, autoflush=write, expire_on_commit=False)
    install_guard(session)
    return session
