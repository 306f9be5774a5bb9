"""The import wizard's third page: what the words in the columns mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from calibrify_core.exchange.cells import text_of
from calibrify_core.exchange.conversion import BadValue, make_reader
from calibrify_core.exchange.fields import ImportField
from calibrify_core.exchange.options import parse_options
from calibrify_core.kernel.errors import Invalid
from calibrify_core.tasks.job import Job
from calibrify_core.web.kit import problems_of, see_other
from calibrify_equipment.pages.importing import crumbs_of, fields_of
from calibrify_equipment.permissions import IMPORT
from calibrify_equipment.services import import_drafts
from calibrify_equipment.services.import_fields import CREATABLE, OWN

FORMATS = (
    ("%Y-%m-%d", "year-month-day, 2026-03-31"),
    ("%d/%m/%Y", "day/month/year, 31/03/2026"),
    ("%m/%d/%Y", "month/day/year, 03/31/2026"),
    ("%d.%m.%Y", "day.month.year, 31.03.2026"),
    ("%d-%b-%Y", "day-month-year, 31-Mar-2026"),
    ("%d/%m/%y", "day/month/year, 31/03/26"),
    ("%m/%d/%y", "month/day/year, 03/31/26"),
)
ORDERS = {"day_first": "day first", "month_first": "month first", "mixed": "mixed"}
DEFAULTED = ("status", "category", "location", "department")
REFUSED, BLANK = "", " "
"""No word of a file is either: its blanks are cut off."""


def show(request: Any) -> dict[str, Any]:
    """Shows the words of each column that has a choice of meanings, and how often they occur."""
    draft = import_drafts.find_draft(request.unit, request.matchdict["id"])
    return _page(request, draft, draft.payload["options"], [])


def _page(
    request: Any, draft: Job, options: Mapping[str, Any], problems: list[dict[str, str]]
) -> dict[str, Any]:
    """Returns the page's variables."""
    fields = {item.name: item for item in fields_of(request)}
    mapping = {column: name for column, name in draft.payload["mapping"].items() if name}
    kinds = {column: fields[name].kind for column, name in mapping.items()}
    chosen = [column for column in mapping if kinds[column] in {"choice", "boolean"}]
    dated = [column for column in mapping if kinds[column] == "date"]
    with import_drafts.opened(request.unit, draft) as table:
        look = import_drafts.look_at(table, chosen, dated)
    also = _also(fields, mapping)
    created = options.get("create_missing")
    defaults = options.get("defaults", {})
    return {
        "title": f"Values of {draft.payload['name']}",
        "crumbs": crumbs_of(request),
        "problems": problems,
        "rows": look.rows,
        "groups": [
            _group(index, column, fields[mapping[column]], look.values[column], options, also)
            for index, column in enumerate(chosen)
        ],
        "also": [{"name": item.name, "label": item.label} for item in also],
        "dates": [
            {
                "name": f"date-{index}",
                "column": column,
                "found": _found(look.surveys[column]),
                "value": options.get("date_format", {}).get(column, ""),
            }
            for index, column in enumerate(dated)
        ],
        "formats": FORMATS,
        "defaults": [_default(fields[name], defaults.get(name)) for name in DEFAULTED],
        "creatable": [
            (name, fields[name].label) for name in sorted(CREATABLE) if name in mapping.values()
        ],
        "created": sorted(CREATABLE) if created is None else created,
        "separator": options.get("location_separator") or "",
        "nulls": ", ".join(options.get("null_values", [])),
        "stop": options.get("on_error") == "stop",
        "columns_href": request.route_path("equipment.import.columns", id=draft.id),
    }


def _also(fields: Mapping[str, ImportField], mapping: Mapping[str, str]) -> list[ImportField]:
    """Returns the yes-or-no fields of facets that no column has: a state may imply them."""
    passed = {item.name for item in OWN}.union(mapping.values())
    return [
        item
        for item in fields.values()
        if item.kind == "boolean" and item.name not in passed and not item.deferred
    ]


