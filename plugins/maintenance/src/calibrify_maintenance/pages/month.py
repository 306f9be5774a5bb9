"""The calendar: a month of work orders as a table, each on the day it is planned for or due."""

from __future__ import annotations

import calendar
import datetime as dt
from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from calibrify_maintenance.domain.work_order import OPEN
from calibrify_maintenance.models.reach import INSTRUMENTS
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.pages.board import actions_of, views_of
from calibrify_maintenance.permissions import VIEW

SHOWN_A_DAY = 3
MOST = 1_000
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2200, 1, 1)


def show(request: Any) -> dict[str, Any]:
    """Shows a month."""
    unit, href = request.unit, request.route_path("maintenance.work_order.calendar")
    today = unit.today()
    first = month_of(request.GET.get("month", ""), today)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    found = _by_day(request, weeks[0][0], weeks[-1][-1])
    before, after = first - dt.timedelta(1), first + dt.timedelta(32)
    return {
        "title": "Maintenance calendar",
        "views": views_of(request, "Calendar"),
        "actions": actions_of(request),
        "month": {
            "title": f"{first:%B} {first.year}",
            "total": sum(len(rows) for day, rows in found.items() if day.month == first.month),
            "days": [f"{day:%A}" for day in weeks[0]],
            "weeks": [[_day(day, first, today, found[day]) for day in week] for week in weeks],
            "previous": {"label": f"{before:%B}", "href": f"{href}?month={before:%Y-%m}"},
            "next": {"label": f"{after:%B}", "href": f"{href}?month={after:%Y-%m}"},
        },
    }


def month_of(text: str, today: dt.date) -> dt.date:
    """Returns the first day of the month that an address names, of this one where it names none.

    >>> month_of("2026-02", dt.date(2026, 11, 23)), month_of("x", dt.date(2026, 11, 23))
    (datetime.date(2026, 2, 1), datetime.date(2026, 11, 1))
    """
    try:
        found = dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return found if EARLIEST <= found <= LATEST else today.replace(day=1)


def _by_day(request: Any, first: dt.date, last: dt.date) -> dict[dt.date, list[dict[str, Any]]]:
    """Returns the open work orders of some weeks by their day."""
    day = sa.func.coalesce(WorkOrder.scheduled_date, WorkOrder.due_on)
    statement = (
        sa.select(
            WorkOrder.id,
            WorkOrder.title,
            WorkOrder.scheduled_date,
            WorkOrder.due_on,
            INSTRUMENTS.c.asset_tag,
        )
        .join(INSTRUMENTS, INSTRUMENTS.c.id == WorkOrder.equipment_id)
        .where(WorkOrder.status.in_(OPEN), day >= first, day <= last)
        .order_by(day, WorkOrder.id)
        .limit(MOST)
    )
    rows = request.unit.session.execute(request.unit.restrict(statement, WorkOrder, VIEW))
    found: dict[dt.date, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        href = request.route_path("maintenance.work_order.show", id=row.id)
        chip = {"href": href, "title": row.title, "tag": row.asset_tag}
        found[row.scheduled_date or row.due_on].append(chip)
    return found


def _day(
    day: dt.date, first: dt.date, today: dt.date, chips: list[dict[str, Any]]
) -> dict[str, Any]:
    """Returns a day of the month."""
    return {
        "on": day,
        "other": day.month != first.month,
        "today": day == today,
        "tone": "late" if day < today else "incal",
        "chips": chips[:SHOWN_A_DAY],
        "rest": chips[SHOWN_A_DAY:],
    }


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "maintenance.work_order.calendar",
        "/maintenance/calendar",
        show,
        permission=VIEW,
        template="maintenance/month.html",
    )
