"""The lists of parts, of movements of the stock, of meters and of readings."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from calibrify_core.records.keyset import Page, find_row, run_list_of
from calibrify_core.records.listing import Kind, ListField, ListRequest, ListSpec
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.domain.stock import MOVEMENTS
from calibrify_maintenance.domain.work_order import OPEN
from calibrify_maintenance.models.meter import Meter, MeterReading
from calibrify_maintenance.models.part import Part, PartMovement
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import CHANGE, METER_VIEW, PART_VIEW, VIEW
from calibrify_maintenance.services import meters, parts

MOST_ORDERS = 200
SHORT = sa.and_(Part.active.is_(True), Part.stock < Part.minimum)
"""Active, and less there than there should be."""


def _below_minimum(values: Sequence[bool], _unit: Any) -> sa.ColumnElement[bool]:
    """Returns the condition of the filter `below_minimum`."""
    return sa.or_(*(SHORT if value else sa.not_(SHORT) for value in values))


def _shown(names: Iterable[str]) -> tuple[ListField, ...]:
    """Returns fields that are shown, and no filters."""
    return tuple(
        ListField(name, name.replace("_", " ").capitalize(), Kind.OTHER, filterable=False)
        for name in names
    )


def _named(fields: Iterable[ListField]) -> dict[str, ListField]:
    """Returns fields by their names."""
    return {field.name: field for field in fields}


def _search_part(word: str) -> sa.ColumnElement[bool]:
    """Returns the condition of one word: in number, name or place."""
    columns = (Part.number, Part.name, Part.location)
    return sa.or_(*(sa.func.lower(column).contains(word, autoescape=True) for column in columns))


def _plain(names: Sequence[str]) -> Callable[[Any, Any], dict[str, Any]]:
    """Returns a shape that shows the first columns as they are stored."""
    return lambda row, _unit: dict(zip(names, row, strict=False))


_PART = ("id", "number", "name", "unit", "stock", "minimum", "below_minimum", "price", "location",
         "notes", "active", "created_at", "updated_at")  # fmt: skip
PARTS = ListSpec(
    model=Part,
    permission=PART_VIEW,
    columns=(
        *(SHORT.label(name) if name == "below_minimum" else getattr(Part, name) for name in _PART),
        Part.version,
    ),
    source=Part.__mapper__,
    key=Part.id,
    fields=_named(
        (
            ListField("number", "Number", column=Part.number, orderable=True),
            ListField("name", "Name", column=Part.name, orderable=True),
            ListField("active", "Active", Kind.BOOLEAN, Part.active),
            ListField("below_minimum", "Below minimum", Kind.BOOLEAN, matches=_below_minimum),
            ListField("location", "Place", column=Part.location, orderable=True),
            ListField("created_at", "Created at", Kind.MOMENT, Part.created_at, orderable=True),
            ListField("updated_at", "Updated at", Kind.MOMENT, Part.updated_at, orderable=True),
            *_shown(("unit", "stock", "minimum", "price", "notes")),
        )
    ),
    shape=_plain(_PART),
    default_ordering=("number",),
    search=_search_part,
)
"""Parts, by number."""

_METER = ("id", "equipment_id", "name", "unit", "active", "latest_value", "latest_total",
          "latest_at", "created_at", "updated_at")  # fmt: skip
METERS = ListSpec(
    model=Meter,
    permission=METER_VIEW,
    columns=(*(getattr(Meter, name) for name in _METER), Meter.version),
    source=Meter.__mapper__,
    key=Meter.id,
    fields=_named(
        (
            ListField("equipment_id", "Instrument", Kind.IDENTIFIER, Meter.equipment_id),
            ListField("name", "Name", column=Meter.name, orderable=True),
            ListField("active", "Active", Kind.BOOLEAN, Meter.active),
            ListField("created_at", "Created at", Kind.MOMENT, Meter.created_at, orderable=True),
            ListField("updated_at", "Updated at", Kind.MOMENT, Meter.updated_at, orderable=True),
            *_shown(("unit", "latest_value", "latest_total", "latest_at")),
        )
    ),
    shape=_plain(_METER),
    default_ordering=("name",),
    search=lambda word: sa.func.lower(Meter.name).contains(word, autoescape=True),
)
"""Meters, by name."""

_READING = ("id", "meter_id", "equipment_id", "read_at", "value", "total", "is_reset", "reason",
            "entered_by")  # fmt: skip
READINGS = ListSpec(
    model=MeterReading,
    permission=METER_VIEW,
    columns=tuple(getattr(MeterReading, name) for name in _READING),
    source=MeterReading.__mapper__,
    key=MeterReading.id,
    fields=_named(
        (
            ListField("meter_id", "Meter", Kind.IDENTIFIER, MeterReading.meter_id),
            ListField("read_at", "Read at", Kind.MOMENT, MeterReading.read_at, orderable=True),
            ListField("is_reset", "Set back", Kind.BOOLEAN, MeterReading.is_reset),
            *_shown(("equipment_id", "value", "total", "reason", "entered_by")),
        )
    ),
    shape=_plain(_READING),
    default_ordering=("-read_at",),
    served=(frozenset({"meter_id"}),),
)
"""Readings of a meter, newest first."""

_m = PartMovement
_MOVEMENT = ("id", "part_id", "kind", "change", "stock_after", "unit_price", "order_id", "reason",
             "at", "moved_by")  # fmt: skip


def _movement(row: Any, _unit: Any) -> dict[str, Any]:
    """Returns a movement; the number of its order is looked up for a page at once."""
    return {**dict(zip(_MOVEMENT, row, strict=False)), "order_number": None}


MOVED = ListSpec(
    model=PartMovement,
    permission=PART_VIEW,
    columns=tuple(getattr(_m, name) for name in _MOVEMENT),
    source=PartMovement.__mapper__,
    key=_m.id,
    fields=_named(
        (
            ListField("part_id", "Part", Kind.IDENTIFIER, _m.part_id),
            ListField("at", "At", Kind.MOMENT, _m.at, orderable=True),
            ListField("kind", "Kind", Kind.CHOICE, _m.kind, choices=MOVEMENTS),
            *_shown(
                (
                    "change",
                    "stock_after",
                    "unit_price",
                    "order_id",
                    "order_number",
                    "reason",
                    "moved_by",
                )
            ),
        )
    ),
    shape=_movement,
    default_ordering=("-at",),
)
"""Movements of the stock, newest first."""


def page_of_movements(unit: UnitOfWork, part_id: uuid.UUID, request: ListRequest) -> Page:
    """Returns a page of the movements of a part; orders out of sight are not named.

    Raises:
        NotFound: there is no such part.
    """
    parts.find(unit, part_id)
    if request.fields is not None and "order_number" in request.fields:
        request = replace(request, fields=(*request.fields, "order_id"))
    page = run_list_of(unit, MOVED, "part_id", part_id, request)
    named = _numbers(unit, {row["order_id"] for row in page.rows if row.get("order_id")})
    for row in page.rows:
        if "order_id" in row and row["order_id"] not in named:
            row["order_id"] = None
        if "order_number" in row:
            row["order_number"] = named.get(row.get("order_id"))
    return page


def _numbers(unit: UnitOfWork, ids: set[uuid.UUID]) -> dict[Any, str]:
    """Returns the numbers of those orders that the author may see."""
    if not ids or not unit.access.permits(VIEW):
        return {}
    statement = sa.select(WorkOrder.id, WorkOrder.number).where(WorkOrder.id.in_(ids))
    rows = unit.session.execute(unit.restrict(statement, WorkOrder, VIEW))
    return {row.id: row.number for row in rows}


def page_of_readings(unit: UnitOfWork, meter_id: uuid.UUID, request: ListRequest) -> Page:
    """Returns a page of the readings of a meter.

    Raises:
        NotFound: there is no such meter within the scope.
    """
    meters.find(unit, meter_id)
    return run_list_of(unit, READINGS, "meter_id", meter_id, request)


def read_one(unit: UnitOfWork, spec: ListSpec, identifier: uuid.UUID) -> tuple[dict[str, Any], int]:
    """Returns one record as its list shows it, and its version.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    row = find_row(unit, spec, identifier)
    return spec.shape(row, unit), row.version


