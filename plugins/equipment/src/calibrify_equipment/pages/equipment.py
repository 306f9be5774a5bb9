"""The equipment list: what may be used today, found, filtered and sorted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from pyramid.interfaces import IRoutesMapper

from calibrify_core.records.listing import Kind, ListField
from calibrify_core.web.formats import initials
from calibrify_core.web.lists import Column, Facet, ListPage, View, show_list
from calibrify_equipment.domain.lifecycle import WORDS
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.location import Location
from calibrify_equipment.permissions import CATEGORY_VIEW, CHANGE, IMPORT, LOCATION_VIEW, VIEW
from calibrify_equipment.public import ListFacet
from calibrify_equipment.services.listing import equipment_list, facets_of
from calibrify_equipment.services.usability import verdict

FACET = "facet"
MOST_OPTIONS = 40
IMPORT_ROUTE = "equipment.import.start"
EXPORT_ROUTE = "equipment.export.show"


def show(request: Any) -> dict[str, Any]:
    """Shows the list."""
    facets = facets_of(request.platform)
    page = ListPage(
        route="equipment.equipment.list",
        label="Equipment",
        lead="Everything that measures, with its state today.",
        columns=_columns(request, facets),
        cells=lambda record: _row(request, record, facets),
        search_label="Filter this list",
        search_hint="Filter by name, tag, model or serial",
        facets=_filters(request, facets),
        views=_views(facets),
        actions=_actions(request),
        tools=_tools(request),
        bulk=_bulk(request),
        bulk_href=request.route_path("equipment.equipment.select"),
        empty=_empty(request),
    )
    listing, _ = show_list(request, equipment_list(request.platform), page)
    return {"title": "Equipment", "listing": listing}


def _columns(request: Any, facets: list[ListFacet]) -> list[Column]:
    """Returns the columns, those of other plugins in their places among our own."""
    fields = equipment_list(request.platform).fields
    placed = [
        (0, Column("equipment", "Equipment", "name", "name", order="asset_tag")),
        (20, Column("state", "State", "chip", "state shrink")),
        (200, Column("location", "Location", "text", "meta")),
        (210, Column("custodian", "Custodian", "person", "hide-s shrink")),
    ]
    for facet in facets:
        for item in facet.list_columns:
            known = fields.get(item.name)
            order = item.name if known is not None and known.orderable else ""
            placed.append((item.order, Column(item.name, item.title, FACET, item.css, order)))
    return [column for _, column in sorted(placed, key=lambda pair: pair[0])]


def _row(request: Any, record: Mapping[str, Any], facets: list[ListFacet]) -> dict[str, Any]:
    """Returns a record as a row of the table."""
    href = request.route_path("equipment.equipment.show", id=record["id"])
    judged = verdict(request.unit, record)
    maker = " ".join(text for text in (record["manufacturer"], record["model"]) if text)
    cells: dict[str, Any] = {
        "equipment": {
            "title": record["name"],
            "tag": record["asset_tag"],
            "detail": maker,
            "href": href,
        },
        "state": {"tone": judged.state, "word": judged.word, "icon": judged.icon},
        "location": record["location"]["name"] if record["location"] else "",
        "custodian": _person(record["custodian"]),
    }
    for facet in facets:
        for item in facet.list_columns:
            cells[item.name] = {"template": item.template, "row": record, "judged": judged}
    label = f"{record['asset_tag']} {record['name']}"
    return {"id": record["id"], "label": label, "href": href, "cells": cells}


def _person(person: Mapping[str, str] | None) -> dict[str, str] | None:
    """Returns a person as a cell shows them."""
    return {"name": person["name"], "initials": initials(person["name"])} if person else None


def _filters(request: Any, facets: list[ListFacet]) -> list[Facet]:
    """Returns the filters above the table."""
    found = [
        Facet(item.name, item.label, [(choice, _word(choice)) for choice in item.choices])
        for facet in facets
        for item in facet.fields
        if _is_choice(item)
    ]
    statuses = [(str(status), word) for status, word in WORDS.items()]
    found.append(Facet("status", "Status", statuses))
    for model, name, label, permission in (
        (Category, "category", "Category", CATEGORY_VIEW),
        (Location, "location", "Location", LOCATION_VIEW),
    ):
        if request.unit.access.permits(permission):
            options = _nodes(request, model, permission, request.GET.getall(name))
            if options:
                found.append(Facet(name, label, options))
    return found


def _is_choice(item: ListField) -> bool:
    """Tells whether a field of a facet is a filter with a few choices."""
    return item.filterable and item.kind is Kind.CHOICE and bool(item.choices)


def _word(choice: str) -> str:
    """Returns a choice as people read it."""
    return choice.replace("_", " ").capitalize()


def _nodes(request: Any, model: Any, permission: str, chosen: list[str]) -> list[tuple[str, str]]:
    """Returns the upper nodes of a tree as choices, and those that are chosen."""
    statement = sa.select(model.id, model.path).order_by(
        sa.func.length(model.lineage), sa.func.lower(model.path)
    )
    statement = request.unit.restrict(statement.limit(MOST_OPTIONS), model, permission)
    rows = sorted(request.unit.session.execute(statement), key=lambda row: row.path.lower())
    options = [(str(row.id), row.path) for row in rows]
    known = {value for value, _ in options}
    if set(chosen) - known:
        every = sa.select(model.id, model.path).order_by(model.id).limit(5_000)
        found = request.unit.session.execute(request.unit.restrict(every, model, permission))
        options += [(str(row.id), row.path) for row in found if str(row.id) in set(chosen) - known]
    return options


def _views(facets: list[ListFacet]) -> list[View]:
    """Returns the ready-made filters."""
    return [
        View("All", ()),
        *(View(view.label, view.parameters) for facet in facets for view in facet.list_views),
        View("In service", (("status", "in_service"),)),
        View("Quarantined", (("status", "quarantined"),)),
        View("Reference standards", (("is_reference_standard", "true"),)),
    ]


def _knows(request: Any, route: str) -> bool:
    """Tells whether a page is there."""
    mapper = request.registry.queryUtility(IRoutesMapper)
    return mapper is not None and mapper.get_route(route) is not None


def _actions(request: Any) -> list[dict[str, str]]:
    """Returns the buttons of the head that the person may use."""
    found = []
    if request.unit.access.permits(IMPORT) and _knows(request, IMPORT_ROUTE):
        href = request.route_path(IMPORT_ROUTE)
        found.append({"label": "Import", "href": href, "icon": "import", "kind": "hide-s"})
    if request.unit.access.permits(CHANGE):
        href = request.route_path("equipment.equipment.create")
        found.append({"label": "Add equipment", "href": href, "icon": "plus", "kind": "primary"})
    return found


def _tools(request: Any) -> list[dict[str, str]]:
    """Returns the links at the end of the filter bar."""
    query = [pair for pair in request.GET.items() if pair[0] not in {"cursor", "limit"} and pair[1]]
    if not _knows(request, EXPORT_ROUTE):
        return []
    return [
        {
            "label": label,
            "href": request.route_path(EXPORT_ROUTE, _query=[*query, *form]),
            "icon": "download",
        }
        for label, form in (("Export CSV", ()), ("Export Excel", (("format", "xlsx"),)))
    ]


def _bulk(request: Any) -> list[dict[str, str]]:
    """Returns what can be done with selected rows."""
    if not request.unit.access.permits(CHANGE):
        return []
    return [
        {"label": "Change status", "value": "status", "icon": "activity"},
        {"label": "Move", "value": "location", "icon": "map-pin"},
    ]


def _empty(request: Any) -> dict[str, str]:
    """Returns what is shown instead of rows: the beginning, or that nothing matches."""
    if request.GET:
        return {
            "icon": "search",
            "title": "No equipment matches",
            "text": "Nothing has these filters together. Remove one, or search all equipment.",
            "action_label": "Clear filters",
            "action_href": request.route_path("equipment.equipment.list"),
        }
    found = {
        "icon": "gauge",
        "title": "Add your first instrument",
        "text": "Enter one by hand, or import the register that you have.",
    }
    if request.unit.access.permits(CHANGE):
        found["action_label"] = "Add equipment"
        found["action_href"] = request.route_path("equipment.equipment.create")
    return found


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "equipment.equipment.list",
        "/equipment",
        show,
        permission=VIEW,
        template="equipment/list.html",
    )
