"""The board: work orders in columns by how far they are, each with where it may go."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from calibrify_core.auth.people import People
from calibrify_core.kernel.errors import Conflict, NotFound
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.flash import flash
from calibrify_core.web.kit import see_other
from calibrify_core.web.page import formats_of
from calibrify_maintenance.domain.work_order import Status, allowed
from calibrify_maintenance.pages.wording import MOVES, PRIORITIES, STATUSES, TYPES, chip
from calibrify_maintenance.permissions import CHANGE, REQUEST, VIEW
from calibrify_maintenance.services import steps, work_orders
from calibrify_maintenance.services.listing import WORK_ORDERS

COLUMNS = ("requested", "scheduled", "in_progress", "on_hold", "completed")
MOST = 25
DONE = 8
PAGES = {"scheduled": "schedule", "on_hold": "hold", "completed": "complete", "cancelled": "cancel"}
"""Steps that ask for something: their own pages do."""


def views_of(request: Any, current: str) -> list[dict[str, Any]]:
    """Returns the tabs between board, list, calendar and plans."""
    path = request.route_path
    found = [
        ("Board", path("maintenance.work_order.board")),
        ("List", path("maintenance.work_order.list")),
        ("Calendar", path("maintenance.work_order.calendar")),
        ("Plans", path("maintenance.plan.list")),
    ]
    return [{"label": label, "href": href, "current": label == current} for label, href in found]


def actions_of(request: Any) -> list[dict[str, str]]:
    """Returns the button that opens a work order, for who may ask for one."""
    if not request.unit.access.permits(REQUEST):
        return []
    return [
        {
            "label": "New work order",
            "href": request.route_path("maintenance.work_order.new"),
            "icon": "plus",
            "kind": "primary",
        }
    ]


def show(request: Any) -> dict[str, Any]:
    """Shows the board."""
    return _page(request, [])


def _page(request: Any, problems: list[dict[str, str]]) -> dict[str, Any]:
    """Returns the board, with what kept a card from being moved."""
    return {
        "title": "Maintenance",
        "views": views_of(request, "Board"),
        "actions": actions_of(request),
        "columns": [_column(request, status) for status in COLUMNS],
        "problems": problems,
    }


def _column(request: Any, status: str) -> dict[str, Any]:
    """Returns one column with its cards."""
    done = status == Status.COMPLETED
    asked = [
        ("status", status),
        ("limit", str(DONE if done else MOST)),
        ("ordering", "-completed_date" if done else "due_on,created_at"),
        ("count", "true"),
    ]
    page = run_list(request.unit, WORK_ORDERS, read_request(WORK_ORDERS, asked))
    ids = [row["assigned_to_id"] for row in page.rows if row["assigned_to_id"]]
    names = People(request.unit).names(ids)
    may = request.unit.access.permits(CHANGE)
    word, _, icon = STATUSES[status]
    href = request.route_path("maintenance.work_order.list", _query={"status": status})
    return {
        "status": status,
        "title": word,
        "icon": icon,
        "count": page.count,
        "more": max(0, (page.count or 0) - len(page.rows)),
        "href": href,
        "cards": [_card(request, row, names, may=may) for row in page.rows],
    }


def _card(
    request: Any, row: Mapping[str, Any], names: Mapping[uuid.UUID, str], *, may: bool
) -> dict[str, Any]:
    """Returns a work order as a card."""
    fmt = formats_of(request)
    urgent = row["priority"] in {"high", "urgent"}
    return {
        "id": row["id"],
        "href": request.route_path("maintenance.work_order.show", id=row["id"]),
        "number": row["number"],
        "title": row["title"],
        "type": TYPES[row["type"]],
        "tag": row["equipment"]["asset_tag"],
        "name": row["equipment"]["name"],
        "who": names.get(row["assigned_to_id"], ""),
        "due_on": row["completed_date"] or row["due_on"],
        "due": fmt.relative(row["due_on"]) if row["due_on"] and not row["completed_date"] else "",
        "late": row["overdue"],
        "priority": chip(PRIORITIES, row["priority"]) if urgent else None,
        "moves": [(to, MOVES[to]) for to in allowed(row["status"])] if may else [],
    }


def move(request: Any) -> Any:
    """Moves a card: at once, or by way of the page that asks for what the step needs.

    What the state does not allow is said above the board, on which the card stands as it is.
    """
    try:
        identifier = uuid.UUID(str(request.POST.get("id", "")))
    except ValueError:
        raise NotFound("This work order does not exist.") from None
    to = str(request.POST.get("to", ""))
    work_order = work_orders.find(request.unit, identifier, CHANGE)
    if to != Status.IN_PROGRESS and to not in PAGES:
        raise NotFound("There is no such column.")
    try:
        steps.check_step(work_order, Status(to))
        if to in PAGES:
            return see_other(request, f"maintenance.work_order.{PAGES[to]}", id=identifier)
        work_order = steps.start(request.unit, identifier)
    except Conflict as error:
        return _page(request, [{"name": "", "text": f"{work_order.number}: {error.detail}"}])
    flash(request, f"{work_order.number} is in work.")
    return see_other(request, "maintenance.work_order.board")


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "maintenance.work_order.board",
        "/maintenance",
        show,
        permission=VIEW,
        template="maintenance/board.html",
        post=move,
        post_permission=CHANGE,
    )
