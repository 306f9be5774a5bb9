"""The history of an instrument: its entries of the audit trail, newest first."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry
from calibrify_core.records.keyset import Page, run_list_of
from calibrify_core.records.listing import Kind, ListField, ListRequest, ListSpec
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.permissions import VIEW
from calibrify_equipment.services.equipment import find

TRAILS = "calibrify_equipment_trails"
MOST_RECORDS = 500
CUSTODY = frozenset({"holder_id", "held_at_id", "held_by", "held_since"})


def _kind(action: str, changes: dict[str, Any]) -> str:
    """Returns what an entry is about."""
    if action == "create":
        return "created"
    if action != "update":
        return "other"
    if "status" in changes:
        return "transition"
    return "custody" if CUSTODY & set(changes) else "changed"


def _shape(row: Any, _unit: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at,
        "kind": _kind(row.action, row.changes),
        "action": row.action,
        "actor": row.actor_name,
        "changes": row.changes,
        "reason": row.reason,
    }


HISTORY = ListSpec(
    model=Equipment,
    permission=VIEW,
    columns=(
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.action,
        AuditEntry.actor_name,
        AuditEntry.changes,
        AuditEntry.reason,
    ),
    # Who may see the instrument may see what became of it: the join carries the scope.
    source=sa.join(
        AuditEntry,
        Equipment,
        sa.and_(AuditEntry.object_type == "equipment", AuditEntry.object_id == Equipment.id),
    ),
    key=AuditEntry.id,
    fields={
        "equipment_id": ListField(
            "equipment_id", "Instrument", Kind.IDENTIFIER, AuditEntry.object_id
        ),
        "at": ListField(
            "at", "When", Kind.MOMENT, AuditEntry.at, orderable=True, order_column=AuditEntry.id
        ),
        "action": ListField("action", "Action", column=AuditEntry.action),
        "kind": ListField("kind", "Kind", Kind.OTHER, filterable=False),
        "actor": ListField("actor", "Who", column=AuditEntry.actor_name),
        "changes": ListField("changes", "Changes", Kind.OTHER, filterable=False),
        "reason": ListField("reason", "Reason", Kind.OTHER, filterable=False),
    },
    shape=_shape,
    default_ordering=("-at",),
    joined=(AuditEntry,),
)


def _concerns(values: Sequence[Any], unit: UnitOfWork) -> sa.ColumnElement[bool]:
    """Returns the condition of the entries about an instrument and about what belongs to it.

    The ids of the records are fetched first: with them at hand the database reads the entries
    from the index of their objects.
    """
    found = [_about(Equipment, values)]
    for trail in unit.platform.plugins.values(TRAILS):
        if unit.access.permits(trail.permission):
            statement = (
                sa.select(trail.model.id)
                .where(trail.model.equipment_id.in_(values))
                .order_by(trail.model.id.desc())
                .limit(MOST_RECORDS)
            )
            cut = unit.restrict(statement, trail.model, trail.permission)
            ids = unit.session.scalars(cut).all()
            found += [_about(trail.model, ids)] if ids else []
    return sa.and_(Equipment.id.in_(values), sa.or_(*found))


def _about(model: type[Any], ids: Sequence[uuid.UUID]) -> sa.ColumnElement[bool]:
    """Returns the condition of the entries about some objects of a class."""
    kind: str = model.__audit_type__
    return sa.and_(AuditEntry.object_type == kind, AuditEntry.object_id.in_(ids))


def _shape_of_any(row: Any, unit: Any) -> dict[str, Any]:
    return {**_shape(row, unit), "object_type": row.object_type, "label": row.label}


ACTIVITY = replace(
    HISTORY,
    columns=(*HISTORY.columns, AuditEntry.object_type, AuditEntry.label),
    source=sa.join(AuditEntry, Equipment, AuditEntry.organisation_id == Equipment.organisation_id),
    fields={
        **HISTORY.fields,
        "equipment_id": ListField("equipment_id", "Instrument", Kind.IDENTIFIER, matches=_concerns),
    },
    shape=_shape_of_any,
)
"""The same with the entries about records of other plugins that belong to the instrument."""


def activity(unit: UnitOfWork, equipment_id: uuid.UUID, request: ListRequest) -> Page:
    """Returns a page of what became of an instrument and of the records that belong to it.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    find(unit, equipment_id)
    return run_list_of(unit, ACTIVITY, "equipment_id", equipment_id, request)


def history(unit: UnitOfWork, equipment_id: uuid.UUID, request: ListRequest) -> Page:
    """Returns a page of what became of an instrument.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    find(unit, equipment_id)
    return run_list_of(unit, HISTORY, "equipment_id", equipment_id, request)
