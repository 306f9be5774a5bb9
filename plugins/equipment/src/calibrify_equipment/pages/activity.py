"""What became of an instrument, in words."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from calibrify_core.records.listing import read_request
from calibrify_core.web.page import formats_of
from calibrify_equipment.domain.lifecycle import WORDS, Status
from calibrify_equipment.head import head_of
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.location import Location
from calibrify_equipment.permissions import CATEGORY_VIEW, LOCATION_VIEW, VIEW
from calibrify_equipment.schemas.equipment import FACTS
from calibrify_equipment.services.history import ACTIVITY, HISTORY, activity, history

LABELS = {
    "asset_tag": "asset tag",
    "category_id": "category",
    "location_id": "location",
    "owner_id": "owner",
    "custodian_id": "custodian",
    "supplier_id": "supplier",
    "parent_id": "what it is part of",
    **{name: fact.label.lower() for name, fact in FACTS.items()},
    "custom_fields": "custom fields",
}
ICONS = {"created": "plus", "transition": "activity", "custody": "user", "changed": "pencil"}
HIDDEN = frozenset({"manufacturer_id", "model_id", "holder_id", "held_at_id", "held_since"})
LENGTH = 50
OWN = "equipment"
MARK = " · "
VERBS = {"create": "entered", "delete": "deleted", "sign": "signed"}


def entries_of(request: Any, equipment_id: uuid.UUID, limit: int) -> list[dict[str, Any]]:
    """Returns the latest entries as the timeline shows them."""
    asked = read_request(HISTORY, [("limit", str(limit))])
    page = history(request.unit, equipment_id, asked)
    return told(request, page.rows)


def told(request: Any, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns entries of the history in words."""
    rows = list(rows)
    names = _names(request.unit, rows)
    fmt = formats_of(request)
    return [
        {
            "icon": ICONS.get(row["kind"], "history"),
            "tone": _tone(row),
            "text": _sentence(row, names),
            "when": fmt.datetime(row["at"]),
            "reason": row["reason"] or "",
            "changes": _changes(row, names),
        }
        for row in rows
    ]


def _tone(row: Mapping[str, Any]) -> str:
    """Returns the look of an entry."""
    if row["kind"] != "transition" or _is_other(row):
        return ""
    return {"quarantined": "oot", "in_service": "ok"}.get(row["changes"]["status"][1], "out")


def _sentence(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Returns an entry as one sentence."""
    who, changes = row["actor"], row["changes"]
    if _is_other(row):
        return _sentence_of_other(row)
    if row["kind"] == "created":
        return f"{who} entered it"
    if row["kind"] == "transition":
        before, after = (WORDS[Status(value)] for value in changes["status"])
        return f"{who} moved it on: {before} → {after}"
    if row["kind"] == "custody":
        holder = changes.get("held_by", [None, ""])[1]
        return f"{who} handed it out to {holder}" if holder else f"{who} took it back"
    if "location_id" in changes:
        before, after = (names.get(value or "", "nowhere") for value in changes["location_id"])
        return f"{who} moved it from {before} to {after}"
    words = [label_of(name) for name in changes if name not in HIDDEN]
    return f"{who} changed {', '.join(words) or 'it'}"


def _is_other(row: Mapping[str, Any]) -> bool:
    """Tells whether an entry is about a record that belongs to the instrument."""
    return bool(row.get("object_type", OWN) != OWN)


def _sentence_of_other(row: Mapping[str, Any]) -> str:
    """Returns an entry about a record that belongs to the instrument as one sentence."""
    who, noun = row["actor"], row["object_type"].replace("_", " ")
    label = row["label"].split(MARK)[0]
    what = label if noun in label else f"{noun} {label}".strip()
    if row["action"] in VERBS:
        return f"{who} {VERBS[row['action']]} {what}"
    state = row["changes"].get("state") or row["changes"].get("status")
    if state:
        before, after = (str(value or "new").replace("_", " ") for value in state)
        return f"{who} moved {what} on: {before} → {after}"
    return f"{who} changed {what}"


def label_of(name: str) -> str:
    """Returns a column's name as people read it."""
    return LABELS.get(name, name.replace("_", " "))


def _changes(row: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Returns old and new of each field that an entry changed."""
    if row["kind"] == "created" or _is_other(row):
        return []
    return [
        {
            "label": label_of(name).capitalize(),
            "before": _shown(pair[0], names),
            "after": _shown(pair[1], names),
        }
        for name, pair in row["changes"].items()
        if name not in HIDDEN
    ]


def _shown(value: Any, names: Mapping[str, str]) -> str:
    """Returns a value of the trail as text."""
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return "; ".join(_shown(item, names) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(item, names)}" for key, item in value.items())
    return str(value)


def _names(unit: Any, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Returns the names of the places and kinds that entries mention, within the scope."""
    found: dict[str, str] = {}
    for model, column, permission in (
        (Location, "location_id", LOCATION_VIEW),
        (Category, "category_id", CATEGORY_VIEW),
    ):
        ids = {
            uuid.UUID(value)
            for row in rows
            for value in row["changes"].get(column, ())
            if value is not None
        }
        if ids:
            statement = sa.select(model.id, model.path).where(model.id.in_(ids))
            for row in unit.session.execute(unit.restrict(statement, model, permission)):
                found[str(row.id)] = row.path
    return found


def show(request: Any) -> dict[str, Any]:
    """Shows all that became of an instrument."""
    head = head_of(request, "equipment.activity")
    asked = read_request(ACTIVITY, [("limit", str(LENGTH)), *_cursor(request)], lenient=True)
    page = activity(request.unit, request.matchdict["id"], asked)
    base = request.path
    return {
        **head,
        "entries": told(request, page.rows),
        "next_href": f"{base}?cursor={page.next}" if page.next else "",
        "previous_href": f"{base}?cursor={page.previous}" if page.previous else "",
    }


def _cursor(request: Any) -> list[tuple[str, str]]:
    """Returns the place in the list, if one is asked for."""
    cursor = request.GET.get("cursor")
    return [("cursor", cursor)] if cursor else []


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "equipment.activity.list",
        "/equipment/{id:uuid}/activity",
        show,
        permission=VIEW,
        template="equipment/activity.html",
    )
