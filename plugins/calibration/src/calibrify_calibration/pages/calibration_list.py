"""The lists of calibrations: of all, and of one instrument as a tab of its page."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from calibrify_calibration.pages.wording import (
    KINDS,
    REPORTED,
    RESULTS,
    STATES,
    chip,
    options,
    result_chip,
)
from calibrify_calibration.permissions import RECORD, VIEW
from calibrify_calibration.services.listing import CALIBRATIONS
from calibrify_core.web.lists import Column, Facet, ListPage, View, show_list
from calibrify_equipment.head import head_of
from calibrify_equipment.public import words_of_equipment

COLUMNS = (
    Column("record", "Calibration", "name", "name"),
    Column("state", "State", "chip", "state shrink"),
    Column("performed_on", "Performed on", "date", "meta", order="performed_on"),
    Column("found", "As found", "chip", "labelled shrink"),
    Column("left", "As left", "chip", "labelled shrink"),
    Column("by", "By", "text", "hide-s"),
    Column("certificate", "Certificate", "mono", "hide-s"),
)
FACETS = (
    Facet("state", "State", options(STATES)),
    Facet("as_found_result", "As found", options(RESULTS)),
    Facet("as_left_result", "As left", options(RESULTS)),
    Facet("kind", "Kind", options(KINDS)),
)


def show_all(request: Any) -> dict[str, Any]:
    """Shows the list; that of one instrument leads back to it, and records for it."""
    wanted = request.GET.getall("equipment_id")
    words = words_of_equipment(request.unit, wanted, VIEW)
    one = wanted[0] if len(wanted) == 1 and words else None
    page = ListPage(
        route="calibration.calibration.list",
        label="Calibrations",
        lead="What was measured, by whom, and what came of it.",
        columns=COLUMNS,
        cells=lambda record: _row(request, record),
        words=words,
        search_label="Filter this list",
        search_hint="Filter by number, certificate, tag or name",
        facets=FACETS,
        views=(
            View("All", ()),
            View("Drafts", (("state", "draft"),)),
            View("To review", (("state", "submitted"),)),
            View("Approved", (("state", "approved"),)),
            View("Found out of tolerance", (("as_found_result", "fail"),)),
        ),
        actions=_list_actions(request, one),
        empty=_empty(request, request.route_path("calibration.calibration.list")),
    )
    listing, _ = show_list(request, CALIBRATIONS, page)
    shown: dict[str, Any] = {"title": "Calibrations", "listing": listing}
    if one is not None:
        shown["crumbs"] = [
            ("Equipment", "/equipment"),
            (words["equipment_id", one], f"/equipment/{one}"),
        ]
    return shown


def show_of_instrument(request: Any) -> dict[str, Any]:
    """Shows the calibrations of one instrument, as a tab of its page.

    Raises:
        NotFound: the instrument does not exist, or lies outside of the scope.
    """
    head = head_of(request, "calibration.list")
    identifier = request.matchdict["id"]
    route = "calibration.calibration.of_instrument"
    page = ListPage(
        route=route,
        place={"id": identifier},
        fixed={"equipment_id": (identifier,)},
        label="Calibrations",
        columns=COLUMNS,
        cells=lambda record: _row(request, record, alone=True),
        search_label="Filter this list",
        search_hint="Filter by number or certificate",
        facets=FACETS,
        empty=_empty(request, request.route_path(route, id=identifier), identifier),
    )
    listing, _ = show_list(request, CALIBRATIONS, page)
    return {**head, "listing": listing}


def _list_actions(request: Any, instrument: str | None) -> list[dict[str, str]]:
    """Returns the buttons above the list that the person may use."""
    if not request.unit.access.permits(RECORD):
        return []
    path, query = request.route_path, {"equipment": instrument} if instrument else {}
    return [
        {
            "label": "Record certificate",
            "href": path("calibration.external.new", _query=query),
            "icon": "file-badge",
            "kind": "hide-s",
        },
        {
            "label": "Record calibration",
            "href": path("calibration.calibration.new", _query=query),
            "icon": "clipboard-check",
            "kind": "primary",
        },
    ]


def _empty(request: Any, base: str, instrument: uuid.UUID | None = None) -> dict[str, str]:
    """Returns what is shown instead of rows."""
    if request.GET:
        return {
            "icon": "search",
            "title": "No calibration matches",
            "text": "Nothing has these filters together. Remove one, or see all calibrations.",
            "action_label": "Clear filters",
            "action_href": base,
        }
    found = {
        "icon": "clipboard-check",
        "title": "No calibration yet",
        "text": "Record the first one, or the certificate of an outside laboratory.",
    }
    if instrument is None:
        return found | {"action_label": "Choose an instrument", "action_href": "/equipment"}
    if not request.unit.access.permits(RECORD):
        return found | {"text": "What is recorded or imported for it stands here."}
    address = request.route_path("calibration.external.new", _query={"equipment": str(instrument)})
    return found | {"action_label": "Record certificate", "action_href": address}


def _row(request: Any, record: Mapping[str, Any], *, alone: bool = False) -> dict[str, Any]:
    """Returns a record as a row of the list; alone: of one instrument, which need not be named."""
    href = request.route_path("calibration.calibration.show", id=record["id"])
    instrument, outside = record["equipment"], record["provider"]["type"] == "external"
    reported = chip(REPORTED, record["reported_result"])
    number, kind = record["number"] or "imported", KINDS[record["kind"]]
    named = {
        "title": instrument["name"],
        "tag": instrument["asset_tag"],
        "detail": f"{number} · {kind.lower()}",
    }
    if alone:
        named = {"title": record["number"] or "Imported", "detail": kind}
    return {
        "id": record["id"],
        "label": f"{number} {instrument['asset_tag']}",
        "href": href,
        "cells": {
            "record": {"href": href, **named},
            "state": chip(STATES, record["state"]),
            "performed_on": record["performed_on"],
            "found": None if outside else result_chip(record["as_found_result"]),
            "left": reported or result_chip(record["as_left_result"]),
            "by": "Outside laboratory" if outside else record["performed_by"],
            "certificate": record["provider"]["certificate_number"] or record["certificate_number"],
        },
    }


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "calibration.calibration.list",
        "/calibrations",
        show_all,
        permission=VIEW,
        template="calibrify/list.html",
    )
    config.add_page(
        "calibration.calibration.of_instrument",
        "/equipment/{id:uuid}/calibrations",
        show_of_instrument,
        permission=VIEW,
        template="equipment/list_tab.html",
    )