def count_short(unit: UnitOfWork) -> int:
    """Returns how many parts are below their minimum."""
    statement = sa.select(sa.func.count()).where(SHORT)
    return int(unit.session.execute(unit.restrict(statement, Part, PART_VIEW)).scalar_one())


def short_parts(unit: UnitOfWork, most: int) -> list[Any]:
    """Returns parts below their minimum, by number: ``id, number, name, unit, stock, minimum``."""
    statement = (
        sa.select(Part.id, Part.number, Part.name, Part.unit, Part.stock, Part.minimum)
        .where(SHORT)
        .order_by(Part.number)
        .limit(most)
    )
    return list(unit.session.execute(unit.restrict(statement, Part, PART_VIEW)))


def open_orders(unit: UnitOfWork) -> list[tuple[uuid.UUID, str]]:
    """Returns (id, number and title) of the open orders that parts can be issued to."""
    statement = (
        sa.select(WorkOrder.id, WorkOrder.number, WorkOrder.title)
        .where(WorkOrder.status.in_([str(status) for status in OPEN]))
        .order_by(WorkOrder.number.desc())
        .limit(MOST_ORDERS)
    )
    rows = unit.session.execute(unit.restrict(statement, WorkOrder, CHANGE))
    return [(row.id, f"{row.number} {row.title}") for row in rows]
