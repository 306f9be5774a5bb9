"""Registers in and out: importing a file as a job, exporting the list as a file."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response

from calibrify_core.api.reply import Reply, accepted, attachment
from calibrify_core.api.request import Request
from calibrify_core.exchange.options import parse_mapping, parse_options
from calibrify_core.exchange.writing import CSV_TYPE
from calibrify_core.kernel.errors import Conflict, Invalid, TooLarge
from calibrify_core.records.jobs import find_job
from calibrify_equipment.permissions import IMPORT, VIEW
from calibrify_equipment.schemas.importing import ImportJob, ImportUndoOut
from calibrify_equipment.services import exporting, import_undo, importing

MEMBERS = {
    "mapping": (
        "JSON object: column of the file → field or null; by default a guess by name. A custom "
        "field of a category is named `custom_fields.` and its name."
    ),
    "options": "JSON object, see the reference of import and export.",
    "dry_run": "true: keep nothing, and say what would be; false by default.",
}


def start_import(request: Request) -> Reply:
    """Starts the import of a register."""
    upload = request.data
    dry_run = upload.fields.get("dry_run", "false").strip()
    if dry_run not in {"true", "false"}:
        raise Invalid.field("/dry_run", "true or false is needed.")
    options = parse_options(upload.fields.get("options"))
    mapping = parse_mapping(upload.fields.get("mapping"))
    job = importing.start(
        request.unit, upload.stream, upload.name, mapping, options, dry_run=dry_run == "true"
    )
    return accepted(job)


def read_errors(request: Request) -> Response:
    """Returns the rows of an import that failed, as a CSV file.

    Raises:
        NotFound: the import does not exist for who asks, has not ended, or no row failed.
    """
    job = find_job(request.unit, request.matchdict["id"])
    pieces = importing.read_error_file(request.platform, job)
    return attachment("import-errors.csv", CSV_TYPE, None, pieces)


def foresee_undo(request: Request) -> dict[str, Any]:
    """Returns what the undo of an import would do now."""
    undoing = import_undo.find_import(request.unit, request.matchdict["id"])
    report, names = import_undo.foresee(request.unit, undoing)
    return {
        "import_id": undoing.job.id,
        "until": undoing.until,
        "removed": report.removed,
        "restored": report.restored,
        "left": report.left,
        "names": names,
        "reasons": report.reasons,
    }


def undo_import(request: Request) -> Reply:
    """Starts the undo of an import."""
    return accepted(import_undo.start(request.unit, request.matchdict["id"]))


def export(request: Request) -> Response:
    """Exports the instruments that match, in the order of the list.

    Raises:
        Invalid: more than one format is asked for.
    """
    asked = request.filters
    form, *further = asked.filters.get("format", ("csv",))
    if further:
        raise Invalid.field("query/format", "This is given once only.")
    with request.short_unit() as unit:
        exporting.note(unit, form, asked)
    sent = exporting.Sent(request.platform, request.unit_on, form, asked)
    return attachment(sent.name, sent.media_type, None, sent)


def includeme(config: Any) -> None:
    """Adds the addresses."""
    add = config.add_api_view
    add(
        start_import,
        "equipment",
        "import",
        path="equipment/import/",
        permission=IMPORT,
        upload=MEMBERS,
        status=202,
        out=ImportJob,
        errors=(TooLarge,),
        summary="Imports a register of instruments, CSV or XLSX, as a job.",
    )
    add(
        read_errors,
        "equipment",
        "import_errors",
        path="equipment/import/{id:uuid}/errors.csv",
        method="GET",
        permission=VIEW,
        media_type="text/csv",
        summary="Returns the rows of an import that failed, with the reasons.",
    )
    undo = "equipment/import/{id:uuid}/undo/"
    add(
        foresee_undo,
        "equipment",
        "import_undo_read",
        path=undo,
        method="GET",
        permission=VIEW,
        out=ImportUndoOut,
        errors=(Conflict,),
        summary="Shows what the undo of an import would do now; changes nothing.",
    )
    add(
        undo_import,
        "equipment",
        "import_undo",
        path=undo,
        permission=IMPORT,
        status=202,
        out=ImportJob,
        errors=(Conflict,),
        summary="Undoes an import as a job, within 24 hours after it ended.",
    )
    add(
        export,
        "equipment",
        "export",
        path="equipment/export/",
        method="GET",
        permission=VIEW,
        listing=exporting.export_list,
        media_type="*/*",
        summary="Exports the instruments of the list as CSV or XLSX, with the same filters.",
    )
