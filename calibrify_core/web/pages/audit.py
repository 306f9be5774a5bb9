"""The audit log: who changed what, when and why."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry, AuditSeal
from calibrify_core.auth.permissions import USER_VIEW
from calibrify_core.auth.user import User, account_key
from calibrify_core.kernel.dates import in_words as day_in_words
from calibrify_core.kernel.ids import first_id
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


def _by(accounts: Sequence[str], unit: Any) -> sa.ColumnElement[bool]:
    """Returns the condition that an entry is by an account of one of these names or addresses."""
    ids = [found for account in accounts for found in _accounts(unit, account)]
    return AuditEntry.actor_id.in_(ids)


def _accounts(unit: Any, account: str) -> list[uuid.UUID]:
    """Returns whose name or address this is, for who may see accounts; nobody else finds any."""
    if not unit.access.permits(USER_VIEW):
        return []
    key = account_key(account)
    known = sa.or_(User.username_key == key, User.email_key == key)
    return [user.id for user in unit.session.scalars(unit.select(User, USER_VIEW).where(known))]


# The API asks for moments and ids; people ask for days of their own and for names.
FOR_PEOPLE = replace(
    AUDIT_LIST,
    fields={
        **AUDIT_LIST.fields,
        "on_from": ListField("on_from", DAYS["on_from"], Kind.DATE, matches=_since),
        "on_to": ListField("on_to", DAYS["on_to"], Kind.DATE, matches=_until),
        "who": ListField("who", "Who", matches=_by),
    },
)


def show(request: Any) -> dict[str, Any]:
    """Shows the entries of the organisation, newest first."""

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
                "action": action_in_words(record["action"]),
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
        words=_words(request),
        length=50,
    )
    listing, _ = show_list(request, FOR_PEOPLE, page)
    if not listing["rows"]:
        listing["empty"] = _nobody(request) or page.empty
    days = {name: request.GET.get(name, "") for name in DAYS}
    return {
        "title": "Audit log",
        "listing": listing,
        "days": days,
        "who": request.GET.get("who", "") if request.unit.access.permits(USER_VIEW) else None,
        "actors": request.GET.getall("actor_id"),
    }


def action_in_words(action: str) -> str:
    """Returns what was done, as people read it."""
    return dict(ACTIONS).get(action, action.replace("_", " "))


def _nobody(request: Any) -> dict[str, str] | None:
    """Returns what stands where no entry matches because nobody has a name that was asked for."""
    unknown = [
        account
        for account in request.GET.getall("who")[:MOST_NAMED]
        if account and not _accounts(request.unit, account)
    ]
    if not unknown:
        return None
    return {
        "icon": "user",
        "title": "Nobody has this address",
        "text": f"No account has the e-mail address or username {', '.join(unknown)}.",
    }


def _words(request: Any) -> dict[tuple[str, str], str]:
    """Returns what the tags of the filters by day and by id of a person say."""
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


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "core.audit.list", "/audit", show, permission=AUDIT_VIEW, template="calibrify/audit.html"
    )
