"""Deliveries: one event on its way to one webhook, and every try to bring it there."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.persistence.base import Base, Identified, OrganisationOwned
from calibrify_core.persistence.scoping import scoped
from calibrify_core.persistence.types import Json

PENDING, DELIVERED, DEAD = "pending", "delivered", "dead"
TEST = "integration.test"
UNTOLD = "integration.untold"


class Delivery(Identified, OrganisationOwned, Base):
    """One event for one webhook. Its id is the ``webhook-id`` of every try.

    A delivery without an event is a test that somebody asked for (``TEST``), or stands for all
    events from its position on of which it could not be told whether the owner may see them
    (``UNTOLD``): it is not sent, but asked about again.
    """

    __tablename__ = "integration_delivery"
    __table_args__ = (
        sa.UniqueConstraint("webhook_id", "event_id"),
        sa.Index("ix_integration_delivery_log", "webhook_id", "id"),
        sa.Index("ix_integration_delivery_event", "event_id"),
        sa.Index(
            "ix_integration_delivery_due",
            "next_attempt_at",
            postgresql_where=sa.text("state = 'pending'"),
            sqlite_where=sa.text("state = 'pending'"),
        ),
        sa.Index(
            "ix_integration_delivery_order",
            "webhook_id",
            "subject_id",
            "position",
            postgresql_where=sa.text("state = 'pending'"),
            sqlite_where=sa.text("state = 'pending'"),
        ),
    )

    webhook_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("integration_webhook.id", ondelete="CASCADE")
    )
    event_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("integration_event.id"))
    # Of the event, so that what waits for what can be told without it.
    type: Mapped[str] = mapped_column(sa.String(100))
    subject_id: Mapped[uuid.UUID | None]
    position: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(12), default=PENDING)
    tries: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str] = mapped_column(sa.String(300), default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Attempt(Identified, OrganisationOwned, Base):
    """One try of a delivery: what was sent, and what came back."""

    __tablename__ = "integration_attempt"
    __table_args__ = (sa.Index("ix_integration_attempt_delivery", "delivery_id", "id"),)

    delivery_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("integration_delivery.id", ondelete="CASCADE")
    )
    at: Mapped[datetime]
    request_headers: Mapped[dict[str, str]] = mapped_column(Json)
    response_status: Mapped[int | None]
    response_body: Mapped[str] = mapped_column(sa.Text, default="")
    error: Mapped[str] = mapped_column(sa.String(300), default="")
    duration_ms: Mapped[int]


for _model in (Delivery, Attempt):
    scoped(_model)
