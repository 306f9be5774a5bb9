"""Progress of a job, written in the same transaction as the work that it reports."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.persistence.scoping import unscoped
from calibrify_core.tasks.job import Job
from calibrify_core.tasks.outbox import OutboxRow

BECAUSE = "a run writes the progress of its own job"


class JobReporter:
    """Reports one job's progress, and hears of its cancellation.

    Args:
        job_id: the job.
        outbox_id: the outbox row that runs it; its lease is renewed with each report.
        lease: how long the lease is renewed for.
        checkpoint: where an earlier run of the same job stopped.
    """

    def __init__(
        self, job_id: uuid.UUID, outbox_id: uuid.UUID, lease: timedelta, checkpoint: dict[str, Any]
    ) -> None:
        self.id = job_id
        self.checkpoint: Mapping[str, Any] = checkpoint
        self._outbox_id = outbox_id
        self._lease = lease

    def report(
        self,
        session: Session,
        *,
        done: int,
        total: int | None = None,
        message: str = "",
        checkpoint: Mapping[str, Any] | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes progress with the batch that made it; both commit or neither does.

        Args:
            session: the session of the batch.
            done: units of work finished, rows for an import.
            total: all there are, if it is known.
            message: one line for the person who waits.
            checkpoint: where to go on after a crash.
            result: the result as far as it goes.
        """
        values: dict[str, Any] = {"done": done, "message": message[:300]}
        if total is not None:
            values["total"] = total
        if checkpoint is not None:
            values["checkpoint"] = dict(checkpoint)
            self.checkpoint = dict(checkpoint)
        if result is not None:
            values["result"] = dict(result)
        self._update(session, values)
        session.execute(
            sa.update(OutboxRow)
            .where(OutboxRow.id == self._outbox_id)
            .values(lease_until=datetime.now(UTC) + self._lease)
        )

    def cancelled(self, session: Session) -> bool:
        """Tells whether somebody asked to cancel the job."""
        statement = unscoped(
            sa.select(Job.cancel_requested).where(Job.id == self.id), Job, because=BECAUSE
        )
        return bool(session.execute(statement).scalar_one())

    def watch(self, opened: Callable[[], AbstractContextManager[Session]]) -> Callable[[], bool]:
        """Returns what work asks between its batches: whether it is cancelled by now.

        Args:
            opened: opens a session that only reads, beside the one that the work writes in.
        """

        def ask() -> bool:
            with opened() as session:
                return self.cancelled(session)

        return ask

    def finish(self, session: Session, state: str, *, error: str | None = None) -> None:
        """Writes the end of the job: succeeded, failed or cancelled."""
        values: dict[str, Any] = {"state": state, "finished_at": datetime.now(UTC)}
        if error:
            values["errors"] = [{"detail": error}]
        self._update(session, values)

    def start(self, session: Session) -> None:
        """Writes that the job runs."""
        self._update(session, {"state": "running", "started_at": datetime.now(UTC)})

    def _update(self, session: Session, values: dict[str, Any]) -> None:
        """Updates the job's row."""
        statement = sa.update(Job).where(Job.id == self.id).values(**values)
        session.execute(unscoped(statement, Job, because=BECAUSE))


class JobCancelled(Exception):
    """Raised by a task between two batches once cancellation was asked for."""
