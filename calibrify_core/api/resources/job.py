"""Background jobs of who asks: how far they are, what came of them, and cancelling them."""

from typing import Any, Literal

from calibrify_core.api.request import Request
from calibrify_core.api.types import Identifier, Moment, Shape
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.records.jobs import are_own, cancel_job, find_job, shape_job
from calibrify_core.records.listing import Kind, ListField, ListSpec
from calibrify_core.tasks.job import Job

STATES = ("queued", "running", "succeeded", "failed", "cancelled")
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


class ProgressShape(Shape):
    """How far a job is; the total is null while it is not known."""

    done: int
    total: int | None
    message: str


class JobShape(Shape):
    """Long work in the background."""

    id: Identifier
    kind: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: ProgressShape
    result: dict[str, Any] | None
    errors: list[Any]
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


JOBS = ListSpec(
    model=Job,
    permission=SIGNED_IN,
    columns=tuple(getattr(Job, name) for name in COLUMNS),
    source=Job,
    key=Job.id,
    fields={
        field.name: field
        for field in (
            ListField("kind", "Kind", Kind.TEXT, Job.kind),
            ListField("state", "State", Kind.CHOICE, Job.state, choices=STATES),
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


def read(request: Request) -> dict[str, Any]:
    """Shows one job."""
    return shape_job(find_job(request.unit, request.matchdict["id"]))


def cancel(request: Request) -> None:
    """Asks a job to stop."""
    cancel_job(request.unit, request.matchdict["id"])


def includeme(config: Any) -> None:
    """Adds the resource."""
    one = "jobs/{id:uuid}/"
    config.add_api_list(
        "jobs", path="jobs/", listing=JOBS, out=JobShape, summary="Lists one's own jobs."
    )
    config.add_api_view(
        read,
        "jobs",
        "read",
        path=one,
        permission=SIGNED_IN,
        out=JobShape,
        summary="Shows a job: its state, progress and result.",
    )
    config.add_api_view(
        cancel,
        "jobs",
        "cancel",
        path=one,
        method="DELETE",
        status=204,
        permission=SIGNED_IN,
        summary="Cancels a job; what it has finished stays.",
    )
