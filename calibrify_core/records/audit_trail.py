"""The audit trail as a list: of one organisation, newest first.

It is readable with a permission for the whole organisation: entries of objects outside of a
narrower scope would tell what lies there.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry
from calibrify_core.audit.trail import plain
from calibrify_core.persistence.scoping import scoped, unscoped
from calibrify_core.records.listing import Kind, ListField, ListSpec

AUDIT_VIEW = "core.audit:view"

scoped(AuditEntry, lambda _: sa.false())


def _shape(row: Any, _: Any) -> dict[str, Any]:
    """Returns an entry as the API shows it; ``at_moment`` is for pages."""
    return {
        "id": str(row.id),
        "at": plain(row.at),
        "at_moment": row.at,
        "actor": {"kind": row.actor_kind, "id": plain(row.actor_id), "name": row.actor_name},
        "action": row.action,
        "object_type": row.object_type,
        "object_id": plain(row.object_id),
        "label": row.label,
        "changes": row.changes,
        "reason": row.reason,
        "request_id": row.request_id,
    }


def _search(word: str) -> sa.ColumnElement[bool]:
    """Looks for a word in what a person would remember."""
    return sa.or_(
        sa.func.lower(AuditEntry.label).contains(word, autoescape=True),
        sa.func.lower(AuditEntry.actor_name).contains(word, autoescape=True),
        AuditEntry.request_id == word,
    )


AUDIT_LIST = ListSpec(
    model=AuditEntry,
    permission=AUDIT_VIEW,
    columns=tuple(
        getattr(AuditEntry, name)
        for name in (
            "id",
            "at",
            "actor_kind",
            "actor_id",
            "actor_name",
            "action",
            "object_type",
            "object_id",
            "label",
            "changes",
            "reason",
            "request_id",
        )
    ),
    source=AuditEntry,
    key=AuditEntry.id,
    fields={
        field.name: field
        for field in (
            # Ids grow with time: ordering by them is ordering by moment, on the index.
            ListField(
                "at", "time", Kind.MOMENT, AuditEntry.at, orderable=True, order_column=AuditEntry.id
            ),
            ListField("action", "action", Kind.TEXT, AuditEntry.action),
            ListField("object_type", "object type", Kind.TEXT, AuditEntry.object_type),
            ListField("object_id", "object", Kind.IDENTIFIER, AuditEntry.object_id),
            ListField("actor_id", "person", Kind.IDENTIFIER, AuditEntry.actor_id),
            ListField("request_id", "request", Kind.TEXT, AuditEntry.request_id),
            ListField("label", "label", Kind.OTHER, filterable=False),
            ListField("actor", "author", Kind.OTHER, filterable=False),
            ListField("changes", "changes", Kind.OTHER, filterable=False),
            ListField("reason", "reason", Kind.OTHER, filterable=False),
        )
    },
    shape=_shape,
    default_ordering=("-at",),
    search=_search,
)


def runs_since(
    unit: Any, object_type: str, marks: Mapping[uuid.UUID, uuid.UUID]
) -> list[tuple[uuid.UUID, str | None]]:
    """Returns who has written into the trail about some objects since.

    Args:
        unit: the unit of work.
        object_type: as the trail calls their kind.
        marks: by id of an object, the id of an entry; those made after it are meant.

    Returns:
        Of each later entry the object and the request or run in which it was made.
    """
    if not marks:
        return []
    e = AuditEntry
    statement = sa.select(e.object_id, e.id, e.request_id).where(
        e.object_type == object_type,
        e.object_id.in_(marks),
        e.id > min(marks.values()),
        e.organisation_id == unit.organisation.id,
    )
    marked = unscoped(statement, e, because="it tells that something changed, and not what")
    return [
        (row.object_id, row.request_id)
        for row in unit.session.execute(marked)
        if row.id > marks[row.object_id]
    ]
