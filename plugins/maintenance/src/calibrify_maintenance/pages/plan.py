"""Maintenance plans: the list, one of them, and its form."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from calibrify_core.kernel.errors import Invalid
from calibrify_core.records.keyset import find_row, run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.lists import Column, Facet, ListPage, View, show_list
from calibrify_core.web.page import formats_of
from calibrify_equipment.public import find_equipment
from calibrify_maintenance.models.plan import MaintenancePlan
from calibrify_maintenance.models.reach import CATEGORIES
from calibrify_maintenance.pages.board import views_of
from calibrify_maintenance.pages.order_form import assignment_fields, instrument_field, tagged
from calibrify_maintenance.pages.wording import (
    ITEM_KINDS,
    PRIORITIES,
    STATUSES,
    TYPES,
    chip,
    options,
)
from calibrify_maintenance.permissions import METER_VIEW, PLAN_CHANGE, PLAN_VIEW, VIEW
from calibrify_maintenance.schemas.plan import PlanChange, PlanIn
from calibrify_maintenance.services import plans
from calibrify_maintenance.services.listing import WORK_ORDERS
from calibrify_maintenance.services.meters import meters_of
from calibrify_maintenance.services.plan_lists import PLANS, shape

UNITS = {"DAILY": "days", "WEEKLY": "weeks", "MONTHLY": "months", "YEARLY": "years"}
ANCHORS = {"scheduled": "By the calendar", "completed": "From the day it was last done"}
TYPES_OF_PLANS = {name: word for name, word in TYPES.items() if name != "corrective"}
SIMPLE = re.compile(r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(?:;INTERVAL=(\d{1,4}))?", re.ASCII)
TEXTS = frozenset({"description"})
BLANK_ROWS = 3
MOST_ROWS = 100
ITEM = ("kind", "label", "unit", "lower_limit", "upper_limit")


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
    target = record["target"]["name"]
    if record["category_id"]:
        target = f"All of {target}"
    return {
        "id": record["id"],
        "label": record["title"],
        "href": href,
        "cells": {
            "plan": {"href": href, "title": record["title"], "detail": target},
            "next": record["next_due_on"],
            "every": every(record["rrule"]),
            "type": TYPES[record["type"]],
            "state": _state(active=record["active"]),
        },
    }


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
        ("For", record["target"]["name"]),
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
        "crumbs": _crumbs(request),
        "plan": plan,
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


def _crumbs(request: Any) -> list[tuple[str, str | None]]:
    """Returns the way to a plan."""
    path = request.route_path
    return [
        ("Maintenance", path("maintenance.work_order.board")),
        ("Plans", path("maintenance.plan.list")),
    ]


def _form(request: Any, plan: MaintenancePlan | None) -> Form:
    """Returns the form of a plan."""
    unit = request.unit
    what = [
        FormField("title", "What is done", required=True, wide=True, extra={"maxlength": 200}),
        FormField("type", "Type", "select", required=True, options=options(TYPES_OF_PLANS)),
        FormField("priority", "Priority", "select", required=True, options=options(PRIORITIES)),
        FormField("description", "Instructions", "textarea", wide=True),
    ]
    if plan is None:
        tag = instrument_field()
        what[1:1] = [
            FormField(tag.name, tag.label, hint="Its asset tag; or choose a category", mono=True),
            FormField("category_id", "Category", "select", options=_categories(unit),
                      blank="No category"),
        ]  # fmt: skip
    often = [
        FormField("value", "Every", "number", mono=True, hint="Empty: not by the calendar",
                  extra={"min": 1, "max": 1_000, "inputmode": "numeric"}),
        FormField("unit", "Unit", "select", required=True, options=options(UNITS)),
        FormField("rule", "Rule of its own", mono=True, wide=True,
                  hint="Instead of the two above, for example FREQ=MONTHLY;BYDAY=1MO",
                  extra={"maxlength": 300}),
        FormField("anchor", "It counts", "select", required=True, options=options(ANCHORS)),
        FormField("starts_on", "From", "date"),
        FormField("ends_on", "Until", "date"),
        FormField("lead_days", "Opened before", "number", unit="days", extra={"min": 0}),
    ]  # fmt: skip
    meters = _meters(unit, plan)
    if meters:
        often += [
            FormField("meter_id", "Meter", "select", options=meters, blank="Not by a meter"),
            FormField("meter_interval", "Due after", "decimal", hint="Of the meter's unit"),
        ]
    who = [
        *assignment_fields(unit),
        FormField("affects_calibration", "The work may change how it measures", "checkbox",
                  wide=True),
        FormField("signature_required", "Completed with a signature", "checkbox", wide=True),
    ]  # fmt: skip
    path = request.route_path
    action = path("maintenance.plan.new")
    back = path("maintenance.plan.list")
    if plan is not None:
        action = path("maintenance.plan.edit", id=plan.id)
        back = path("maintenance.plan.show", id=plan.id)
    return Form(
        action=action,
        sections=[
            Section("The work", what),
            Section("How often", often),
            Section("By whom, and with what effect", who),
        ],
        submit_label="Save plan",
        cancel_href=back,
        hidden=[] if plan is None else [("version", str(plan.version))],
        buttons=[] if plan is None else [("End this plan", "end")],
    )


def _categories(unit: Any) -> list[tuple[str, str]]:
    """Returns the categories of the organisation, by name."""
    statement = (
        sa.select(CATEGORIES.c.id, CATEGORIES.c.name)
        .where(CATEGORIES.c.organisation_id == unit.organisation.id)
        .order_by(sa.func.lower(CATEGORIES.c.name), CATEGORIES.c.id)
        .limit(1_000)
    )
    return [(str(row.id), row.name) for row in unit.session.execute(statement)]


def _meters(unit: Any, plan: MaintenancePlan | None) -> list[tuple[str, str]]:
    """Returns the meters of the instrument of a plan."""
    if plan is None or plan.equipment_id is None or not unit.access.permits(METER_VIEW):
        return []
    return [(str(meter.id), f"{meter.name}, {meter.unit}")
            for meter in meters_of(unit, plan.equipment_id)]  # fmt: skip


def _page(
    request: Any,
    plan: MaintenancePlan | None,
    values: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    problems: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Returns what the form page needs."""
    names = {"rrule": "rule", "equipment_id": "tag"}
    shown = []
    for one in problems:
        name = names.get(one["name"], one["name"])
        place = name.split(".") if name.startswith("checklist.") else []
        text = f"Item {int(place[1]) + 1} of the checklist: {one['text']}" if place else one["text"]
        shown.append({"name": "" if place else name, "text": text})
    blank = dict.fromkeys(ITEM, "")
    rows = [*items, *({**blank, "kind": "pass_fail", "required": True} for _ in range(BLANK_ROWS))]
    return {
        "title": "New maintenance plan" if plan is None else "Change the plan",
        "crumbs": _crumbs(request),
        "form": _form(request, plan).shown(values, shown),
        "items": rows,
        "kinds": options(ITEM_KINDS),
    }


