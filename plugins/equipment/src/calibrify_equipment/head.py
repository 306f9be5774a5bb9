"""The head that all pages of an instrument share, for the tabs of other plugins too."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from calibrify_core.web.page import formats_of
from calibrify_core.web.panels import panels_of
from calibrify_equipment.domain.lifecycle import allowed
from calibrify_equipment.permissions import CHANGE, CUSTODY, VIEW
from calibrify_equipment.public import DetailTab, Usability
from calibrify_equipment.services.listing import read_record
from calibrify_equipment.services.usability import verdict

TABS = "calibrify_equipment_tabs"
OWN_TABS = (
    DetailTab("equipment.overview", "Overview", "equipment.equipment.show", VIEW, 0),
    DetailTab("equipment.documents", "Documents", "equipment.document.list", VIEW, 80),
    DetailTab("equipment.activity", "Activity", "equipment.activity.list", VIEW, 90),
)


def head_of(request: Any, tab: str) -> dict[str, Any]:
    """Returns what the pages of an instrument have in common.

    The template of a tab extends ``equipment/detail_base.html``. That of a tab which is a list is
    ``equipment/list_tab.html``; it is handed the ``listing`` beside this.

    Args:
        request: its ``id`` names the instrument.
        tab: name of the tab that is shown.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    record, version = read_record(request.unit, request.matchdict["id"])
    judged = verdict(request.unit, record)
    return {
        "title": record["name"],
        "crumbs": crumbs_of(request, record)[: 1 if tab == OWN_TABS[0].name else 2],
        "equipment": record,
        "version": version,
        "verdict": judged,
        "interval": interval_of(request, judged),
        "tabs": _tabs(request, record, tab),
        "actions": panels_of(request, "equipment.detail.actions", record),
        "menu": _menu(request, record),
    }


def crumbs_of(request: Any, record: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Returns the way to a page below an instrument's own."""
    return [
        ("Equipment", request.route_path("equipment.equipment.list")),
        (record["asset_tag"], request.route_path("equipment.equipment.show", id=record["id"])),
    ]


def interval_of(request: Any, judged: Usability) -> dict[str, Any] | None:
    """Returns the interval bar of a verdict, if it has a date."""
    if judged.due_on is None:
        return None
    fmt = formats_of(request)
    return {
        "on": judged.due_on,
        "relative": fmt.relative(judged.due_on),
        "tone": judged.state,
        "used": fmt.used(judged.since_on, judged.due_on),
    }


def _tabs(request: Any, record: Mapping[str, Any], shown: str) -> list[dict[str, Any]]:
    """Returns the tabs that the person may open; one that leads nowhere is left out."""
    declared = [("equipment", tab) for tab in OWN_TABS]
    declared += [(one.plugin, one.value) for one in request.platform.plugins.collect(TABS)]
    found = []
    for plugin, tab in sorted(declared, key=lambda one: (one[1].order, one[1].name)):
        if request.unit.access.permits(tab.permission):
            address = partial(request.route_path, tab.route, id=record["id"])
            href = request.unit.guarded(plugin, tab.name, address).value
            if href is not None:
                found.append({"label": tab.label, "href": href, "current": tab.name == shown})
    return found


def _menu(request: Any, record: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns what can be done with an instrument."""
    access, found = request.unit.access, []

    def add(label: str, icon: str, route: str, hotkey: str = "") -> None:
        href = request.route_path(route, id=record["id"])
        found.append({"label": label, "icon": icon, "href": href, "hotkey": hotkey})

    if access.permits(CHANGE):
        add("Edit", "pencil", "equipment.equipment.edit", "e")
        if allowed(record["status"]):
            add("Change status", "activity", "equipment.transition.create")
    if access.permits(CUSTODY):
        if record["custody"]:
            add("Check in", "undo-2", "equipment.custody.check_in")
        else:
            add("Check out", "send", "equipment.custody.check_out")
    return found
