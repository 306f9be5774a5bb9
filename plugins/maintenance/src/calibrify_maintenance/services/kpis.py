"""The figures of maintenance, from the work orders within the scope of who asks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from calibrify_core.kernel.errors import Invalid
from calibrify_core.records.listing import ListRequest
from calibrify_core.records.selects import filtered
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import equipment_by_id, list_of_equipment
from calibrify_maintenance.domain.kpis import (
    Compliance,
    Outage,
    Planned,
    Reliability,
    Window,
    compliance,
    reliability,
    shown_hours,
)
from calibrify_maintenance.domain.work_order import BEGUN, OPEN
from calibrify_maintenance.models.reach import CATEGORIES
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import KPI_VIEW

POPULATION = ("in_service", "in_calibration", "in_maintenance", "quarantined", "out_of_service")
DEFAULT_DAYS = 365
MOST_DAYS = 3_660
MOST_CATEGORIES = 500
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figures are asked for.

    Attributes:
        first: the first day.
        last: the last day.
        equipment_id: of this instrument only.
        category_id: of this category, and those below it, only.
    """

    first: date
    last: date
    equipment_id: uuid.UUID | None = None
    category_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """Work that is waiting.

    Attributes:
        count: how many orders are open.
        minutes: how long they will take, as similar orders did.
        unestimated: how many of them have no like.
    """

    count: int
    minutes: Decimal
    unestimated: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of some days.

    Attributes:
        asked: the days, and which instruments.
        whole: of all days.
        compliance: of planned work.
        backlog: at the end of the days.
        months: (month as ``2026-03``, figures) in order.
    """

    asked: Asked
    whole: Reliability
    compliance: Compliance
    backlog: Backlog
    months: tuple[tuple[str, Reliability], ...]


def asked_for(
    unit: UnitOfWork,
    first: date | None = None,
    last: date | None = None,
    equipment_id: uuid.UUID | None = None,
    category_id: uuid.UUID | None = None,
) -> Asked:
    """Returns what is asked for, by default of the year up to today.

    Raises:
        Invalid: the days make no sense, or there is no such instrument for the author.
    """
    last = last or unit.today()
    first = first or max(date.min, last - timedelta(days=DEFAULT_DAYS - 1))
    if first > last:
        raise Invalid.field("/query/from", "This lies after the last day.")
    if first > unit.today():
        raise Invalid.field("/query/from", "This day has not come yet.")
    if (last - first).days > MOST_DAYS:
        raise Invalid.field("/query/from", f"At most {MOST_DAYS} days are looked at.")
    if equipment_id and equipment_id not in equipment_by_id(unit, [equipment_id], KPI_VIEW):
        raise Invalid.field("/query/equipment", "This does not exist.")
    return Asked(first, last, equipment_id, category_id)


def figures(unit: UnitOfWork, asked: Asked) -> Figures:
    """Returns the figures of some days.

    Args:
        unit: the unit of work.
        asked: from `asked_for`.
    """
    window = _window(unit, asked.first, asked.last)
    instruments = _instruments(unit, asked)
    count = int(unit.session.execute(_counted(instruments)).scalar_one())
    outages = _outages(unit, instruments, window)
    months = tuple(
        (f"{day:%Y-%m}", reliability(count, outages, _window(unit, day, end)))
        for day, end in _months(asked.first, min(asked.last, unit.today()))
    )
    return Figures(
        asked,
        reliability(count, outages, window),
        compliance(_planned(unit, instruments, asked), asked.first, asked.last, unit.today()),
        _backlog(unit, instruments, window),
        months,
    )


def kpis_out(found: Figures) -> dict[str, Any]:
    """Returns the figures as the API shows them."""
    whole, backlog = found.whole, found.backlog
    return {
        "from": found.asked.first,
        "to": found.asked.last,
        "instruments": whole.instruments,
        "failures": whole.failures,
        "operating_hours": shown_hours(whole.operating),
        "downtime_hours": shown_hours(whole.down),
        "mtbf_hours": shown_hours(whole.mtbf),
        "mttr_hours": shown_hours(whole.mttr),
        "availability_percent": whole.availability,
        "compliance": {
            "due": found.compliance.due,
            "on_time": found.compliance.on_time,
            "percent": found.compliance.percent,
        },
        "backlog": {
            "count": backlog.count,
            "hours": backlog_hours(backlog),
            "unestimated": backlog.unestimated,
        },
        "months": [
            {
                "month": month,
                "failures": part.failures,
                "downtime_hours": shown_hours(part.down),
                "availability_percent": part.availability,
            }
            for month, part in found.months
        ],
    }


def backlog_hours(backlog: Backlog) -> Decimal:
    """Returns the hours of work that wait, to a tenth.

    >>> backlog_hours(Backlog(2, Decimal(100), 0))
    Decimal('1.7')
    """
    return (backlog.minutes / 60).quantize(Decimal("0.1"))


def _window(unit: UnitOfWork, first: date, last: date) -> Window:
    """Returns the time of some days in the organisation's zone, as far as it has gone by."""
    zone = unit.organisation.zone
    start = datetime.combine(first, time(), zone)
    end = datetime.combine(min(last, unit.today()) + DAY, time(), zone)
    # A day that begins at this very moment has no length yet: a window needs some.
    return Window(start, min(end, max(unit.trade_now(), start + timedelta(microseconds=1))))


