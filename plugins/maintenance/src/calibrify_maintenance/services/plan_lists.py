"""Lists of maintenance plans: for the API and the pages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from calibrify_core.records.listing import Kind, ListField, ListSpec
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.domain.recurrence import Anchor, next_turn
from calibrify_maintenance.models.plan import MaintenancePlan
from calibrify_maintenance.models.reach import CATEGORIES, INSTRUMENTS
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import PLAN_VIEW
from calibrify_maintenance.schemas.plan import PlanOut
from calibrify_maintenance.services.due_orders import done_of

PLAIN = tuple(name for name in PlanOut.model_fields if name not in {"target", "next_due_on"})
_ORDER: Any = WorkOrder.__table__


def _last(name: str) -> Any:
    """Returns a member of the last order of a plan of one instrument, as a column."""
    return (
        sa.select(_ORDER.c[name])
        .where(
            _ORDER.c.plan_id == MaintenancePlan.id,
            _ORDER.c.equipment_id == MaintenancePlan.equipment_id,
        )
        .order_by(_ORDER.c.created_at.desc(), _ORDER.c.id.desc())
        .limit(1)
        .correlate(MaintenancePlan)
        .scalar_subquery()
        .label(f"last_{name}")
    )


def shape(row: Any, unit: Any) -> dict[str, Any]:
    """Returns a row of the list as the API shows it."""
    shown = {name: getattr(row, name) for name in PLAIN}
    shown["target"] = {
        "id": row.equipment_id or row.category_id,
        "name": row.category_name or f"{row.instrument_tag} {row.instrument_name}",
    }
    shown["next_due_on"] = _next_due(row, unit) if row.rrule and row.active else None
    return shown


def _next_due(row: Any, unit: UnitOfWork) -> Any:
    """Returns the first turn that was not done; of a category, the next of the calendar."""
    begin, after = row.starts_on, None
    if row.equipment_id is None:
        if row.anchor == Anchor.COMPLETED:
            return None
        after = unit.today() if unit.today() > begin else None
    elif row.last_status is not None:
        last = SimpleNamespace(
            status=row.last_status,
            cycle=row.last_cycle,
            due_on=row.last_due_on,
            completed_date=row.last_completed_date,
        )
        done = done_of(last)
        if done.is_open:
            return row.last_due_on
        after = done.until
        begin = after if row.anchor == Anchor.COMPLETED and after is not None else begin
    return next_turn(row.rrule, begin, after, row.ends_on)


_FIELDS = (
    ListField("title", "Plan", column=MaintenancePlan.title, orderable=True),
    ListField(
        "type",
        "Type",
        Kind.CHOICE,
        MaintenancePlan.type,
        choices=("preventive", "inspection", "cleaning"),
    ),
    ListField("active", "Active", Kind.BOOLEAN, MaintenancePlan.active),
    ListField("equipment_id", "Instrument", Kind.IDENTIFIER, MaintenancePlan.equipment_id),
    ListField("category_id", "Category", Kind.IDENTIFIER, MaintenancePlan.category_id),
    ListField("meter_id", "Meter", Kind.IDENTIFIER, MaintenancePlan.meter_id),
    ListField("assigned_to_id", "Assigned to", Kind.IDENTIFIER, MaintenancePlan.assigned_to_id),
    ListField("created_at", "Set at", Kind.MOMENT, MaintenancePlan.created_at, orderable=True),
)


def _all_fields() -> dict[str, ListField]:
    """Returns the fields by name, with those that are only shown besides."""
    known = {item.name: item for item in _FIELDS}
    for name in PlanOut.model_fields:
        label = name.replace("_", " ").capitalize()
        known.setdefault(name, ListField(name, label, Kind.OTHER, filterable=False))
    return known


PLANS = ListSpec(
    model=MaintenancePlan,
    permission=PLAN_VIEW,
    columns=(
        *(getattr(MaintenancePlan, name) for name in PLAIN),
        INSTRUMENTS.c.asset_tag.label("instrument_tag"),
        INSTRUMENTS.c.name.label("instrument_name"),
        CATEGORIES.c.name.label("category_name"),
        *(_last(name) for name in ("status", "cycle", "due_on", "completed_date")),
    ),
    source=sa.join(
        MaintenancePlan,
        INSTRUMENTS,
        INSTRUMENTS.c.id == MaintenancePlan.equipment_id,
        isouter=True,
    ).join(CATEGORIES, CATEGORIES.c.id == MaintenancePlan.category_id, isouter=True),
    key=MaintenancePlan.id,
    fields=_all_fields(),
    shape=shape,
    default_ordering=("title",),
    search=lambda word: sa.func.lower(MaintenancePlan.title).contains(word, autoescape=True),
)
"""All plans, by title."""
