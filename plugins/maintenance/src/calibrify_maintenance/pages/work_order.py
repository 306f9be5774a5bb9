"""The list of work orders, and one of them: what is to be done, the checklist, what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from pyramid.response import Response

from calibrify_core.api.download import send_from
from calibrify_core.auth.people import People
from calibrify_core.kernel.errors import Forbidden, Invalid, UnsupportedMediaType
from calibrify_core.records.attachments import Attachments
from calibrify_core.web.flash import flash
from calibrify_core.web.formats import Formats
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.lists import Column, Facet, ListPage, View, show_list
from calibrify_core.web.page import formats_of
from calibrify_core.work.currency import currency_of
from calibrify_equipment.head import head_of
from calibrify_equipment.public import EquipmentFacts, find_equipment, words_of_equipment
from calibrify_maintenance.domain.checklist import ItemKind, progress
from calibrify_maintenance.domain.stock import total_cost
from calibrify_maintenance.domain.work_order import BEGUN, allowed, is_open
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.pages.board import actions_of, views_of
from calibrify_maintenance.pages.wording import PRIORITIES, STATUSES, TYPES, chip, options
from calibrify_maintenance.permissions import CHANGE, VIEW
from calibrify_maintenance.services import checklists, work_orders
from calibrify_maintenance.services.listing import WORK_ORDERS
from calibrify_maintenance.services.signatures import signatures_of

STEPS = (
    # (state it leads to, route, label, icon)
    ("in_progress", "start", "Start work", "play"),
    ("completed", "complete", "Complete", "check"),
    ("scheduled", "schedule", "Plan", "calendar-clock"),
    ("on_hold", "hold", "Put on hold", "clock-alert"),
    ("cancelled", "cancel", "Cancel work order", "ban"),
)
LONGEST = 2_000


COLUMNS = (
    Column("order", "Work order", "name", "name"),
    Column("state", "State", "chip", "state shrink"),
    Column("due_on", "Due on", "date", "meta", order="due_on"),
    Column("priority", "Priority", "chip", "hide-s shrink"),
    Column("type", "Type", "text", "hide-s"),
    Column("instrument", "Instrument", "link", "meta"),
    Column("completed", "Completed on", "date", "hide-s", order="completed_date"),
)


def show_all(request: Any) -> dict[str, Any]:
    """Shows the list."""
    page = ListPage(
        route="maintenance.work_order.list",
        label="Work orders",
        lead="What is to be done to which instrument, and what was done.",
        columns=COLUMNS,
        cells=lambda record: _row(request, record),
        words=words_of_equipment(request.unit, request.GET.getall("equipment_id"), VIEW),
        search_label="Filter this list",
        search_hint="Filter by number, title, tag or name",
        facets=_facets(request),
        views=(
            View("All", ()),
            View("Open", tuple(("status", str(one)) for one in STATUSES if is_open(one))),
            View("Overdue", (("overdue", "true"),)),
            View("Done", (("status", "completed"),)),
        ),
        actions=actions_of(request),
        empty=_empty(request),
    )
    listing, _ = show_list(request, WORK_ORDERS, page)
    return {"title": "Work orders", "listing": listing, "tabs": views_of(request, "List")}


def show_of_instrument(request: Any) -> dict[str, Any]:
    """Shows the work orders of one instrument, as a tab of its page.

    Raises:
        NotFound: the instrument does not exist, or lies outside of the scope.
    """
    head = head_of(request, "maintenance.list")
    identifier = request.matchdict["id"]
    page = ListPage(
        route="maintenance.work_order.of_instrument",
        place={"id": identifier},
        fixed={"equipment_id": (identifier,)},
        label="Work orders",
        columns=[column for column in COLUMNS if column.key != "instrument"],
        cells=lambda record: _row(request, record),
        search_label="Filter this list",
        search_hint="Filter by number or title",
        facets=_facets(request),
        empty=_empty(request),
    )
    listing, _ = show_list(request, WORK_ORDERS, page)
    return {**head, "listing": listing}


def _facets(request: Any) -> tuple[Facet, ...]:
    """Returns the filters of the lists."""
    return (
        Facet("status", "State", options(STATUSES)),
        Facet("priority", "Priority", options(PRIORITIES)),
        Facet("type", "Type", options(TYPES)),
        Facet("assigned_to_id", "Assigned to", _people(request)),
    )


def _empty(request: Any) -> dict[str, str]:
    """Returns what is shown instead of rows."""
    return {
        "icon": "wrench",
        "title": "No work order matches" if request.GET else "No work order yet",
        "text": "Nothing has these filters together."
        if request.GET
        else "A plan opens them, or somebody who finds a fault.",
    }


def _people(request: Any) -> list[tuple[str, str]]:
    """Returns the people to whom work can be given."""
    return [(str(key), name) for key, name in People(request.unit).choices()]


def _row(request: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a work order as a row."""
    href = request.route_path("maintenance.work_order.show", id=record["id"])
    state = chip(STATUSES, record["status"])
    if record["overdue"]:
        state = {"word": "Overdue", "tone": "late", "icon": "triangle-alert"}
    instrument = record["equipment"]
    return {
        "id": record["id"],
        "label": record["number"],
        "href": href,
        "cells": {
            "order": {"href": href, "title": record["title"], "tag": record["number"]},
            "state": state,
            "due_on": record["due_on"],
            "priority": chip(PRIORITIES, record["priority"]),
            "type": TYPES[record["type"]],
            "instrument": {
                "href": f"/equipment/{instrument['id']}",
                "label": f"{instrument['asset_tag']} {instrument['name']}",
            },
            "completed": record["completed_date"],
        },
    }


