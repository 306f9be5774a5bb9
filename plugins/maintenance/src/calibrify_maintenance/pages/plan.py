"""Maintenance plans: the list, and one of them with the orders that it opened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from calibrify_core.records.keyset import find_row, run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.lists import Column, Facet, ListPage, View, show_list
from calibrify_core.web.page import formats_of
from calibrify_maintenance.pages.board import views_of
from calibrify_maintenance.pages.wording import (
    ITEM_KINDS,
    STATUSES,
    TYPES,
    chip,
    options,
)
from calibrify_maintenance.permissions import PLAN_CHANGE, PLAN_VIEW, VIEW
from calibrify_maintenance.services import plans
from calibrify_maintenance.services.listing import WORK_ORDERS
from calibrify_maintenance.services.plan_lists import PLANS, shape

UNITS = {"DAILY": "days", "WEEKLY": "weeks", "MONTHLY": "months", "YEARLY": "years"}
ANCHORS = {"scheduled": "By the calendar", "completed": "From the day it was last done"}
TYPES_OF_PLANS = {name: word for name, word in TYPES.items() if name != "corrective"}
SIMPLE = re.compile(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(?:;INTERVAL=(\d{1,4}))?", re.ASCII)


def every(rrule: str | None) -> str:
    """Returns how often a plan comes round, in words.

    >>> every("FREQ=MONTHLY;INTERVAL=3"), every("FREQ=WEEKLY;BYDAY=MO")
    ('Every 3 months', 'By the rule FREQ=WEEKLY;BYDAY=MO')
    """
    if rrule is None:
        return "By a meter"
    match = SIMPLE.fullmatch(rrule)
    if match is None:
        return f"By the rule {rrule}"
    number, unit = int(match[2] or 1), UNITS[match[1]]
    return f"Every {unit.removesuffix('s')}" if number == 1 else f"Every {number} {unit}"


def show_all(request: Any) -> dict[str, Any]:
    """Shows the list."""
    may = request.unit.access.permits(PLAN_CHANGE)
    new = request.route_path("maintenance.plan.new")
    page = ListPage(
        route="maintenance.plan.list",
        label="Maintenance plans",
        lead="What is done again and again; each turn opens a work order.",
        columns=(
            Column("plan", "Plan", "name", "name", order="title"),
            Column("next", "Next due", "date", "meta"),
            Column("every", "How often"),
            Column("type", "Type", "text", "hide-s"),
            Column("state", "State", "chip", "state shrink"),
        ),
        cells=lambda record: _row(request, record),
        search_hint="Filter by title",
        facets=(Facet("type", "Type", options(TYPES_OF_PLANS)),),
        views=(
            View("Active", (("active", "true"),)),
            View("Ended", (("active", "false"),)),
            View("All", ()),
        ),
        actions=[{"label": "New plan", "href": new, "icon": "plus", "kind": "primary"}]
        if may
        else [],
        empty={
            "icon": "calendar-clock",
            "title": "No plan",
            "text": "A plan opens work orders by the calendar, or by a meter.",
            **({"action_label": "New plan", "action_href": new} if may else {}),
        },
    )
    listing, _ = show_list(request, PLANS, page)
    return {"title": "Maintenance plans", "listing": listing, "tabs": views_of(request, "Plans")}


def _row(request: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a plan as a row."""
    href = request.route_path("maintenance.plan.show", id=record["id"])
    return {
        "id": record["id"],
        "label": record["title"],
        "href": href,
        "cells": {
            "plan": {"href": href, "title": record["title"], "detail": _target(record)},
            "next": record["next_due_on"],
            "every": every(record["rrule"]),
            "type": TYPES[record["type"]],
            "state": _state(active=record["active"]),
        },
    }


def _target(record: Mapping[str, Any]) -> str:
    """Returns what a plan is for: one instrument, or all of a category."""
    name: str = record["target"]["name"]
    return f"All of {name}" if record["category_id"] else name


def _state(*, active: bool) -> dict[str, str]:
    """Returns whether a plan is active, as a chip."""
    if active:
        return {"word": "Active", "tone": "ok", "icon": "circle-check"}
    return {"word": "Ended", "tone": "out", "icon": "ban"}


def show(request: Any) -> dict[str, Any]:
    """Shows one plan with the orders that it opened."""
    unit, fmt = request.unit, formats_of(request)
    plan = plans.find(unit, request.matchdict["id"])
    record = shape(find_row(unit, PLANS, plan.id), unit)
    rows: Sequence[Any] = ()
    if unit.access.permits(VIEW):
        asked = [("plan_id", str(plan.id)), ("limit", "10")]
        rows = run_list(unit, WORK_ORDERS, read_request(WORK_ORDERS, asked)).rows
    facts = [
        ("How often", every(plan.rrule)),
        ("It counts", ANCHORS[plan.anchor]),
        ("Next due", fmt.date(record["next_due_on"]) if record["next_due_on"] else ""),
        ("Opened before", f"{plan.lead_days} days" if plan.lead_days else ""),
        ("From", fmt.date(plan.starts_on)),
        ("Until", fmt.date(plan.ends_on) if plan.ends_on else ""),
        ("By meter", f"every {plan.meter_interval:f}" if plan.meter_interval else ""),
        ("Affects calibration", "Yes" if plan.affects_calibration else "No"),
        ("Signature", "Needed at completion" if plan.signature_required else ""),
    ]
    may = unit.access.permits(PLAN_CHANGE) and plan.active
    query = {"plan_id": str(plan.id)}
    return {
        "title": plan.title,
        "crumbs": crumbs_of(request),
        "plan": plan,
        "target": {
            "name": _target(record),
            "href": f"/equipment/{plan.equipment_id}" if plan.equipment_id else "",
        },
        "state": _state(active=plan.active),
        "facts": [pair for pair in facts if pair[1]],
        "kinds": ITEM_KINDS,
        "orders": [
            {
                "href": request.route_path("maintenance.work_order.show", id=row["id"]),
                "number": row["number"],
                "tag": row["equipment"]["asset_tag"],
                "state": chip(STATUSES, row["status"]),
                "due_on": row["due_on"],
            }
            for row in rows
        ],
        "orders_href": request.route_path("maintenance.work_order.list", _query=query),
        "edit_href": request.route_path("maintenance.plan.edit", id=plan.id) if may else "",
    }


def crumbs_of(request: Any) -> list[tuple[str, str | None]]:
    """Returns the way to a plan."""
    path = request.route_path
    return [
        ("Maintenance", path("maintenance.work_order.board")),
        ("Plans", path("maintenance.plan.list")),
    ]


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "maintenance.plan.list",
        "/maintenance/plans",
        show_all,
        permission=PLAN_VIEW,
        template="maintenance/list.html",
    )
    config.add_page(
        "maintenance.plan.show",
        "/maintenance/plans/{id:uuid}",
        show,
        permission=PLAN_VIEW,
        template="maintenance/plan.html",
    )
