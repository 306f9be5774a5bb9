"""Lists of work orders: for the API, the pages and the search."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from calibrify_core.hooks.declarations import SearchHit
from calibrify_core.records.keyset import Page, run_list, run_list_of
from calibrify_core.records.listing import Kind, ListField, ListRequest, ListSpec, read_request
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import EquipmentFacts, find_equipment
from calibrify_maintenance.domain.stock import total_cost
from calibrify_maintenance.domain.work_order import OPEN, Priority, Status, Type, is_open
from calibrify_maintenance.models.reach import INSTRUMENTS
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import VIEW
from calibrify_maintenance.schemas.work_order import WorkOrderOut

DERIVED = frozenset({"equipment", "overdue", "total_cost"})
PLAIN = tuple(name for name in WorkOrderOut.model_fields if name not in DERIVED)
"""Members that are shown as they are stored."""


def shape(row: Any, unit: Any, instrument: EquipmentFacts | None = None) -> dict[str, Any]:
    """Returns a work order as the API shows it.

    Args:
        row: a row of the list, or a `WorkOrder`.
        unit: the unit of work; its day says what is overdue.
        instrument: its instrument, where the row does not name it.
    """
    shown = {name: getattr(row, name) for name in PLAIN}
    shown["equipment"] = {
        "id": row.equipment_id,
        "asset_tag": instrument.asset_tag if instrument else row.instrument_tag,
        "name": instrument.name if instrument else row.instrument_name,
    }
    shown["total_cost"] = total_cost(row.cost, row.parts)
    late = row.due_on is not None and row.due_on < unit.today()
    shown["overdue"] = late and is_open(row.status)
    return shown


def _overdue(values: Sequence[Any], unit: Any) -> sa.ColumnElement[bool]:
    """Returns the condition that a work order is late, or that it is not."""
    late = sa.and_(
        WorkOrder.status.in_(OPEN),
        WorkOrder.due_on.is_not(None),
        WorkOrder.due_on < unit.today(),
    )
    wanted = set(values)
    if wanted == {True, False}:
        return sa.true()
    return late if True in wanted else sa.not_(late)


def _choice(name: str, label: str, kind: type[Any]) -> ListField:
    """Returns the filter of a word of a few."""
    choices = tuple(str(value) for value in kind)
    return ListField(name, label, Kind.CHOICE, getattr(WorkOrder, name), choices=choices)


_FIELDS = (
    ListField("number", "Number", column=WorkOrder.number, orderable=True),
    _choice("status", "State", Status),
    _choice("type", "Type", Type),
    _choice("priority", "Priority", Priority),
    ListField("overdue", "Overdue", Kind.BOOLEAN, matches=_overdue),
    ListField("equipment_id", "Instrument", Kind.IDENTIFIER, WorkOrder.equipment_id),
    ListField("plan_id", "Plan", Kind.IDENTIFIER, WorkOrder.plan_id),
    ListField("assigned_to_id", "Assigned to", Kind.IDENTIFIER, WorkOrder.assigned_to_id),
    ListField("assigned_group_id", "Group", Kind.IDENTIFIER, WorkOrder.assigned_group_id),
    ListField("requested_by_id", "Asked for by", Kind.IDENTIFIER, WorkOrder.requested_by_id),
    ListField(
        "affects_calibration", "Affects calibration", Kind.BOOLEAN, WorkOrder.affects_calibration
    ),
    ListField("due_on", "Due on", Kind.DATE, WorkOrder.due_on, orderable=True, nullable=True),
    ListField(
        "scheduled_date",
        "Planned for",
        Kind.DATE,
        WorkOrder.scheduled_date,
        orderable=True,
        nullable=True,
    ),
    ListField(
        "completed_date",
        "Completed on",
        Kind.DATE,
        WorkOrder.completed_date,
        orderable=True,
        nullable=True,
    ),
    ListField("created_at", "Opened at", Kind.MOMENT, WorkOrder.created_at, orderable=True),
    ListField("updated_at", "Changed at", Kind.MOMENT, WorkOrder.updated_at),
)


def _all_fields() -> dict[str, ListField]:
    """Returns the fields by name, with those that are only shown besides."""
    known = {item.name: item for item in _FIELDS}
    for name in WorkOrderOut.model_fields:
        label = name.replace("_", " ").capitalize()
        known.setdefault(name, ListField(name, label, Kind.OTHER, filterable=False))
    return known


WORK_ORDERS = ListSpec(
    model=WorkOrder,
    permission=VIEW,
    columns=(
        *(getattr(WorkOrder, name) for name in PLAIN),
        INSTRUMENTS.c.asset_tag.label("instrument_tag"),
        INSTRUMENTS.c.name.label("instrument_name"),
    ),
    source=sa.join(WorkOrder, INSTRUMENTS, INSTRUMENTS.c.id == WorkOrder.equipment_id),
    key=WorkOrder.id,
    fields=_all_fields(),
    shape=shape,
    default_ordering=("-created_at",),
    search=lambda word: sa.func.lower(
        WorkOrder.number
        + " "
        + WorkOrder.title
        + " "
        + INSTRUMENTS.c.asset_tag
        + " "
        + INSTRUMENTS.c.name
    ).contains(word, autoescape=True),
)
"""All work orders, newest first."""


def page_of_instrument(unit: UnitOfWork, equipment_id: uuid.UUID, request: ListRequest) -> Page:
    """Returns the work orders of one instrument.

    Raises:
        NotFound: the instrument does not exist, or lies outside of the scope.
    """
    page = run_list_of(unit, WORK_ORDERS, "equipment_id", equipment_id, request)
    if not page.rows:
        find_equipment(unit, equipment_id, VIEW)
    return page


def find_hits(unit: UnitOfWork, words: str, limit: int) -> list[SearchHit]:
    """Returns work orders with all words in number, title, or tag and name of the instrument."""
    asked = read_request(WORK_ORDERS, [("q", words), ("limit", str(limit))], lenient=True)
    return [
        SearchHit(
            kind="work_order",
            title=f"{row['number']} {row['title']}",
            subtitle=f"{row['equipment']['asset_tag']} {row['equipment']['name']}",
            href=f"/maintenance/orders/{row['id']}",
            icon="wrench",
            api=f"/api/v1/maintenance/{row['id']}/",
        )
        for row in run_list(unit, WORK_ORDERS, asked).rows
    ]
