"""Ending sign-ins: the row of a session or family is the sign-in, so deleting it ends it."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.auth.signed_in import BrowserSession, RefreshFamily


def end(session: Session, credential_id: uuid.UUID) -> None:
    """Ends one sign-in, of a browser or of an API client."""
    for table in (BrowserSession, RefreshFamily):
        session.execute(sa.delete(table).where(table.id == credential_id))


def end_all(session: Session, user_id: uuid.UUID, *, keep: uuid.UUID | None = None) -> int:
    """Ends all sign-ins of an account.

    Args:
        session: a writing session.
        user_id: the account.
        keep: one sign-in that goes on: the one through which this was asked.

    Returns:
        How many were ended.
    """
    ended = 0
    for table in (BrowserSession, RefreshFamily):
        statement = sa.delete(table).where(table.user_id == user_id).returning(table.id)
        if keep is not None:
            statement = statement.where(table.id != keep)
        ended += len(session.execute(statement).all())
    return ended
