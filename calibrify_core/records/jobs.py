"""Jobs of a person: listing, finding and cancelling them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from calibrify_core.kernel.errors import NotFound
from calibrify_core.persistence.scoping import Scope, restrict
from calibrify_core.records.listing import Kind, ListField, ListSpec
from calibrify_core.tasks.job import Job

JOB_STATES = ("queued", "running", "succeeded", "failed", "cancelled")
COLUMNS = (
    "id",
    "kind",
    "state",
    "done",
    "total",
    "message",
    "result",
    "errors",
    "created_at",
    "started_at",
    "finished_at",
)


def own_jobs(unit: Any) -> sa.Select[Job]:
    """Returns a select of the jobs of who asks: they are nobody else's business."""
    scope = Scope(unit.organisation.id, everything=True)
    return restrict(sa.select(Job), Job, scope).where(*are_own(unit))


def are_own(unit: Any) -> list[sa.ColumnElement[bool]]:
    """Returns when a job belongs to who asks; for an API token, of work that it may start too."""
    own = [Job.user_id == unit.actor.user_id]
    access = unit.access
    if access.only is not None:
        tasks = unit.platform.plugins.named("calibrify_tasks")
        kinds = [n for n, task in tasks.items() if task.permission in access.permissions]
        own.append(Job.kind.in_(kinds))
    return own


def find_job(unit: Any, job_id: uuid.UUID) -> Job:
    """Returns a job of who asks.

    Raises:
        NotFound: it does not exist, or belongs to somebody else.
    """
    found = unit.session.scalars(own_jobs(unit).where(Job.id == job_id)).one_or_none()
    if found is None:
        raise NotFound("This job does not exist.")
    job: Job = found
    return job


def cancel_job(unit: Any, job_id: uuid.UUID) -> Job:
    """Asks a job to stop; one that has not begun is cancelled at once.

    Raises:
        NotFound: it does not exist, or belongs to somebody else.
    """
    job = find_job(unit, job_id)
    if not job.finished:
        job.cancel_requested = True
        if job.state == "queued":
            job.state = "cancelled"
            job.finished_at = datetime.now(UTC)
    return job


def shape_job(job: Job) -> dict[str, Any]:
    """Returns a job as the API shows it."""
    return {
        "id": str(job.id),
        "kind": job.kind,
        "state": job.state,
        "progress": {"done": job.done, "total": job.total, "message": job.message},
        "result": job.result,
        "errors": job.errors,
        "created_at": _moment(job.created_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
    }


def _moment(value: datetime | None) -> str | None:
    """Returns a moment as RFC 3339, in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def job_list(permission: str) -> ListSpec:
    """Returns the list of the jobs of who asks, newest first.

    Args:
        permission: that everybody has who may have jobs.
    """
    return ListSpec(
        model=Job,
        permission=permission,
        columns=tuple(getattr(Job, name) for name in COLUMNS),
        source=Job,
        key=Job.id,
        fields={
            field.name: field
            for field in (
                ListField("kind", "Kind", Kind.TEXT, Job.kind),
                ListField("state", "State", Kind.CHOICE, Job.state, choices=JOB_STATES),
                # Ids grow with time, and the index of one's jobs ends with them.
                ListField(
                    "created_at",
                    "Asked for",
                    Kind.MOMENT,
                    Job.created_at,
                    orderable=True,
                    order_column=Job.id,
                ),
                ListField("progress", "Progress", Kind.OTHER, filterable=False),
                ListField("result", "Result", Kind.OTHER, filterable=False),
            )
        },
        shape=lambda row, _: shape_job(row),
        default_ordering=("-created_at",),
        where=are_own,
    )
