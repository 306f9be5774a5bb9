"""The audit trail: who did what when, old and new values, and whether it is whole."""

from dataclasses import replace
from typing import Any

from calibrify_core.api.reply import Reply
from calibrify_core.api.request import Request
from calibrify_core.api.types import Identifier, Moment, Shape
from calibrify_core.audit.seal import verify
from calibrify_core.records.audit_trail import AUDIT_LIST, AUDIT_VIEW


class AuthorShape(Shape):
    """Who did it."""

    kind: str
    id: Identifier | None
    name: str


class AuditEntryShape(Shape):
    """One entry of the trail."""

    id: Identifier
    at: Moment
    actor: AuthorShape
    action: str
    object_type: str
    object_id: Identifier | None
    label: str
    changes: dict[str, Any]
    reason: str | None
    request_id: str | None


class VerdictShape(Shape):
    """What a check of the seal found."""

    intact: bool
    entries: int
    sealed: int
    head: str
    broken: str | None
    entry_id: str | None


def _shape(row: Any, unit: Any) -> dict[str, Any]:
    """Returns an entry without what only pages need."""
    shown = AUDIT_LIST.shape(row, unit)
    shown.pop("at_moment", None)
    return shown


def check(request: Request) -> Reply:
    """Checks every entry and every link of the chain."""
    request.unit.access.require_everywhere(AUDIT_VIEW)
    platform = request.platform
    verdict = verify(platform.database, platform.keys.audit)
    return Reply(
        {
            "intact": verdict.intact,
            "entries": verdict.entries,
            "sealed": verdict.sealed,
            "head": verdict.head,
            "broken": verdict.broken,
            "entry_id": verdict.entry_id,
        }
    )


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_api_list(
        "audit",
        path="audit/",
        listing=replace(AUDIT_LIST, shape=_shape),
        out=AuditEntryShape,
        summary="Lists the audit trail, newest first.",
    )
    config.add_api_view(
        check,
        "audit",
        "verify",
        path="audit/verify/",
        method="GET",
        permission=AUDIT_VIEW,
        out=VerdictShape,
        summary="Checks the seal of the whole trail.",
    )
