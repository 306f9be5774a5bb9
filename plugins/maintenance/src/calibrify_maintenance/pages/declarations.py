"""What the pages of work orders and plans add elsewhere: menu, panel, tab, dashboard."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from calibrify_core.hooks.declarations import DashboardWidget, NavigationEntry, Panel
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.formats import Formats
from calibrify_equipment.public import DetailTab
from calibrify_maintenance.domain.work_order import OPEN
from calibrify_maintenance.pages.wording import PRIORITIES, STATUSES, chip
from calibrify_maintenance.permissions import PLAN_VIEW, REQUEST, VIEW
from calibrify_maintenance.services.listing import WORK_ORDERS

SECTION = "Maintenance"
MOST = 5
_OPEN = [("status", str(status)) for status in OPEN]


def late(unit: Any) -> str | None:
    """Returns how many work orders are overdue, None where none is."""
    asked = read_request(WORK_ORDERS, [("overdue", "true"), ("limit", "1")])
    count = run_list(unit, WORK_ORDERS, replace(asked, count="capped")).count
    return str(count) if count else None


def _rows(unit: Any, asked: list[tuple[str, str]]) -> tuple[list[dict[str, Any]], int]:
    """Returns some work orders as rows of a card, and how many there are."""
    fmt = Formats(unit.organisation.zone, unit.today())
    request = replace(read_request(WORK_ORDERS, asked), count="capped")
    page = run_list(unit, WORK_ORDERS, request)
    rows = [
        {
            "href": f"/maintenance/orders/{row['id']}",
            "number": row["number"],
            "title": row["title"],
            "tag": row["equipment"]["asset_tag"],
            "state": chip(STATUSES, row["status"]),
            "priority": chip(PRIORITIES, row["priority"]),
            "due": None
            if row["due_on"] is None
            else {
                "on": row["due_on"],
                "relative": fmt.relative(row["due_on"]),
                "tone": "late" if row["overdue"] else "out",
            },
        }
        for row in page.rows
    ]
    return rows, page.count or 0


def work(unit: Any, subject: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the open work orders of an instrument; nothing where there are none to show."""
    identifier = uuid.UUID(str(subject["id"]))
    asked = [*_OPEN, ("equipment_id", str(identifier)), ("ordering", "due_on"), ("limit", "5")]
    rows, count = _rows(unit, asked)
    may = unit.access.permits(REQUEST)
    if not rows and not may:
        return None
    href = f"/maintenance/orders?equipment_id={identifier}"
    return {
        "title": "Maintenance",
        "end": Markup('<a href="{}">{}</a>').format(href, "All work orders"),
        "flush": bool(rows),
        "rows": rows,
        "count": count,
        "new_href": f"/maintenance/orders/new?equipment={identifier}" if may else "",
    }


def overdue(unit: Any) -> dict[str, Any]:
    """Returns the card of overdue work, with how much is open in all."""
    rows, count = _rows(unit, [("overdue", "true"), ("ordering", "due_on"), ("limit", str(MOST))])
    asked = replace(read_request(WORK_ORDERS, [*_OPEN, ("limit", "1")]), count="capped")
    backlog = run_list(unit, WORK_ORDERS, asked).count or 0
    return {
        "title": "Maintenance overdue",
        "end": Markup('<a href="{}">{}</a>').format("/maintenance", "Board"),
        "flush": True,
        "rows": rows,
        "overdue": count,
        "backlog": backlog,
    }


NAVIGATION = (
    NavigationEntry(
        "Work orders",
        "maintenance.work_order.board",
        "wrench",
        VIEW,
        SECTION,
        10,
        badge=late,
        keys="g m",
    ),
    NavigationEntry("Plans", "maintenance.plan.list", "calendar-clock", PLAN_VIEW, SECTION, 20),
)
PANELS = (
    Panel(
        "equipment.detail.main", "maintenance.work", "maintenance/panel_work.html", work, VIEW, 60
    ),
)
TABS = (
    DetailTab("maintenance.list", "Maintenance", "maintenance.work_order.of_instrument", VIEW, 20),
)
WIDGETS = (
    DashboardWidget(
        "maintenance.overdue", "main", "maintenance/widget_work.html", overdue, VIEW, 50
    ),
)
