"""List, form and removal of a plain noun: categories, locations, makers and parties."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from calibrify_core.api.types import Body
from calibrify_core.kernel.errors import CalibrifyError, Conflict, Forbidden, Invalid, StaleVersion
from calibrify_core.records.listing import ListSpec
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.lists import Column, ListPage, show_list
from calibrify_equipment.services.reference_lists import read_one

FORM = "calibrify/form.html"


@dataclass(frozen=True, slots=True)
class ReferencePages:
    """The pages of a noun.

    Attributes:
        noun: in the singular; part of the routes' names.
        title: in the plural, as people read it; the address is made of it.
        lead: one sentence below the title.
        icon: of the empty list.
        spec: its list.
        change_permission: needed to write.
        columns: of the table; the first leads to the form.
        cells: turns a record into the cells of its row, given the address of its form.
        fields: called with the request, returns the fields of the form.
        body: schema of what is sent.
        values: turns a record into values of the form.
        members: turns values of the form into members of the body.
        find: called with (unit, id): the object that is to be changed.
        add: called with (unit, values).
        change: called with (unit, object, values).
        delete: called with (unit, object).
    """

    noun: str
    title: str
    lead: str
    icon: str
    spec: ListSpec
    change_permission: str
    columns: Sequence[Column]
    cells: Callable[[Mapping[str, Any], str], dict[str, Any]]
    fields: Callable[[Any], Sequence[FormField]]
    body: type[Body]
    values: Callable[[Mapping[str, Any]], dict[str, Any]]
    members: Callable[[dict[str, Any]], dict[str, Any]]
    find: Callable[[Any, Any], Any]
    add: Callable[[Any, Any], Any]
    change: Callable[[Any, Any, Any], Any]
    delete: Callable[[Any, Any], None]

    def route(self, verb: str) -> str:
        """Returns the name of a route."""
        return f"equipment.{self.noun}.{verb}"


def _list(pages: ReferencePages) -> Callable[[Any], dict[str, Any]]:
    """Makes the view of the list."""

    def show(request: Any) -> dict[str, Any]:
        may = request.unit.access.permits(pages.change_permission)
        first, *others = pages.columns
        columns = [first if may else replace(first, kind="text"), *others]

        def row(record: Mapping[str, Any]) -> dict[str, Any]:
            href = request.route_path(pages.route("edit"), id=record["id"]) if may else ""
            cells = pages.cells(record, href)
            if not may:  # there is nothing to open
                cells[columns[0].key] = cells[columns[0].key]["title"]
            return {"id": record["id"], "label": record["name"], "href": href, "cells": cells}

        add = {
            "label": f"Add {pages.noun}",
            "href": request.route_path(pages.route("create")),
            "icon": "plus",
            "kind": "primary",
        }
        page = ListPage(
            route=pages.route("list"),
            label=pages.title,
            lead=pages.lead,
            columns=columns,
            cells=row,
            search_label=f"Search {pages.title.lower()}",
            actions=[add] if may else [],
            empty={
                "icon": pages.icon,
                "title": f"No {pages.title.lower()}" if not request.GET else "Nothing matches",
                "text": pages.lead,
            },
            length=50,
        )
        listing, _ = show_list(request, pages.spec, page)
        return {"title": pages.title, "listing": listing}

    return show


def _form(pages: ReferencePages, request: Any, record: Mapping[str, Any] | None) -> Form:
    """Returns the form of a new record, or of one that is there."""
    if record is None:
        action = request.route_path(pages.route("create"))
    else:
        action = request.route_path(pages.route("edit"), id=record["id"])
    return Form(
        action=action,
        sections=[Section(pages.noun.capitalize(), pages.fields(request))],
        submit_label="Save" if record else f"Add {pages.noun}",
        cancel_href=request.route_path(pages.route("list")),
        hidden=[("version", str(record["version"]))] if record else [],
        buttons=[("Delete", "delete")] if record else [],
    )


def _shown(
    pages: ReferencePages,
    request: Any,
    record: Mapping[str, Any] | None,
    values: Mapping[str, Any],
    problems: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Returns what the form page needs."""
    return {
        "title": f"Edit {record['name']}" if record else f"Add {pages.noun}",
        "crumbs": [(pages.title, request.route_path(pages.route("list")))],
        "form": _form(pages, request, record).shown(values, problems),
    }


def _creating(pages: ReferencePages) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Makes the views that add a record."""

    def offer(request: Any) -> dict[str, Any]:
        return _shown(pages, request, None, dict(request.GET))

    def create(request: Any) -> Any:
        values = posted(_form(pages, request, None), request.POST)
        try:
            body = validated(pages.body, _given(pages.members(values)))
            made = pages.add(request.unit, body.model_dump())
        except (Invalid, Forbidden) as error:
            return _shown(pages, request, None, values, problems_of(error))
        flash(request, f"{made.name} is added.")
        return see_other(request, pages.route("list"))

    return offer, create


def _editing(pages: ReferencePages) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Makes the views that change a record, or delete it."""

    def load(request: Any) -> tuple[Any, dict[str, Any]]:
        found = pages.find(request.unit, request.matchdict["id"])
        record, version = read_one(request.unit, pages.spec, found.id)
        return found, {**record, "version": version}

    def edit(request: Any) -> dict[str, Any]:
        _, record = load(request)
        return _shown(pages, request, record, pages.values(record))

    def save(request: Any) -> Any:
        found, record = load(request)
        values = posted(_form(pages, request, record), request.POST)
        name = record["name"]
        try:
            if request.POST.get("version") != str(record["version"]):
                raise StaleVersion(f"Somebody else changed this {pages.noun}. Look at it again.")
            if request.POST.get("do") == "delete":
                pages.delete(request.unit, found)
                flash(request, f"{name} is deleted.")
                return see_other(request, pages.route("list"))
            body = validated(pages.body, _given(pages.members(values)))
            pages.change(request.unit, found, body.model_dump())
        except (Invalid, Forbidden, StaleVersion) as error:
            return _shown(pages, request, record, values, problems_of(error))
        except Conflict as error:
            return _refused(pages, request, record, values, error)
        flash(request, f"{found.name} is saved.")
        return see_other(request, pages.route("list"))

    return edit, save


def _refused(
    pages: ReferencePages,
    request: Any,
    record: Mapping[str, Any],
    values: Mapping[str, Any],
    error: CalibrifyError,
) -> Any:
    """Shows a conflict on the form where nothing was written; else it passes on."""
    if "in use" not in error.detail:
        raise error
    return _shown(pages, request, record, values, problems_of(error))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the members that say something."""
    return {name: value for name, value in values.items() if value is not None}


def add_reference_pages(config: Any, pages: ReferencePages) -> None:
    """Adds list and forms of a noun."""
    address = f"/{pages.title.lower()}"
    offer, create = _creating(pages)
    edit, save = _editing(pages)
    config.add_page(
        pages.route("list"),
        address,
        _list(pages),
        permission=pages.spec.permission,
        template="calibrify/list.html",
    )
    config.add_page(
        pages.route("create"),
        f"{address}/new",
        offer,
        permission=pages.change_permission,
        template=FORM,
        post=create,
    )
    config.add_page(
        pages.route("edit"),
        f"{address}/{{id:uuid}}",
        edit,
        permission=pages.change_permission,
        template=FORM,
        post=save,
    )
