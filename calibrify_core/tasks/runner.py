"""Running rows of the outbox: claim, run, mark done; or try again later, or park."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from calibrify_core.hooks.declarations import Task, TaskContext
from calibrify_core.kernel.errors import CalibrifyError, Unavailable
from calibrify_core.observability.faults import FAULTS
from calibrify_core.observability.metrics import METRICS
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.tasks.job import Job
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.tasks.reporter import JobCancelled, JobReporter

log = structlog.get_logger()

# Worth another try: the world may be better then. Everything else fails at once, visibly.
TRANSIENT = (OperationalError, InterfaceError, ConnectionError, TimeoutError, Unavailable)
REST = timedelta(hours=1)
BACK_OFF = (1, 5, 30, 120, 600, 1800, 3600)


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that this process runs now, as a value."""

    id: uuid.UUID
    organisation_id: uuid.UUID | None
    user_id: uuid.UUID | None
    task: str
    payload: Mapping[str, Any]
    job_id: uuid.UUID | None
    tries: int
    checkpoint: dict[str, Any]


class Runner:
    """Runs outbox rows; the same in the embedded relay and in a worker.

    Args:
        new_session: makes a writing session.
        open_unit: opens a unit of work, as `Platform.unit` does.
        tasks: the declared tasks by name.
        runs: tells whether a task runs for an organisation, or the latter has switched its
            plugin off; None: always.
    """

    def __init__(
        self,
        new_session: Callable[[], Session],
        open_unit: Callable[..., Any],
        tasks: Mapping[str, Task],
        runs: Callable[[str, uuid.UUID], bool] | None = None,
    ) -> None:
        self._new_session = new_session
        self._open_unit = open_unit
        self._tasks = tasks
        self._runs = runs

    def drain(self, limit: int = 10_000) -> int:
        """Runs what is due until nothing is left; returns how many runs there were."""
        count = 0
        while count < limit and self.run_one():
            count += 1
        return count

    def run_one(self, row_id: uuid.UUID | None = None) -> bool:
        """Claims and runs one due row; tells whether there was one.

        Args:
            row_id: this very row; None: the one that waits longest.
        """
        claim = self._claim(row_id)
        if claim is None:
            return False
        with structlog.contextvars.bound_contextvars(task=claim.task, outbox_id=str(claim.id)):
            self._run(claim)
        return True

    def _claim(self, row_id: uuid.UUID | None) -> Claim | None:
        """Leases a row to this process, in a short transaction of its own."""
        now = datetime.now(UTC)
        statement = (
            sa.select(OutboxRow)
            .where(OutboxRow.state == "open", OutboxRow.not_before <= now)
            .where(sa.or_(OutboxRow.lease_until.is_(None), OutboxRow.lease_until < now))
            .order_by(OutboxRow.not_before, OutboxRow.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row_id is not None:
            statement = statement.where(OutboxRow.id == row_id)
        if not self._anything(statement):
            return None
        with self._new_session() as session, session.begin():
            row = session.scalars(statement).one_or_none()
            if row is None:
                return None
            task = self._tasks.get(row.task)
            row.tries += 1
            row.lease_until = now + timedelta(seconds=task.seconds if task else 60)
            job = self._job(session, row.job_id)
            return Claim(
                row.id,
                row.organisation_id,
                row.user_id,
                row.task,
                row.payload,
                row.job_id,
                row.tries,
                dict(job.checkpoint) if job else {},
            )

    def _anything(self, statement: sa.Select[Any]) -> bool:
        """Looks without the write lock first: an idle relay must not disturb writers."""
        with self._new_session() as session:
            if session.get_bind().dialect.name != "sqlite":
                return True
            session.connection(execution_options={"calibrify_reader": True})
            return session.execute(statement).first() is not None

    @staticmethod
    def _job(session: Session, job_id: uuid.UUID | None) -> Job | None:
        """Loads the job of a row."""
        if job_id is None:
            return None
        because = "the relay runs jobs of every organisation"
        statement = unscoped(sa.select(Job).where(Job.id == job_id), Job, because=because)
        return session.scalars(statement).one_or_none()

    def _run(self, claim: Claim) -> None:
        """Runs a claimed row and writes how it ended."""
        task = self._tasks.get(claim.task)
        if task is None:
            self._park(claim, f"No enabled plugin declares the task {claim.task}.")
            return
        owner = claim.organisation_id
        if owner is not None and self._runs is not None and not self._runs(claim.task, owner):
            self._rest(claim)
            return
        lease = timedelta(seconds=task.seconds)
        reporter = (
            JobReporter(claim.job_id, claim.id, lease, claim.checkpoint) if claim.job_id else None
        )
        began = time.perf_counter()
        outcome = "failed"
        try:
            self._start(reporter)
            unit = partial(
                self._open_unit,
                claim.organisation_id,
                user_id=claim.user_id,
                request_id=str(claim.job_id or claim.id),
            )
            task.run(TaskContext(str(claim.id), claim.payload, claim.tries, unit, reporter))
        except JobCancelled:
            outcome = "cancelled"
            self._finish(claim, reporter, "cancelled")
        except TRANSIENT as error:
            outcome = "retried"
            self._again(claim, task, error)
        except DBAPIError as error:
            if error.connection_invalidated:
                outcome = "retried"
                self._again(claim, task, error)
            else:
                self._fail(claim, error)
        except Exception as error:  # noqa: BLE001 - whatever a task raises ends this run alone
            self._fail(claim, error)
        else:
            outcome = "done"
            self._finish(claim, reporter, "succeeded")
        finally:
            METRICS.observe_task(claim.task, outcome, time.perf_counter() - began)

    def _start(self, reporter: JobReporter | None) -> None:
        """Says that the job runs, or that it was cancelled before it did."""
        if reporter is None:
            return
        with self._new_session() as session, session.begin():
            if reporter.cancelled(session):
                raise JobCancelled
            reporter.start(session)

    def _finish(self, claim: Claim, reporter: JobReporter | None, state: str) -> None:
        """Marks a row done, and its job with it."""
        with self._new_session() as session, session.begin():
            self._update(session, claim, state="done", done_at=datetime.now(UTC), error=None)
            if reporter is not None:
                reporter.finish(session, state)

    def _again(self, claim: Claim, task: Task, error: Exception) -> None:
        """Lets a row wait for its next try, or parks it after the last."""
        if claim.tries >= task.tries:
            self._fail(claim, error)
            return
        wait = BACK_OFF[min(claim.tries, len(BACK_OFF)) - 1]
        log.warning("task will be tried again", seconds=wait, error=str(error))
        with self._new_session() as session, session.begin():
            later = datetime.now(UTC) + timedelta(seconds=wait)
            self._update(
                session, claim, not_before=later, lease_until=None, error=str(error)[:2000]
            )

    def _rest(self, claim: Claim) -> None:
        """Lets a row wait while its organisation has switched the plugin off; no try is spent."""
        with self._new_session() as session, session.begin():
            self._update(
                session,
                claim,
                not_before=datetime.now(UTC) + REST,
                lease_until=None,
                tries=claim.tries - 1,
                error=f"The organisation has switched off the plugin of {claim.task}.",
            )

    def _fail(self, claim: Claim, error: Exception) -> None:
        """Parks a row that will not succeed, and says why."""
        FAULTS.note(claim.task.partition(".")[0], claim.task, error)
        expected = isinstance(error, CalibrifyError)
        log.error("task failed", error=str(error), exc_info=None if expected else error)
        detail = str(error) if expected else "An internal error; the log has the details."
        self._park(claim, detail)

    def _park(self, claim: Claim, detail: str) -> None:
        """Writes a row as parked and its job as failed."""
        with self._new_session() as session, session.begin():
            self._update(session, claim, state="parked", error=detail[:2000])
            if claim.job_id is not None:
                JobReporter(claim.job_id, claim.id, timedelta(0), {}).finish(
                    session, "failed", error=detail
                )

    @staticmethod
    def _update(session: Session, claim: Claim, **values: Any) -> None:
        """Updates the row of a claim."""
        session.execute(sa.update(OutboxRow).where(OutboxRow.id == claim.id).values(**values))
