"""What one should hear of: the background work that one asked for and that has ended."""

from typing import Any

from calibrify_core.api.types import Identifier, Moment, Shape
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.records.jobs import are_own
from calibrify_core.records.listing import Kind, ListField, ListSpec
from calibrify_core.tasks.job import FINISHED, Job

ENDINGS = {"succeeded": "is done", "failed": "has failed", "cancelled": "was cancelled"}


class NotificationShape(Shape):
    """A message to who asks; ``api`` is the address of what it is about."""

    id: Identifier
    kind: str
    title: str
    detail: str
    api: str
    created_at: Moment


def shape(row: Any, _unit: Any) -> dict[str, Any]:
    """Returns the message that a job has ended."""
    work = row.kind.rpartition(".")[2].replace("_", " ")
    return {
        "id": row.id,
        "kind": f"job_{row.state}",
        "title": f"{work.capitalize()} {ENDINGS[row.state]}",
        "detail": row.message,
        "api": f"/api/v1/jobs/{row.id}/",
        "created_at": row.finished_at,
    }


NOTIFICATIONS = ListSpec(
    model=Job,
    permission=SIGNED_IN,
    columns=(Job.id, Job.kind, Job.state, Job.message, Job.finished_at),
    source=Job,
    key=Job.id,
    fields={
        "created_at": ListField(
            "created_at",
            "Told",
            Kind.MOMENT,
            Job.finished_at,
            orderable=True,
            order_column=Job.id,
        )
    },
    shape=shape,
    default_ordering=("-created_at",),
    where=lambda unit: [*are_own(unit), Job.state.in_(FINISHED)],
)


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_api_list(
        "notifications",
        path="notifications/",
        listing=NOTIFICATIONS,
        out=NotificationShape,
        summary="Lists what one should hear of, newest first.",
    )