def _months(first: date, last: date) -> list[tuple[date, date]]:
    """Returns the first and the last day of each calendar month, cut to the days asked for.

    >>> [(a.day, b.day) for a, b in _months(date(2026, 1, 30), date(2026, 3, 2))]
    [(30, 31), (1, 28), (1, 2)]
    """
    found = []
    while first <= last:
        following = (first.replace(day=28) + 4 * DAY).replace(day=1)
        found.append((first, min(following - DAY, last)))
        first = following
    return found


def _instruments(unit: UnitOfWork, asked: Asked) -> sa.Select[Any]:
    """Returns the select of the ids of the instruments that are looked at, within the scope."""
    whole = list_of_equipment(unit.platform)
    spec = replace(whole.core or whole, permission=KPI_VIEW)
    if asked.equipment_id is not None:
        chosen = filtered(unit, spec, ListRequest()).where(spec.key == asked.equipment_id)
        return chosen.with_only_columns(spec.key)
    filters: dict[str, tuple[Any, ...]] = {"status": POPULATION}
    if asked.category_id is not None:
        filters["category"] = (asked.category_id,)
    return filtered(unit, spec, ListRequest(filters=filters)).with_only_columns(spec.key)


def _counted(instruments: sa.Select[Any]) -> sa.Select[Any]:
    """Returns the select of how many there are."""
    counting = sa.select(sa.func.count()).select_from(instruments.subquery())
    return counting.execution_options(**instruments.get_execution_options())


def _orders(unit: UnitOfWork, instruments: sa.Select[Any], *columns: Any) -> sa.Select[Any]:
    """Returns the select of columns of the orders of some instruments that were not cancelled."""
    statement = sa.select(*columns).where(
        WorkOrder.equipment_id.in_(instruments), WorkOrder.status != "cancelled"
    )
    return unit.restrict(statement, WorkOrder, KPI_VIEW)


def _outages(unit: UnitOfWork, instruments: sa.Select[Any], window: Window) -> list[Outage]:
    """Returns the outages that may touch a window, as the orders tell them."""
    statement = _orders(
        unit,
        instruments,
        WorkOrder.equipment_id,
        WorkOrder.type,
        WorkOrder.status,
        WorkOrder.created_at,
        WorkOrder.started_at,
        WorkOrder.completed_at,
        WorkOrder.downtime_minutes,
    ).where(sa.or_(WorkOrder.completed_at.is_(None), WorkOrder.completed_at >= window.start))
    found = (_outage(row) for row in unit.session.execute(statement))
    return [outage for outage in found if outage is not None]


def _outage(row: Any) -> Outage | None:
    """Returns the outage that an order tells of, None if it tells of none.

    What is completed was ready for use at that moment, and had stood for the minutes that were
    noted. Work that has begun and notes none is an outage that goes on. A failure that stopped
    nothing, as far as anybody noted, is one without a length.
    """
    failure = row.type == "corrective"
    noticed = min(row.created_at, row.started_at or row.created_at)
    if row.downtime_minutes:
        stood = timedelta(minutes=row.downtime_minutes)
        end = row.completed_at or noticed + stood
        return Outage(row.equipment_id, end - stood, end, failure)
    if row.status in BEGUN and row.downtime_minutes is None:
        return Outage(row.equipment_id, row.started_at or noticed, None, failure)
    return Outage(row.equipment_id, noticed, noticed, failure) if failure else None


