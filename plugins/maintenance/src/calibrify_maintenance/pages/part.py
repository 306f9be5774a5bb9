"""Pages of the store: the list of parts, one part with its ledger, and what moves it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyramid.response import Response

from calibrify_core.kernel.errors import CalibrifyError, Conflict, Forbidden, Invalid
from calibrify_core.records.listing import ListRequest, read_request
from calibrify_core.web.conflict import Saved, show_conflict
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.lists import Column, ListPage, View, show_list
from calibrify_core.work.currency import currency_of
from calibrify_maintenance.models.part import Part
from calibrify_maintenance.permissions import CHANGE, PART_CHANGE, PART_MOVE, PART_VIEW
from calibrify_maintenance.schemas.part import (
    CorrectionIn,
    IssueIn,
    PartIn,
    PartReplacement,
    ReceiptIn,
    ReturnIn,
)
from calibrify_maintenance.services import parts, stock
from calibrify_maintenance.services.stock_lists import (
    MOVED,
    PARTS,
    count_short,
    open_orders,
    page_of_movements,
    read_one,
)

FORM = "calibrify/form.html"
LIST = "maintenance.part.list"
SHOW = "maintenance.part.show"
MOST_ROWS = 50
KINDS = {
    "receipt": ("ok", "Receipt", "plus"),
    "issue": ("incal", "Issue", "arrow-right"),
    "return": ("out", "Return", "undo-2"),
    "correction": ("soon", "Correction", "square-pen"),
}
SHORT = {"tone": "late", "word": "Below minimum", "icon": "triangle-alert"}
ENOUGH = {"tone": "ok", "word": "In stock", "icon": "circle-check"}
EMPTY = {"tone": "out", "word": "None left", "icon": "minus"}
IDLE = {"tone": "out", "word": "Not kept any more", "icon": "archive"}


def chip_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Returns what is to be said of the stock of a part."""
    if not record["active"]:
        return IDLE
    if record["below_minimum"]:
        return SHORT
    return ENOUGH if record["stock"] else EMPTY


def show_all(request: Any) -> dict[str, Any]:
    """Shows the list."""
    unit = request.unit
    actions = []
    if unit.access.permits(PART_CHANGE):
        href = request.route_path("maintenance.part.new")
        actions = [{"label": "Add part", "href": href, "icon": "plus", "kind": "primary"}]
    page = ListPage(
        route=LIST,
        label="Parts",
        lead="What the store holds for maintenance, and what runs short.",
        columns=(
            Column("name", "Part", "name", "name", order="name"),
            Column("state", "State", "chip", "state shrink"),
            Column("stock", "In stock", "text", "num meta"),
            Column("minimum", "Minimum", "text", "num hide-s"),
            Column("price", f"Price, {currency_of(unit)}", "number", "num hide-s"),
            Column("location", "Place", "text", "hide-s", order="location"),
        ),
        cells=lambda record: _row(request, record),
        search_label="Filter this list",
        search_hint="Filter by number, name or place",
        views=(
            View("In use", (("active", "true"),)),
            View("Below minimum", (("below_minimum", "true"),), count_short(unit)),
            View("All", ()),
        ),
        actions=actions,
        empty={
            "icon": "boxes",
            "title": "No part matches" if request.GET else "No parts yet",
            "text": "Parts that are entered here can be issued to work orders.",
        },
    )
    listing, _ = show_list(request, PARTS, page)
    return {"title": "Parts", "listing": listing}


