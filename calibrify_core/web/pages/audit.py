"""The audit log: who changed what, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry, AuditSeal
from calibrify_core.kernel.errors import NotFound
from calibrify_core.records.audit_trail import AUDIT_LIST, AUDIT_VIEW
from calibrify_core.web.lists import Column, Facet, ListPage, show_list

ACTIONS = (
    ("create", "Created"),
    ("update", "Changed"),
    ("delete", "Deleted"),
    ("transition", "Moved on"),
    ("sign", "Signed"),
    ("import", "Imported"),
    ("undo_import", "Import undone"),
    ("export", "Exported"),
    ("sign_in", "Signed in"),
    ("sign_in_failed", "Sign-in failed"),
)


def show(request: Any) -> dict[str, Any]:
    """Shows the entries of the organisation, newest first."""
    words = dict(ACTIONS)

    def cells(record: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": record["id"],
            "label": record["label"],
            "href": request.route_path("core.audit.show", id=record["id"]),
            "cells": {
                "at": record["at_moment"],
                "what": {
                    "title": record["label"] or record["object_type"],
                    "href": request.route_path("core.audit.show", id=record["id"]),
                    "detail": record["object_type"].replace("_", " "),
                },
                "action": words.get(record["action"], record["action"].replace("_", " ")),
                "who": record["actor"]["name"],
                "request": record["request_id"],
            },
        }

    page = ListPage(
        route="core.audit.list",
        label="Audit log",
        lead=_sealed(request),
        columns=(
            Column("what", "Object", "name", "name"),
            Column("at", "When", "datetime", "state", order="at"),
            Column("action", "Action", cls="meta"),
            Column("who", "Who", cls="meta"),
            Column("request", "Request", "mono", "hide-s"),
        ),
        cells=cells,
        search_label="Search the audit log",
        search_hint="Object, person or request",
        facets=(Facet("action", "Action", ACTIONS),),
        length=50,
    )
    listing, _ = show_list(request, AUDIT_LIST, page)
    return {"title": "Audit log", "listing": listing}


def _sealed(request: Any) -> str:
    """Returns how far the trail is sealed."""
    last = sa.select(sa.func.max(AuditSeal.position))
    position = request.unit.session.execute(last).scalar_one() or 0
    return f"Sealed up to entry {position}. Entries can be read and never changed."


def detail(request: Any) -> dict[str, Any]:
    """Shows one entry field by field.

    Raises:
        NotFound: there is none in this organisation.
    """
    unit = request.unit
    statement = unit.select(AuditEntry, AUDIT_VIEW).where(AuditEntry.id == request.matchdict["id"])
    found = unit.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("There is no such entry.")
    crumbs = [("Audit log", request.route_path("core.audit.list"))]
    action = dict(ACTIONS).get(found.action, found.action.replace("_", " "))
    title = found.label or found.object_type.replace("_", " ")
    return {"title": title, "crumbs": crumbs, "entry": found, "action": action}


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "core.audit.list", "/audit", show, permission=AUDIT_VIEW, template="calibrify/list.html"
    )
    config.add_page(
        "core.audit.show",
        "/audit/{id:uuid}",
        detail,
        permission=AUDIT_VIEW,
        template="calibrify/audit_entry.html",
    )
