"""The rows of a checklist in a form: some blank ones at the end, more by a button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.response import Response

from calibrify_core.web.conflict import Saved, compared, show_conflict
from calibrify_core.web.forms import Form
from calibrify_maintenance.pages.wording import ITEM_KINDS, options
from calibrify_maintenance.schemas.work_order import MOST_ITEMS

BLANK_ROWS = 3
COLUMNS = ("id", "kind", "label", "unit", "lower_limit", "upper_limit", "required")
ADD = "add_rows"
"""What the button says in ``do`` that shows the form again with more blank rows."""

_BLANK: Mapping[str, Any] = {
    **dict.fromkeys(COLUMNS, ""),
    "kind": "pass_fail",
    "required": True,
}


def posted_rows(post: Any) -> list[dict[str, Any]]:
    """Returns the rows of a posted form that say something, up to one more than there may be."""
    columns = {
        name: [text if isinstance(text, str) else "" for text in post.getall(f"item_{name}")]
        for name in COLUMNS
    }
    found = []
    for place, label in enumerate(columns["label"]):
        row = {
            name: values[place].strip() if place < len(values) else ""
            for name, values in columns.items()
        }
        if label.strip():
            found.append({**row, "required": row["required"] != "no"})
    return found[: MOST_ITEMS + 1]


def bodies(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns rows as the API takes them; a new one gets an id that no other has.

    >>> rows = [{"id": "2", "lower_limit": "1,5"}, {"id": "", "lower_limit": ""}]
    >>> bodies(rows)
    [{'id': '2', 'lower_limit': '1.5'}, {'id': '3', 'lower_limit': None}]
    """
    numbers = [int(row["id"]) for row in rows if row["id"].isascii() and row["id"].isdigit()]
    last = max(numbers, default=0)
    made = []
    for row in rows:
        limits = {
            name: str(value or "").replace(",", ".") or None
            for name, value in row.items()
            if name.endswith("_limit")
        }
        if not row["id"]:
            last += 1
        made.append({**row, **limits, "id": row["id"] or str(last)})
    return made


def shown_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns what the form needs to show rows, with blank ones after them."""
    blank = [dict(_BLANK) for _ in range(BLANK_ROWS)]
    return {"items": [*rows, *blank], "kinds": options(ITEM_KINDS), "add_rows": ADD}


def shown_problems(
    problems: Sequence[Mapping[str, str]], names: Mapping[str, str]
) -> list[dict[str, str]]:
    """Returns problems at the fields of the form; those of the checklist name the row.

    Args:
        problems: of the API's members.
        names: the fields of the form whose members have other names, by member.
    """
    shown = []
    for one in problems:
        name, text = names.get(one["name"], one["name"]), one["text"]
        place = name.split(".")
        if place[0] == "checklist":
            name = ""
            if len(place) > 1:
                text = f"Item {int(place[1]) + 1} of the checklist: {text}"
        shown.append({"name": name, "text": text})
    return shown


def show_both(
    request: Any,
    form: Form,
    mine: tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]],
    theirs: tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]],
    saved: Saved,
    crumbs: Sequence[tuple[str, str | None]],
) -> Response:
    """Shows what was typed beside what somebody else saved meanwhile, fields and rows.

    Args:
        request: the request.
        form: what was filled in.
        mine: what was typed, by field, and the rows.
        theirs: what is saved, by field, and the rows.
        saved: whose version stands.
        crumbs: the way to the page.
    """
    return show_conflict(
        request,
        form,
        mine[0],
        theirs[0],
        saved,
        crumbs=crumbs,
        rows=_compared_rows(mine[1], theirs[1]),
        hidden=_hidden_rows(mine[1]),
    )


def _compared_rows(
    mine: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Returns the rows of two versions beside each other, by their place."""
    texts = [[_line(row) for row in rows] for rows in (mine, theirs)]
    most = max(len(side) for side in texts)
    first, second = ([*side, *[""] * (most - len(side))] for side in texts)
    return [
        compared(f"Checklist, item {place}", *pair)
        for place, pair in enumerate(zip(first, second, strict=True), 1)
    ]


def _hidden_rows(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Returns rows as the hidden fields that send them again."""
    return [
        (f"item_{name}", ("yes" if row[name] else "no") if name == "required" else row[name] or "")
        for row in rows
        for name in COLUMNS
    ]


def _line(row: Mapping[str, Any]) -> str:
    """Returns a row as one line."""
    low, high = row["lower_limit"], row["upper_limit"]
    limits = f"{low or '…'} to {high or '…'} {row['unit']}".strip() if low or high else row["unit"]
    parts = (row["label"], ITEM_KINDS.get(row["kind"], row["kind"]), limits)
    needed = "" if row["required"] else "optional"
    return ", ".join(part for part in (*parts, needed) if part)
