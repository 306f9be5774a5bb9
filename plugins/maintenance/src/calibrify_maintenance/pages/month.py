"""The calendar: a month of work orders as a table, each on the day it is planned for or due."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from calibrify_core.web.month import SHOWN_A_DAY, month_of
from calibrify_maintenance.domain.work_order import OPEN
from calibrify_maintenance.models.reach import INSTRUMENTS
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.pages.board import actions_of, views_of
from calibrify_maintenance.permissions import VIEW

MOST = 1_000


def show(request: Any) -> dict[str, Any]:
    """Shows a month."""
    unit, href = request.unit, request.route_path("maintenance.work_order.calendar")
    month = month_of(request.GET.get("month", ""), unit.today())
    found = _by_day(request, *month.span)
    total = sum(len(rows) for day, rows in found.items() if day.month == month.first.month)

    def day_of(day: dt.date) -> dict[str, Any]:
        tone = "late" if day < month.today else "incal"
        chips = found[day]
        return {"tone": tone, "chips": chips[:SHOWN_A_DAY], "rest": chips[SHOWN_A_DAY:]}

    return {
        "title": "Maintenance calendar",
        "views": views_of(request, "Calendar"),
        "actions": actions_of(request),
        "month": month.shown(total, href, day_of),
    }


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


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "maintenance.work_order.calendar",
        "/maintenance/calendar",
        show,
        permission=VIEW,
        template="maintenance/month.html",
    )
