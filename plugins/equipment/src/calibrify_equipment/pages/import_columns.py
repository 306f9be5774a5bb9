"""The import wizard's second page: what each column is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibrify_core.exchange.csv_reading import ENCODINGS
from calibrify_core.exchange.fields import guess_mapping
from calibrify_core.exchange.options import parse_options
from calibrify_core.exchange.tables import Table
from calibrify_core.kernel.errors import Invalid
from calibrify_core.tasks.job import Job
from calibrify_core.web.kit import problems_of, see_other
from calibrify_equipment.pages.importing import crumbs_of, fields_of
from calibrify_equipment.permissions import IMPORT
from calibrify_equipment.services import import_drafts, importing

DELIMITERS = ((",", "comma"), (";", "semicolon"), ("\t", "tabulator"), ("|", "vertical line"))
KEYS = (
    ("asset_tag", "Asset tag"),
    ("serial_number", "Manufacturer, model and serial number"),
)


def show(request: Any) -> Any:
    """Shows each column with samples and what it is taken for."""
    unit = request.unit
    draft = import_drafts.find_draft(unit, request.matchdict["id"])
    with import_drafts.opened(unit, draft) as table:
        return _page(request, draft, table, draft.payload["mapping"], [])


def _page(
    request: Any,
    draft: Job,
    table: Table,
    mapping: Any,
    problems: list[dict[str, str]],
) -> dict[str, Any]:
    """Returns the page's variables."""
    samples = import_drafts.samples_of(table)
    options = draft.payload["options"]
    names = {f"mapping.{column}": f"map-{index}" for index, column in enumerate(table.columns)}
    wrong = {problem["name"] for problem in problems}
    shown = [{**problem, "name": _control(problem["name"], names)} for problem in problems]
    return {
        "title": f"Columns of {draft.payload['name']}",
        "crumbs": crumbs_of(request),
        "problems": shown,
        "notes": table.notes,
        "columns": [
            {
                "name": f"map-{index}",
                "column": column,
                "samples": samples[column],
                "field": mapping.get(column) or "",
                "error": f"mapping.{column}" in wrong,
            }
            for index, column in enumerate(table.columns)
        ],
        "fields": [(item.name, item.label) for item in fields_of(request)],
        "keys": KEYS,
        "key": options.get("match_on") or "",
        "encodings": [(name, name) for name in sorted(ENCODINGS)],
        "delimiters": DELIMITERS,
        "is_csv": table.format == "csv",
        "sheets": [(name, name) for name in table.facts.get("sheets", [])],
        "reading": {name: options.get(name) for name in import_drafts.READING},
        "header_row": table.header_row,
    }


def _control(name: str, names: Mapping[str, str]) -> str:
    """Returns the control that a problem is about."""
    return names.get(name, name.removeprefix("options."))


def keep(request: Any) -> Any:
    """Keeps what the columns are and goes on to the values."""
    unit, post = request.unit, request.POST
    draft = import_drafts.find_draft(unit, request.matchdict["id"])
    options = dict(draft.payload["options"])
    reading = _reading(post)
    if reading != {name: options[name] for name in import_drafts.READING if name in options}:
        return _read_again(request, draft, reading)
    with import_drafts.opened(unit, draft) as table:
        mapping = {
            column: post.get(f"map-{index}") or None for index, column in enumerate(table.columns)
        }
        options["match_on"] = post.get("match_on") or None
        try:
            fresh = {name: options[name] for name in ("match_on", *reading) if options.get(name)}
            importing.settled(fields_of(request), table, mapping, parse_options(fresh))
        except Invalid as error:
            return _page(request, draft, table, mapping, problems_of(error))
    if mapping != draft.payload["mapping"]:
        # What was said of values holds for the columns as they were.
        options = fresh
    import_drafts.save(draft, mapping=mapping, options=options)
    return see_other(request, "equipment.import.values", id=draft.id)


def _reading(post: Any) -> dict[str, Any]:
    """Returns how the file is to be read, as far as the person says so."""
    found: dict[str, Any] = {}
    for name in ("encoding", "delimiter", "sheet"):
        if post.get(name):
            found[name] = post[name]
    row = post.get("header_row", "").strip()
    if row.isascii() and row.isdigit():
        found["header_row"] = int(row)
    elif row:
        found["header_row"] = row
    return found


def _read_again(request: Any, draft: Job, reading: dict[str, Any]) -> Any:
    """Reads the file in another way and shows its columns afresh."""
    unit = request.unit
    before = draft.payload
    try:
        parse_options(reading)
        # Rows and columns may be others now: what was corrected is no longer known by them.
        import_drafts.save(draft, options=reading, corrections={})
        with import_drafts.opened(unit, draft) as table:
            mapping = guess_mapping(table.columns, fields_of(request))
    except Invalid as error:
        draft.payload = before
        with import_drafts.opened(unit, draft) as table:
            return _page(request, draft, table, before["mapping"], problems_of(error))
    import_drafts.save(draft, mapping=mapping, options=reading)
    return see_other(request, "equipment.import.columns", id=draft.id)


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "equipment.import.columns",
        "/equipment/import/{id:uuid}/columns",
        show,
        permission=IMPORT,
        template="equipment/import_columns.html",
        post=keep,
    )