def show(request: Any) -> dict[str, Any]:
    """Shows one work order."""
    return _page(request, ())


def _page(request: Any, problems: Any) -> dict[str, Any]:
    """Returns what the page of a work order needs."""
    unit, fmt, currency = request.unit, formats_of(request), currency_of(request.unit)
    work_order = work_orders.find(unit, request.matchdict["id"])
    equipment = find_equipment(unit, work_order.equipment_id, VIEW)
    may = unit.access.permits(CHANGE)
    path = request.route_path
    done, total = progress(work_order.checklist)
    return {
        "title": work_order.title,
        "crumbs": crumbs_of(request, equipment),
        "order": work_order,
        "equipment": equipment,
        "equipment_href": f"/equipment/{equipment.id}",
        "state": chip(STATUSES, work_order.status),
        "priority": chip(PRIORITIES, work_order.priority),
        "overdue": is_open(work_order.status)
        and work_order.due_on is not None
        and work_order.due_on < fmt.today,
        "facts": _facts(request, work_order, fmt),
        "results": _results(work_order, fmt, currency),
        "currency": currency,
        "items": [_item(request, work_order, item) for item in work_order.checklist],
        "answered": {"done": done, "total": total},
        "may_answer": may and work_order.status in BEGUN,
        "answers_action": path("maintenance.work_order.answers", id=work_order.id),
        "steps": _steps(request, work_order) if may else [],
        "edit_href": path("maintenance.work_order.edit", id=work_order.id)
        if may and is_open(work_order.status)
        else "",
        "signatures": signatures_of(unit, work_order),
        "problems": list(problems),
    }


def crumbs_of(request: Any, equipment: EquipmentFacts) -> list[tuple[str, str | None]]:
    """Returns the way to a page about a work order of an instrument."""
    return [
        ("Maintenance", request.route_path("maintenance.work_order.board")),
        (equipment.asset_tag, f"/equipment/{equipment.id}"),
    ]


def _steps(request: Any, work_order: WorkOrder) -> list[dict[str, Any]]:
    """Returns the steps that may follow; the first is the one that leads on."""
    following = allowed(work_order.status)
    found: list[dict[str, Any]] = []
    for to, route, label, icon in STEPS:
        if to in following:
            href = request.route_path(f"maintenance.work_order.{route}", id=work_order.id)
            said = "Go on" if work_order.status == "on_hold" and to == "in_progress" else label
            kind = "quiet" if found else "primary"
            found.append({"label": said, "href": href, "icon": icon, "kind": kind})
    return found


def _facts(request: Any, work_order: WorkOrder, fmt: Formats) -> list[tuple[str, Any]]:
    """Returns what is known of a work order, beside what came of it."""
    people = People(request.unit)
    ids = [work_order.assigned_to_id] if work_order.assigned_to_id else []
    group = work_order.assigned_group_id
    pairs = [
        ("Number", work_order.number),
        ("Type", TYPES[work_order.type]),
        ("Due on", fmt.date(work_order.due_on) if work_order.due_on else ""),
        ("Planned for", fmt.date(work_order.scheduled_date) if work_order.scheduled_date else ""),
        ("Assigned to", "".join(people.names(ids).values())),
        ("Group", dict(people.groups()).get(group, "") if group else ""),
        ("Asked for by", work_order.requested_by),
        ("Opened at", fmt.datetime(work_order.created_at)),
        ("Affects calibration", "Yes" if work_order.affects_calibration else "No"),
        ("Signature", "Needed at completion" if work_order.signature_required else ""),
    ]
    return [pair for pair in pairs if pair[1]]