def _planned(unit: UnitOfWork, instruments: sa.Select[Any], asked: Asked) -> list[Planned]:
    """Returns the work that plans asked for, as far as it fell due on the days."""
    statement = _orders(unit, instruments, WorkOrder.due_on, WorkOrder.completed_date).where(
        WorkOrder.plan_id.is_not(None), WorkOrder.due_on.between(asked.first, asked.last)
    )
    return [Planned(*row) for row in unit.session.execute(statement)]


def _backlog(unit: UnitOfWork, instruments: sa.Select[Any], window: Window) -> Backlog:
    """Returns what was open at the end of a window, with the time that similar work took."""
    begun = sa.func.coalesce(WorkOrder.started_at, WorkOrder.created_at)
    past = window.end < unit.trade_now()
    waiting = _orders(unit, instruments, WorkOrder.plan_id, WorkOrder.type).where(
        sa.or_(
            WorkOrder.status.in_([str(status) for status in OPEN]),
            WorkOrder.completed_at >= window.end,
        ),
    )
    rows = unit.session.execute(waiting.where(begun < window.end) if past else waiting).all()
    took = _labour(unit, instruments) if rows else {}
    minutes = [took.get(("plan", row.plan_id)) or took.get(("type", row.type)) for row in rows]
    known = [one for one in minutes if one is not None]
    return Backlog(len(rows), sum(known, Decimal(0)), len(rows) - len(known))


def _labour(unit: UnitOfWork, instruments: sa.Select[Any]) -> dict[tuple[str, Any], Decimal]:
    """Returns the minutes that completed orders took on average, by plan and by type."""
    statement = _orders(
        unit,
        instruments,
        WorkOrder.plan_id,
        WorkOrder.type,
        sa.func.sum(WorkOrder.labour_minutes).label("minutes"),
        sa.func.count().label("orders"),
    )
    statement = statement.where(
        WorkOrder.status == "completed", WorkOrder.labour_minutes > 0
    ).group_by(WorkOrder.plan_id, WorkOrder.type)
    sums: dict[tuple[str, Any], list[int]] = {}
    for row in unit.session.execute(statement):
        for key in (("plan", row.plan_id), ("type", row.type)):
            if key[1] is not None:
                entry = sums.setdefault(key, [0, 0])
                entry[0] += int(row.minutes)
                entry[1] += row.orders
    return {key: Decimal(minutes) / orders for key, (minutes, orders) in sums.items()}


def rows_of(found: Figures) -> Sequence[tuple[str, ...]]:
    """Returns the figures as a table: a heading, the months, and the whole."""
    heading = ("period", "instruments", "failures", "downtime_hours", "mtbf_hours", "mttr_hours",
               "availability_percent")  # fmt: skip
    whole = f"{found.asked.first} to {found.asked.last}"
    return [
        heading,
        *(_row(month, part) for month, part in found.months),
        _row(whole, found.whole),
    ]


def _row(period: str, part: Reliability) -> tuple[str, ...]:
    """Returns one line of the table; what cannot be said is empty."""
    values = (
        part.instruments,
        part.failures,
        shown_hours(part.down),
        shown_hours(part.mtbf),
        shown_hours(part.mttr),
        part.availability,
    )
    return (period, *("" if value is None else str(value) for value in values))


def categories(unit: UnitOfWork) -> list[tuple[str, str]]:
    """Returns (id, name) of the categories of the organisation, by name: for the page's form."""
    statement = (
        sa.select(CATEGORIES.c.id, CATEGORIES.c.name)
        .where(CATEGORIES.c.organisation_id == unit.organisation.id)
        .order_by(sa.func.lower(CATEGORIES.c.name))
        .limit(MOST_CATEGORIES)
    )
    return [(str(row.id), row.name) for row in unit.session.execute(statement)]
