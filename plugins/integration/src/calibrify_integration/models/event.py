"""The log of events: what happened, in the order in which it became visible."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.persistence.base import Base, Identified, OrganisationOwned
from calibrify_core.persistence.scoping import scoped
from calibrify_core.persistence.types import Json


class Event(Identified, OrganisationOwned, Base):
    """One domain event, written in the transaction of the change that it tells of.

    ``position`` is drawn after the commit, so that whoever has read up to a position has missed
    nothing before it.
    """

    __tablename__ = "integration_event"
    __table_args__ = (
        sa.Index("ix_integration_event_order", "organisation_id", "position"),
        sa.Index("ix_integration_event_subject", "subject_id", "position"),
        sa.Index(
            "ix_integration_event_waiting",
            "id",
            postgresql_where=sa.text("position IS NULL"),
            sqlite_where=sa.text("position IS NULL"),
        ),
    )

    position: Mapped[int | None] = mapped_column(sa.BigInteger, unique=True)
    type: Mapped[str] = mapped_column(sa.String(100))
    subject_id: Mapped[uuid.UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(sa.String(16))
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(sa.String(200))
    request_id: Mapped[str | None] = mapped_column(sa.String(64))


# Who sees which event is settled by the object that it tells of: see `services.events`.
scoped(Event)
