"""The transactional outbox: background work is first a row beside the change that caused it."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.persistence.base import Base, Identified
from calibrify_core.persistence.types import Json


class OutboxRow(Identified, Base):
    """One task to run, at least once; its id is the key by which the run is idempotent."""

    __tablename__ = "core_outbox"
    __table_args__ = (
        sa.Index(
            "ix_core_outbox_open",
            "not_before",
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        ),
    )

    organisation_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_organisation.id"))
    user_id: Mapped[uuid.UUID | None]
    task: Mapped[str] = mapped_column(sa.String(100))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    job_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_job.id"))
    # open: to be run (or running, while leased) · done · parked: given up, for a person to see
    state: Mapped[str] = mapped_column(sa.String(8), default="open")
    not_before: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class ScheduleSlot(Base):
    """A slot of a schedule that was already used: whoever inserts it starts the task."""

    __tablename__ = "core_schedule_slot"

    task: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    slot: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
