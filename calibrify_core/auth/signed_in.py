"""What stands for a sign-in: a browser's session, and a client's family of refresh tokens."""

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.persistence.base import Base, Identified

SESSION_IDLE = timedelta(hours=4)
SESSION_LIFE = timedelta(hours=24)
FAMILY_IDLE = timedelta(days=30)
FAMILY_LIFE = timedelta(days=90)


class BrowserSession(Identified, Base):
    """A browser that is signed in; the row is the session, and deleting it ends it.

    The cookie holds a random secret, of which only the digest is kept here.
    """

    __tablename__ = "core_session"

    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("core_user.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    user_agent: Mapped[str] = mapped_column(sa.String(300), default="")


class RefreshFamily(Identified, Base):
    """A client that signed in through the API; deleting the row revokes all its tokens.

    Only the newest refresh token is good: ``generation`` counts them and ``digest`` is that
    of the newest. An older one that comes back was stolen, or its successor was.
    """

    __tablename__ = "core_refresh_family"

    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("core_user.id", ondelete="CASCADE"), index=True
    )
    generation: Mapped[int] = mapped_column(sa.Integer, default=0)
    digest: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    user_agent: Mapped[str] = mapped_column(sa.String(300), default="")
