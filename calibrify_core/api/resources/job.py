"""Background jobs of who asks: how far they are, what came of them, and cancelling them."""

from typing import Any, Literal

from calibrify_core.api.request import Request
from calibrify_core.api.types import Identifier, Moment, Shape
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.records.jobs import cancel_job, find_job, job_list, shape_job


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
        "jobs",
        path="jobs/",
        listing=job_list(SIGNED_IN),
        out=JobShape,
        summary="Lists one's own jobs.",
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
