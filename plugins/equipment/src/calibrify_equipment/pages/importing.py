"""The import wizard's first and last page, and files in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyramid.response import Response

from calibrify_core.api.reply import attachment
from calibrify_core.exchange.tables import MOST_SHOWN
from calibrify_core.exchange.writing import CSV_TYPE, XLSX_TYPE, csv_bytes, xlsx_bytes
from calibrify_core.kernel.errors import CalibrifyError, Invalid
from calibrify_core.records.jobs import find_job
from calibrify_core.records.listing import read_request
from calibrify_core.tasks.job import Job
from calibrify_core.web.kit import problems_of, see_other
from calibrify_equipment.permissions import IMPORT, VIEW
from calibrify_equipment.services import exporting, import_drafts, importing
from calibrify_equipment.services.import_fields import fields_for, template_rows

CRUMBS: list[tuple[str, str | None]] = [("Equipment", "/equipment")]
SHOWN = 200


def crumbs_of(request: Any) -> list[tuple[str, str | None]]:
    """Returns the way to a later page of the wizard."""
    return [*CRUMBS, ("Import", request.route_path("equipment.import.start"))]


def show_upload(request: Any) -> dict[str, Any]:
    """Shows the form that takes the file."""
    importing.require_rights(request.unit)
    return _upload_page(request, [])


def _upload_page(request: Any, problems: list[dict[str, str]]) -> dict[str, Any]:
    path = request.route_path
    return {
        "title": "Import equipment",
        "crumbs": CRUMBS,
        "problems": problems,
        "templates": [
            ("CSV template", path("equipment.import.template", _query={"format": "csv"})),
            ("Excel template", path("equipment.import.template", _query={"format": "xlsx"})),
        ],
        "fields": [(item.label, ", ".join(item.synonyms[:4])) for item in fields_of(request)],
    }


def fields_of(request: Any) -> Any:
    """Returns what can be imported."""
    return fields_for(request.unit)


def take_upload(request: Any) -> Any:
    """Takes the file and goes on to its columns."""
    given = request.POST.get("file")
    try:
        if not hasattr(given, "file") or not given.filename:
            raise Invalid.field("/file", "Choose a file.")
        name = str(given.filename).replace("\\", "/").rsplit("/", 1)[-1]
        name = "".join(c for c in name if c.isprintable())[-200:] or "register"
        draft = import_drafts.make_draft(request.unit, given.file, name)
    except (CalibrifyError, UnicodeError) as error:
        known = error if isinstance(error, CalibrifyError) else Invalid.field("/file", str(error))
        if known.status not in {413, 422}:
            raise
        return _upload_page(request, problems_of(known))
    return see_other(request, "equipment.import.columns", id=draft.id)


def show_check(request: Any) -> Any:
    """Shows what the import would do, row by row where something is wrong."""
    unit = request.unit
    draft = import_drafts.find_draft(unit, request.matchdict["id"])
    job = import_drafts.check_of(unit, draft)
    if job is None:
        return see_other(request, "equipment.import.values", id=draft.id)
    return _check_page(request, draft, job, [])


def _check_page(
    request: Any, draft: Job, job: Job, problems: list[dict[str, str]]
) -> dict[str, Any]:
    return {
        "title": f"Check {draft.payload['name']}",
        "crumbs": crumbs_of(request),
        "problems": problems,
        "check": _check(request, draft, job),
    }


def _check(request: Any, draft: Job, job: Job) -> dict[str, Any]:
    """Returns a dry run as its template needs it."""
    result = job.result or {}
    good = sum(result.get(name, 0) for name in ("created", "updated", "unchanged"))
    failed = result.get("failed", 0)
    path = request.route_path
    stopped = result.get("stopped_at")
    return {
        "id": job.id,
        "longest": import_drafts.LONGEST_CORRECTION,
        "running": not job.finished,
        "failed": job.state in {"failed", "cancelled"},
        "problem": job.errors[0]["detail"] if job.errors else None,
        "done": job.done,
        "total": job.total,
        "sentence": job.message or "Waiting for its turn",
        "facts": [
            ("Rows", result.get("rows", 0)),
            ("New", result.get("created", 0)),
            ("Changed", result.get("updated", 0)),
            ("Unchanged", result.get("unchanged", 0)),
            ("With errors", failed),
        ],
        "good": good,
        "stopped": stopped,
        "label": _label(good, failed),
        "notes": result.get("notes", []),
        "errors": [{**item, "control": name} for name, item in _controls(job)],
        "corrected": _corrected(sum(map(len, job.payload.get("corrections", {}).values()))),
        "errors_total": result.get("errors_total", 0),
        "warnings": result.get("warnings", [])[:SHOWN],
        "warnings_total": result.get("warnings_total", 0),
        "errors_href": path("equipment.import.errors", id=job.id) if failed else None,
        "values_href": path("equipment.import.values", id=draft.id),
        "columns_href": path("equipment.import.columns", id=draft.id),
    }


def _label(good: int, failed: int) -> str:
    """Returns what the button says."""
    rows = "1 row" if good == 1 else f"{good:,} good rows" if failed else f"{good:,} rows"
    return f"Import {rows}, skip {failed:,}" if failed else f"Import {rows}"


def _corrected(cells: int) -> str | None:
    """Returns what the page says of cells that are put right, None if there are none."""
    if not cells:
        return None
    what = "1 cell is" if cells == 1 else f"{cells:,} cells are"
    return f"{what} corrected for this import; the file stays as it is."


def _controls(job: Job) -> list[tuple[str | None, dict[str, Any]]]:
    """Returns the errors that are shown, each with the control that its cell is corrected in.

    Not in one line, or cut short, a value is corrected in the file; a cell with two errors has
    one control.
    """
    found: list[tuple[str | None, dict[str, Any]]] = []
    cells = set()
    for index, item in enumerate((job.result or {}).get("errors", [])[:SHOWN]):
        cell, value = (item["row"], item["column"]), item["value"]
        whole = len(value) < MOST_SHOWN and value.isprintable()
        offered = item["column"] is not None and whole and cell not in cells
        cells.add(cell)
        found.append((f"cell-{index}" if offered else None, item))
    return found


def act(request: Any) -> Any:
    """Starts the import, or checks it again with cells put right."""
    unit, wanted = request.unit, request.POST.get("do")
    draft = import_drafts.find_draft(unit, request.matchdict["id"])
    if wanted not in {"correct", "take_back"}:
        job = import_drafts.start_run(unit, draft)
        return see_other(request, "core.job.show", id=job.id)
    check = import_drafts.check_of(unit, draft)
    if check is None:
        return see_other(request, "equipment.import.values", id=draft.id)
    try:
        if wanted == "take_back":
            import_drafts.take_corrections_back(unit, draft)
        else:
            import_drafts.correct(unit, draft, _corrections(check, request.POST))
    except Invalid as error:
        return _check_page(request, draft, check, problems_of(error))
    return see_other(request, "equipment.import.check", id=draft.id)


def _corrections(job: Job, post: Mapping[str, str]) -> dict[int, dict[str, str]]:
    """Returns the cells that a person has changed.

    Raises:
        Invalid: none is changed, or another check has taken the place of the one that was shown.
    """
    if post.get("check") != str(job.id):
        raise Invalid(detail="The import was checked again meanwhile; this is the new result.")
    found: dict[int, dict[str, str]] = {}
    controls = [(name, item) for name, item in _controls(job) if name is not None]
    for name, item in controls:
        text = post.get(name, item["value"])
        if text != item["value"]:
            found.setdefault(item["row"], {})[item["column"]] = text
    if not found:
        first = controls[0][0] if controls else "cells"
        raise Invalid.field(f"/{first}", "No value is changed.")
    return found


def errors(request: Any) -> Response:
    """Returns the rows of an import that failed."""
    job = find_job(request.unit, request.matchdict["id"])
    pieces = importing.read_error_file(request.platform, job)
    return attachment("import-errors.csv", CSV_TYPE, None, pieces)


def template(request: Any) -> Response:
    """Returns the file that people start from."""
    header, example = template_rows(fields_of(request))
    if request.GET.get("format") == "xlsx":
        pieces = xlsx_bytes(header, [example], sheet="Equipment")
        return attachment("equipment-template.xlsx", XLSX_TYPE, None, pieces)
    return attachment("equipment-template.csv", CSV_TYPE, None, csv_bytes(header, [example]))


def export(request: Any) -> Response:
    """Exports the list as it is filtered."""
    spec = exporting.export_list(request.platform)
    given = [(name, text) for name, text in request.GET.items() if name != "cursor"]
    asked = read_request(spec, given, lenient=True)
    form = asked.filters.get("format", ("csv",))[0]
    with request.short_unit() as unit:
        exporting.note(unit, form, asked)
    sent = exporting.Sent(request.platform, request.unit_on, form, asked)
    return attachment(sent.name, sent.media_type, None, sent)


def includeme(config: Any) -> None:
    """Adds the pages."""
    add = config.add_page
    add(
        "equipment.import.start",
        "/equipment/import",
        show_upload,
        permission=IMPORT,
        template="equipment/import_upload.html",
        post=take_upload,
    )
    add("equipment.import.template", "/equipment/import/template", template, permission=IMPORT)
    add(
        "equipment.import.check",
        "/equipment/import/{id:uuid}/check",
        show_check,
        permission=IMPORT,
        template="equipment/import_check.html",
        post=act,
    )
    add(
        "equipment.import.errors",
        "/equipment/import/{id:uuid}/errors.csv",
        errors,
        permission=IMPORT,
    )
    add("equipment.export.show", "/equipment/export", export, permission=VIEW)