def _results(work_order: WorkOrder, fmt: Formats, currency: str) -> list[tuple[str, Any]]:
    """Returns what came of the work."""
    whole = total_cost(work_order.cost, work_order.parts)
    pairs = [
        ("Began", fmt.datetime(work_order.started_at) if work_order.started_at else ""),
        ("Completed", fmt.datetime(work_order.completed_at) if work_order.completed_at else ""),
        ("By", work_order.completed_by),
        ("Labour", minutes(work_order.labour_minutes)),
        ("Downtime", minutes(work_order.downtime_minutes)),
        ("Cost", fmt.money(work_order.cost, currency)),
        ("Cost with parts", fmt.money(whole, currency) if whole != work_order.cost else ""),
        ("Failure code", work_order.failure_code),
    ]
    return [pair for pair in pairs if pair[1]]


def minutes(number: int | None) -> str:
    """Returns a length of time as people read it.

    >>> minutes(95), minutes(40), minutes(None)
    ('1 h 35 min', '40 min', '')
    """
    if number is None:
        return ""
    hours, rest = divmod(number, 60)
    return " ".join(
        text
        for text in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "")
        if text
    )


def _item(request: Any, work_order: WorkOrder, item: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an item of the checklist."""
    low, high = item["lower_limit"], item["upper_limit"]
    limits = f"{low or '…'} to {high or '…'}" if low or high else ""
    photo = ""
    if item["kind"] == ItemKind.PHOTO and item["answer"]:
        photo = request.route_path(
            "maintenance.work_order.file", id=work_order.id, file_id=item["answer"]
        )
    return {**item, "limits": limits, "photo_href": photo}


def answer(request: Any) -> Any:
    """Writes the answers of the form into the checklist; a photo is attached first."""
    unit, identifier = request.unit, request.matchdict["id"]
    work_order = work_orders.find(unit, identifier, CHANGE, lock=True)
    try:
        answers = [
            _answered(request, identifier, item)
            for item in work_order.checklist
            if f"answer.{item['id']}" in request.POST or f"photo.{item['id']}" in request.POST
        ]
        checklists.answer(unit, work_order, answers)
    except (Invalid, Forbidden, UnsupportedMediaType) as error:
        return _page(request, [{**one, "name": ""} for one in problems_of(error)])
    flash(request, "The answers are kept.")
    return see_other(request, "maintenance.work_order.show", id=identifier)


def _answered(request: Any, identifier: uuid.UUID, item: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the form says of one item."""
    said = request.POST.get(f"answer.{item['id']}", item["answer"] or "")
    note = request.POST.get(f"note.{item['id']}", "")
    sent = request.POST.get(f"photo.{item['id']}")
    if hasattr(sent, "file"):
        stored = Attachments(request.unit).attach(
            sent.file, sent.filename, "work_order", identifier, "photo"
        )
        said = str(stored.id)
    texts = [text.strip() if isinstance(text, str) else "" for text in (said, note)]
    if any(len(text) > LONGEST for text in texts):
        raise Invalid.field("answers", f"Use at most {LONGEST} characters for each answer.")
    if item["kind"] == ItemKind.NUMBER:
        texts[0] = texts[0].replace(",", ".")
    return {"id": item["id"], "answer": texts[0], "note": texts[1]}


def read_file(request: Any) -> Response:
    """Sends a file of the work order, for saving."""
    return send_from(request, "work_order")


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "maintenance.work_order.list",
        "/maintenance/orders",
        show_all,
        permission=VIEW,
        template="maintenance/list.html",
    )
    config.add_page(
        "maintenance.work_order.of_instrument",
        "/equipment/{id:uuid}/maintenance",
        show_of_instrument,
        permission=VIEW,
        template="equipment/list_tab.html",
    )
    config.add_page(
        "maintenance.work_order.show",
        "/maintenance/orders/{id:uuid}",
        show,
        permission=VIEW,
        template="maintenance/work_order.html",
    )
    config.add_page(
        "maintenance.work_order.answers",
        "/maintenance/orders/{id:uuid}/answers",
        show,
        permission=VIEW,
        template="maintenance/work_order.html",
        post=answer,
        post_permission=CHANGE,
    )
    config.add_page(
        "maintenance.work_order.file",
        "/maintenance/orders/{id:uuid}/files/{file_id:uuid}",
        read_file,
        permission=VIEW,
    )