def show_new(request: Any) -> dict[str, Any]:
    """Shows an empty form, for the instrument that the address names."""
    values: dict[str, Any] = {"value": "12", "unit": "MONTHLY", "lead_days": "7",
                              "priority": "normal", "starts_on": request.unit.today()}  # fmt: skip
    try:
        identifier = uuid.UUID(request.GET.get("equipment", ""))
    except ValueError:
        return _page(request, None, values, ())
    values["tag"] = find_equipment(request.unit, identifier, PLAN_VIEW).asset_tag
    return _page(request, None, values, ())


def _items(request: Any) -> list[dict[str, Any]]:
    """Returns the rows of the checklist that say something."""
    columns = {
        name: [
            text if isinstance(text, str) else "" for text in request.POST.getall(f"item_{name}")
        ]
        for name in (*ITEM, "required")
    }
    found = []
    for place, label in enumerate(columns["label"][:MOST_ROWS]):
        row = {
            name: values[place].strip() if place < len(values) else ""
            for name, values in columns.items()
        }
        if label.strip():
            found.append({**row, "required": row["required"] != "no"})
    return found


def _body(values: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the form as the body of the API's request."""
    body = {
        name: "" if value is None and name in TEXTS else value
        for name, value in values.items()
        if name not in {"value", "unit", "rule", "tag"}
    }
    number = values["value"]
    body["rrule"] = values["rule"]
    if body["rrule"] is None and number is not None:
        body["rrule"] = f"FREQ={values['unit']};INTERVAL={number}"
    days = values["lead_days"] or "0"
    body["lead_days"] = int(days) if days.isascii() and days.isdigit() and len(days) < 6 else days
    body["checklist"] = [
        {
            name: (value.replace(",", ".") or None) if name.endswith("limit") else value
            for name, value in item.items()
        }
        for item in items
    ]
    return body


def create(request: Any) -> Any:
    """Sets a plan."""
    values: dict[str, Any] = {}
    items = _items(request)
    try:
        values = posted(_form(request, None), request.POST)
        body = _body(values, items)
        if values["tag"] is not None:
            found = tagged(request.unit, values["tag"])
            if found is None:
                raise Invalid.field("tag", "There is no such instrument.")
            body["equipment_id"] = str(found)
        plan = plans.create(request.unit, validated(PlanIn, body).model_dump())
    except Invalid as error:
        return _page(request, None, values, items, problems_of(error))
    flash(request, "The plan is set.")
    return see_other(request, "maintenance.plan.show", id=plan.id)


def show_edit(request: Any) -> dict[str, Any]:
    """Shows the form of a plan."""
    plan = plans.find(request.unit, request.matchdict["id"], PLAN_CHANGE)
    names = [item.name for item in _form(request, plan).fields()]
    values = {name: getattr(plan, name, None) for name in names}
    match = SIMPLE.fullmatch(plan.rrule or "")
    values["unit"], values["value"], values["rule"] = "MONTHLY", None, plan.rrule
    if match is not None:
        values["unit"], values["value"], values["rule"] = match[1], match[2] or "1", None
    return _page(request, plan, values, plan.checklist)


def save(request: Any) -> Any:
    """Changes or ends a plan; who comes second is told, and keeps what was typed."""
    plan = plans.find(request.unit, request.matchdict["id"], PLAN_CHANGE, lock=True)
    values: dict[str, Any] = {}
    items = _items(request)
    try:
        values = posted(_form(request, plan), request.POST)
        if request.POST.get("version") != str(plan.version):
            raise Invalid.field(
                "title", "It was changed by somebody else meanwhile. Save again to overwrite that."
            )
        if request.POST.get("do") == "end":
            plans.end(request.unit, plan)
            flash(request, "The plan has ended.")
        else:
            body = _body(values, items)
            named = validated(PlanChange, body).model_dump(include=set(body))
            plans.change(request.unit, plan, named)
            flash(request, "The plan is changed.")
    except Invalid as error:
        return _page(request, plan, values, items, problems_of(error))
    return see_other(request, "maintenance.plan.show", id=plan.id)


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
        "maintenance.plan.new",
        "/maintenance/plans/new",
        show_new,
        permission=PLAN_CHANGE,
        template="maintenance/plan_form.html",
        post=create,
    )
    config.add_page(
        "maintenance.plan.show",
        "/maintenance/plans/{id:uuid}",
        show,
        permission=PLAN_VIEW,
        template="maintenance/plan.html",
    )
    config.add_page(
        "maintenance.plan.edit",
        "/maintenance/plans/{id:uuid}/edit",
        show_edit,
        permission=PLAN_CHANGE,
        template="maintenance/plan_form.html",
        post=save,
    )
