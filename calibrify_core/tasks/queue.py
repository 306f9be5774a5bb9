"""Enqueuing: rows of the outbox and of jobs, in the caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.kernel.ids import new_id
from calibrify_core.tasks.job import Job
from calibrify_core.tasks.outbox import OutboxRow

ENQUEUED = "calibrify_enqueued"
"""Key of a session's ``info``: its transaction put something into the outbox."""


def enqueue(
    session: Session,
    task: str,
    payload: Mapping[str, Any],
    *,
    organisation_id: uuid.UUID | None,
    user_id: uuid.UUID | None,
    not_before: datetime | None = None,
    job_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Inserts a row into the outbox and returns its id.

    Args:
        session: the writing session of the change that causes the task.
        task: the task's name.
        payload: JSON values that the task is handed.
        organisation_id: for whom it runs.
        user_id: with whose present rights; None: as the system.
        not_before: the earliest moment; None: at once.
        job_id: the job whose progress it reports.
    """
    now = datetime.now(UTC)
    row = {
        "id": new_id(),
        "organisation_id": organisation_id,
        "user_id": user_id,
        "task": task,
        "payload": dict(payload),
        "job_id": job_id,
        "state": "open",
        "not_before": not_before or now,
        "tries": 0,
        "created_at": now,
    }
    session.execute(sa.insert(OutboxRow.__table__), row)  # type: ignore[arg-type]
    session.info[ENQUEUED] = True
    identifier = row["id"]
    assert isinstance(identifier, uuid.UUID)  # noqa: S101 - narrows the type
    return identifier


def start_job(
    session: Session,
    kind: str,
    payload: Mapping[str, Any],
    *,
    organisation_id: uuid.UUID,
    user_id: uuid.UUID | None,
) -> Job:
    """Inserts a job and the outbox row that runs it."""
    job = Job(
        id=new_id(),
        organisation_id=organisation_id,
        user_id=user_id,
        kind=kind,
        payload=dict(payload),
        created_at=datetime.now(UTC),
    )
    session.add(job)
    session.flush()
    enqueue(session, kind, payload, organisation_id=organisation_id, user_id=user_id, job_id=job.id)
    return job