def _group(
    index: int,
    column: str,
    item: ImportField,
    counts: Mapping[str, int],
    options: Mapping[str, Any],
    also: Sequence[ImportField],
) -> dict[str, Any]:
    """Returns the words of one column with their meanings."""
    given = options.get("value_map", {}).get(item.name)
    words = []
    for text, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        meaning = _proposed(item, text) if given is None else given.get(text, REFUSED)
        several = meaning if isinstance(meaning, dict) else {item.name: meaning}
        value = several.get(item.name)
        words.append(
            {
                "text": text,
                "count": count,
                "value": BLANK if value is None else text_of(value),
                "also": {a.name: text_of(several.get(a.name)) for a in also},
            }
        )
    choices = list(item.choices.items()) if item.choices else [("true", "Yes"), ("false", "No")]
    return {
        "index": index,
        "column": column,
        "label": item.label,
        "words": words,
        "choices": choices,
        "blank": BLANK,
        "also": item.name == "status",
        "more": len(counts) >= import_drafts.MOST_VALUES,
    }


def _proposed(item: ImportField, text: str) -> str:
    """Returns the meaning that a word has by itself, or probably has."""
    try:
        value = make_reader(replace(item, deferred=False))(text)
    except BadValue:
        return (import_drafts.guess_status(text) if item.name == "status" else None) or REFUSED
    return text_of(value)


def _found(survey: Any) -> str:
    """Returns what the values of a date column show of their form."""
    order = ORDERS.get(survey.order)
    if order:
        example = survey.month_first or survey.day_first
        return f"As found: {order}, such as {example}"
    return "As found: please choose, it is not clear" if survey.open else "As found"


def _default(item: ImportField, value: Any) -> dict[str, Any]:
    """Returns the field for what a blank means in a new instrument."""
    return {
        "kind": "select" if item.choices else "text",
        "name": f"default-{item.name}",
        "label": item.label,
        "options": list((item.choices or {}).items()),
        "blank": "In service" if item.name == "status" else None,
        "required": False,
        "value": value or "",
    }


def keep(request: Any) -> Any:
    """Keeps what the values mean and starts the check."""
    unit = request.unit
    draft = import_drafts.find_draft(unit, request.matchdict["id"])
    options = _options(request, draft)
    try:
        parse_options(options)
        import_drafts.start_check(unit, draft, options)
    except Invalid as error:
        return _page(request, draft, options, problems_of(error))
    return see_other(request, "equipment.import.check", id=draft.id)


def _options(request: Any, draft: Job) -> dict[str, Any]:
    """Returns the options that the form gives, beside those of the page before."""
    post = request.POST
    before = draft.payload["options"]
    kept = {name: before[name] for name in ("match_on", *import_drafts.READING) if name in before}
    mapping = draft.payload["mapping"]
    fields = {item.name: item for item in fields_of(request)}
    named = {column: fields[name] for column, name in mapping.items() if name}
    also = [item.name for item in _also(fields, {c: i.name for c, i in named.items()})]
    chosen = [c for c, item in named.items() if item.kind in {"choice", "boolean"}]
    dated = [column for column, item in named.items() if item.kind == "date"]
    maps = {
        named[column].name: _value_map(post, index, named[column], also)
        for index, column in enumerate(chosen)
    }
    formats = {
        column: post[f"date-{index}"]
        for index, column in enumerate(dated)
        if post.get(f"date-{index}")
    }
    defaults = {
        name: post[f"default-{name}"].strip()
        for name in DEFAULTED
        if post.get(f"default-{name}", "").strip()
    }
    nulls = [text.strip() for text in post.get("nulls", "").split(",") if text.strip()]
    return {
        **kept,
        "value_map": maps,
        "date_format": formats,
        "defaults": defaults,
        "create_missing": [name for name in post.getall("create") if name in mapping.values()],
        "null_values": nulls,
        "location_separator": post.get("separator", "").strip() or None,
        "on_error": "stop" if post.get("stop") else "skip_rows",
    }


def _value_map(post: Any, index: int, item: ImportField, also: Sequence[str]) -> dict[str, Any]:
    """Returns what the words of one column mean; a word without a meaning stays an error."""
    found: dict[str, Any] = {}
    for number in range(import_drafts.MOST_VALUES):
        text = post.get(f"text-{index}-{number}")
        if text is None:
            break
        value = post.get(f"value-{index}-{number}", REFUSED)
        if value == REFUSED:
            continue
        meaning: Any = None if value == BLANK else value
        if item.kind == "boolean" and meaning is not None:
            meaning = value == "true"
        more = {
            name: post[f"also-{index}-{number}-{name}"] == "true"
            for name in also
            if post.get(f"also-{index}-{number}-{name}")
        }
        found[text] = {item.name: meaning, **more} if more else meaning
    return found


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "equipment.import.values",
        "/equipment/import/{id:uuid}/values",
        show,
        permission=IMPORT,
        template="equipment/import_values.html",
        post=keep,
    )