def _row(request: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a part as a row of the list."""
    href = request.route_path(SHOW, id=record["id"])
    return {
        "id": record["id"],
        "label": record["name"],
        "href": href,
        "cells": {
            "name": {"title": record["name"], "tag": record["number"], "href": href},
            "state": chip_of(record),
            "stock": f"{record['stock']:f} {record['unit']}",
            "minimum": f"{record['minimum']:f}",
            "price": record["price"],
            "location": record["location"],
        },
    }


def _fields(unit: Any, *, new: bool) -> list[FormField]:
    """Returns the fields of a part's form."""
    opening = FormField("opening_stock", "In stock now", "decimal")
    return [
        FormField("name", "Name", required=True, extra={"maxlength": 200}),
        FormField("number", "Number", hint="Empty: the next one" if new else "", mono=True,
                  extra={"maxlength": 60}),
        FormField("unit", "Unit", required=True, extra={"maxlength": 20}),
        *([opening] if new else []),
        FormField("minimum", "Minimum", "decimal", hint="Below this it is listed as short"),
        FormField("price", "Price of one", "decimal", unit=currency_of(unit)),
        FormField("location", "Place", hint="Shelf or drawer", extra={"maxlength": 200}),
        FormField("notes", "Notes", "textarea", extra={"maxlength": 10_000}),
        *([] if new else [FormField("active", "It is still kept", "checkbox")]),
    ]  # fmt: skip


def form_of(request: Any, part: Part | None) -> Form:
    """Returns the form of a part."""
    if part is None:
        action, back = request.route_path("maintenance.part.new"), request.route_path(LIST)
    else:
        action = request.route_path("maintenance.part.edit", id=part.id)
        back = request.route_path(SHOW, id=part.id)
    return Form(
        action=action,
        sections=[Section("Part", _fields(request.unit, new=part is None))],
        submit_label="Add part" if part is None else "Save part",
        cancel_href=back,
        hidden=[] if part is None else [("version", str(part.version))],
        buttons=[] if part is None else [("Delete", "delete")],
    )


def _form_page(
    request: Any,
    part: Part | None,
    values: Mapping[str, Any],
    problems: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Returns what the form page needs."""
    crumbs = [("Parts", request.route_path(LIST))]
    if part is not None:
        crumbs.append((part.number, request.route_path(SHOW, id=part.id)))
    return {
        "title": "Add part" if part is None else "Change part",
        "crumbs": crumbs,
        "form": form_of(request, part).shown(values, problems),
    }


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields that say something."""
    return {name: value for name, value in values.items() if value is not None}


def show_new(request: Any) -> dict[str, Any]:
    """Shows an empty form."""
    return _form_page(request, None, {"unit": "pcs"})


def create(request: Any) -> Any:
    """Enters a part."""
    values: dict[str, Any] = {}
    try:
        values = posted(form_of(request, None), request.POST)
        made = parts.add(request.unit, validated(PartIn, _given(values)).model_dump())
    except (Invalid, Forbidden) as error:
        return _form_page(request, None, values, problems_of(error))
    flash(request, f"{made.name} is added.")
    return see_other(request, SHOW, id=made.id)


def show_edit(request: Any) -> dict[str, Any]:
    """Shows the form of a part."""
    part = parts.find(request.unit, request.matchdict["id"], PART_CHANGE)
    return _form_page(request, part, _stored(request, part))


def _stored(request: Any, part: Part) -> dict[str, Any]:
    """Returns a part as its form shows it."""
    return {
        item.name: f"{value:f}" if hasattr(value, "as_tuple") else value
        for item in _fields(request.unit, new=False)
        for value in (getattr(part, item.name),)
    }


def save(request: Any) -> Any:
    """Changes a part, or gives it up; who comes second sees both versions."""
    part = parts.find(request.unit, request.matchdict["id"], PART_CHANGE)
    values: dict[str, Any] = {}
    try:
        values = posted(form_of(request, part), request.POST)
        if request.POST.get("version") != str(part.version):
            return _conflict(request, part, values)
        if request.POST.get("do") == "delete":
            parts.delete(request.unit, part)
            flash(request, f"{part.name} is given up.")
            return see_other(request, LIST)
        body = validated(PartReplacement, _given(values))
        parts.change(request.unit, part, body.model_dump())
    except (Invalid, Forbidden, Conflict) as error:
        return _form_page(request, part, values, problems_of(error))
    flash(request, f"{part.name} is saved.")
    return see_other(request, SHOW, id=part.id)


def _conflict(request: Any, part: Part, mine: Mapping[str, Any]) -> Response:
    """Shows what was typed beside what somebody else saved meanwhile."""
    saved = Saved.of(request, part.number, part, request.route_path(SHOW, id=part.id))
    crumbs = [("Parts", request.route_path(LIST))]
    form = form_of(request, part)
    return show_conflict(request, form, mine, _stored(request, part), saved, crumbs=crumbs)


def show(request: Any) -> dict[str, Any]:
    """Shows one part with its ledger."""
    return _page(request, {}, ())


def _page(
    request: Any, values: Mapping[str, Any], problems: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Returns what the page of a part needs."""
    unit, part_id = request.unit, request.matchdict["id"]
    record, _ = read_one(unit, PARTS, part_id)
    asked: ListRequest = read_request(MOVED, [("limit", str(MOST_ROWS))])
    found = page_of_movements(unit, part_id, asked)
    access = unit.access
    orders = open_orders(unit) if access.permits(PART_MOVE) and access.permits(CHANGE) else []
    return {
        "title": record["name"],
        "crumbs": [("Parts", request.route_path(LIST))],
        "part": record,
        "currency": currency_of(unit),
        "chip": chip_of(record),
        "movements": [{**row, "look": KINDS[row["kind"]]} for row in found.rows],
        "more": found.next is not None,
        "orders": [(str(order_id), text) for order_id, text in orders],
        "may_move": access.permits(PART_MOVE),
        "may_correct": access.scope(PART_CHANGE).everything,
        "may_change": access.permits(PART_CHANGE),
        "action": request.route_path(SHOW, id=part_id),
        "edit_href": request.route_path("maintenance.part.edit", id=part_id),
        "values": values,
        "problems": list(problems),
        "errors": {problem["name"]: problem["text"] for problem in problems},
    }


def _receive(unit: Any, part_id: uuid.UUID, values: Mapping[str, Any]) -> str:
    """Puts parts into the store."""
    body = validated(ReceiptIn, values)
    stock.receive(unit, part_id, body.quantity, body.unit_price, body.reason)
    return f"{body.quantity:f} received."


def _issue(unit: Any, part_id: uuid.UUID, values: Mapping[str, Any]) -> str:
    """Takes parts for a work order."""
    body = validated(IssueIn, values)
    stock.issue(unit, part_id, body.order_id, body.quantity, body.reason)
    return f"{body.quantity:f} issued."


def _return(unit: Any, part_id: uuid.UUID, values: Mapping[str, Any]) -> str:
    """Takes parts back from a work order."""
    body = validated(ReturnIn, values)
    stock.give_back(unit, part_id, body.order_id, body.quantity, body.reason)
    return f"{body.quantity:f} taken back."


def _correct(unit: Any, part_id: uuid.UUID, values: Mapping[str, Any]) -> str:
    """Sets the stock to what was counted."""
    body = validated(CorrectionIn, values)
    stock.correct(unit, part_id, body.counted, body.reason)
    return f"The stock is {body.counted:f} now."


MOVES: Mapping[str, Callable[[Any, uuid.UUID, Mapping[str, Any]], str]] = {
    "receive": _receive,
    "issue": _issue,
    "return": _return,
    "correct": _correct,
}


def move(request: Any) -> Any:
    """Does what one of the page's forms asks for; its fields carry the verb in their names."""
    verb, part_id = str(request.POST.get("do", "")), request.matchdict["id"]
    sent = {
        name: text.strip()
        for name, text in request.POST.items()
        if isinstance(text, str) and name.startswith(f"{verb}.")
    }
    values = {name.removeprefix(f"{verb}."): text for name, text in sent.items() if text}
    if verb not in MOVES:
        raise Invalid.field("do", "This is not known here.")
    try:
        said = MOVES[verb](request.unit, part_id, values)
    except (Invalid, Conflict, Forbidden) as error:
        return _page(request, sent, _problems(error, verb))
    flash(request, said)
    return see_other(request, SHOW, id=part_id)


def _problems(error: CalibrifyError, verb: str) -> list[dict[str, str]]:
    """Returns what is wrong at the fields of one form of the page."""
    main = "counted" if verb == "correct" else "quantity"
    return [
        {"name": f"{verb}.{one['name'] or main}", "text": one["text"]} for one in problems_of(error)
    ]


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(LIST, "/parts", show_all, permission=PART_VIEW, template="calibrify/list.html")
    config.add_page(
        "maintenance.part.new",
        "/parts/new",
        show_new,
        permission=PART_CHANGE,
        template=FORM,
        post=create,
    )
    config.add_page(
        SHOW,
        "/parts/{id:uuid}",
        show,
        permission=PART_VIEW,
        template="maintenance/part.html",
        post=move,
        post_permission=PART_MOVE,
    )
    config.add_page(
        "maintenance.part.edit",
        "/parts/{id:uuid}/edit",
        show_edit,
        permission=PART_CHANGE,
        template=FORM,
        post=save,
    )
