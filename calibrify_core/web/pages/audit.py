"""The audit log: who changed what, when and why."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry, AuditSeal
from calibrify_core.audit.trail import Audited, in_words
from calibrify_core.auth.permissions import USER_VIEW
from calibrify_core.auth.user import User
from calibrify_core.kernel.dates import in_words as day_in_words
from calibrify_core.kernel.errors import NotFound
from calibrify_core.kernel.ids import first_id
from calibrify_core.persistence.base import Base
from calibrify_core.records.audit_trail import AUDIT_LIST, AUDIT_VIEW
from calibrify_core.records.listing import Kind, ListField
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
DAYS = {"on_from": "From", "on_to": "To"}
MOST_PEOPLE = 100
MOST_NAMED = 10
# Ids are made a moment before or after the entry says that it was written.
SLACK = timedelta(minutes=1)
FIRST, LAST = date(1970, 1, 2), date(9000, 1, 1)


def _midnight(unit: Any, day: date) -> datetime:
    """Returns when a day begins for the organisation, in UTC."""
    within = min(max(day, FIRST), LAST)
    return datetime.combine(within, time(), unit.organisation.zone).astimezone(UTC)


def _since(days: Sequence[date], unit: Any) -> sa.ColumnElement[bool]:
    """Returns the condition that an entry is of a day or later; ids let an index answer it."""
    begin = _midnight(unit, max(days))
    return sa.and_(AuditEntry.id >= first_id(begin - SLACK), AuditEntry.at >= begin)


def _until(days: Sequence[date], unit: Any) -> sa.ColumnElement[bool]:
    """Returns the condition that an entry is of a day or earlier."""
    end = _midnight(unit, min(*days, LAST) + timedelta(days=1))
    return sa.and_(AuditEntry.id < first_id(end + SLACK), AuditEntry.at < end)


# The API asks for moments; people ask for days of their own.
BY_DAY = replace(
    AUDIT_LIST,
    fields={
        **AUDIT_LIST.fields,
        "on_from": ListField("on_from", DAYS["on_from"], Kind.DATE, matches=_since),
        "on_to": ListField("on_to", DAYS["on_to"], Kind.DATE, matches=_until),
    },
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
        facets=(Facet("action", "Action", ACTIONS), *_people(request.unit)),
        words=_words(request),
        length=50,
    )
    listing, _ = show_list(request, BY_DAY, page)
    days = {name: request.GET.get(name, "") for name in DAYS}
    return {"title": "Audit log", "listing": listing, "days": days}


def _people(unit: Any) -> list[Facet]:
    """Returns the filter by person, for who may see accounts and where they are not too many.

    The page of an entry leads to all that its author did, whoever that is.
    """
    if not unit.access.permits(USER_VIEW):
        return []
    statement = unit.select(User, USER_VIEW).order_by(User.name, User.username)
    found = list(unit.session.scalars(statement.limit(MOST_PEOPLE + 1)))
    if len(found) > MOST_PEOPLE:
        return []
    return [Facet("actor_id", "Who", [(str(one.id), one.display_name) for one in found])]


def _words(request: Any) -> dict[tuple[str, str], str]:
    """Returns what the tags of the filters by day and by person say."""
    found: dict[tuple[str, str], str] = {}
    for name, label in DAYS.items():
        for text in request.GET.getall(name):
            day = _read(date.fromisoformat, text)
            if day is not None:
                found[name, text] = f"{label} {day_in_words(day)}"
    unit = request.unit
    for text in request.GET.getall("actor_id")[:MOST_NAMED]:
        identifier = _read(uuid.UUID, text)
        if identifier is not None:
            statement = unit.select(AuditEntry, AUDIT_VIEW)
            statement = statement.where(AuditEntry.actor_id == identifier)
            last = unit.session.scalars(statement.order_by(AuditEntry.id.desc()).limit(1)).first()
            found["actor_id", text] = f"Who: {last.actor_name if last else text}"
    return found


def _read(parse: Callable[[str], Any], text: str) -> Any:
    """Returns what a text denotes, None if it denotes nothing."""
    try:
        return parse(text)
    except ValueError:
        return None


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
    kind = _class_of(found.object_type)
    words = {name: kind.audit_word(name) if kind else in_words(name) for name in found.changes}
    return {
        "title": title,
        "crumbs": crumbs,
        "entry": found,
        "action": action,
        "words": words,
        "author_href": request.route_path(
            "core.audit.list", _query={"actor_id": str(found.actor_id)}
        )
        if found.actor_id
        else "",
    }


def _class_of(object_type: str) -> type[Audited] | None:
    """Returns the class that the trail calls so; None for what is no row of a table."""
    classes = (mapper.class_ for mapper in Base.registry.mappers)
    return next(
        (one for one in classes if getattr(one, "__audit_type__", None) == object_type), None
    )


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "core.audit.list", "/audit", show, permission=AUDIT_VIEW, template="calibrify/audit.html"
    )
    config.add_page(
        "core.audit.show",
        "/audit/{id:uuid}",
        detail,
        permission=AUDIT_VIEW,
        template="calibrify/audit_entry.html",
    )
