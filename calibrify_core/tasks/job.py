"""Jobs: long work that a person can watch and cancel."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.persistence.base import Base, Identified
from calibrify_core.persistence.scoping import scoped
from calibrify_core.persistence.types import Json

FINISHED = ("succeeded", "failed", "cancelled")


class Job(Identified, Base):
    """The visible side of a background task: state, progress, result."""

    __tablename__ = "core_job"
    __table_args__ = (sa.Index("ix_core_job_user", "organisation_id", "user_id", "id"),)

    organisation_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("core_organisation.id"))
    user_id: Mapped[uuid.UUID | None]
    kind: Mapped[str] = mapped_column(sa.String(64))
    state: Mapped[str] = mapped_column(sa.String(16), default="queued")
    done: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    total: Mapped[int | None] = mapped_column(sa.BigInteger)
    message: Mapped[str] = mapped_column(sa.String(300), default="")
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    errors: Mapped[list[Any]] = mapped_column(Json, default=list)
    # Where the work stands, so that it goes on after a crash and does not start again.
    checkpoint: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    @property
    def finished(self) -> bool:
        """Whether it has come to an end, good or bad."""
        return self.state in FINISHED


scoped(Job)
