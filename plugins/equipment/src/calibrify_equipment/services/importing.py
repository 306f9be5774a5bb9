"""Importing a register of instruments: checked, stored, run in the background or here and now."""

from __future__ import annotations

import dataclasses
import io
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from sqlalchemy.exc import IntegrityError

from calibrify_core.exchange.batches import Batch, Calls, run_import
from calibrify_core.exchange.fields import ImportField, guess_mapping, known_names
from calibrify_core.exchange.mapping import MappingPlan, build_plan, prepare
from calibrify_core.exchange.options import ImportOptions
from calibrify_core.exchange.reading import open_table
from calibrify_core.exchange.report import ErrorFile, ImportReport
from calibrify_core.exchange.tables import Corrections, Table
from calibrify_core.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from calibrify_core.tasks.job import Job
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.permissions import CHANGE, IMPORT
from calibrify_equipment.services.custom_columns import CustomColumns
from calibrify_equipment.services.import_fields import CREATABLE, fields_for, import_fields
from calibrify_equipment.services.import_rows import EquipmentImporter
from calibrify_equipment.services.listing import FACETS

TASK = "equipment.import_equipment"
KEYS = ("asset_tag", "serial_number")
KEYLESS = (
    "No column is the asset tag, nor are manufacturer, model and serial number: what is imported "
    "twice is entered twice."
)
YIELD_SECONDS = 0.02
_IN_MEMORY = 1024 * 1024
_PIECE = 1 << 16

Opener = Callable[[], AbstractContextManager[UnitOfWork]]


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What is to be imported, and how.

    Attributes:
        sha256: key of the file in the storage.
        name: of the file, as it was uploaded.
        mapping: source column → field; None for a guess.
        options: of the import.
        dry_run: keep nothing, and say what would be.
        corrections: cells of the file that are read otherwise than they stand in it.
    """

    sha256: str
    name: str
    mapping: Mapping[str, str | None] | None
    options: ImportOptions
    dry_run: bool = False
    corrections: Corrections = field(default_factory=dict)

    def as_payload(self) -> dict[str, Any]:
        """Returns the order as JSON values, for a job."""
        return {
            "sha256": self.sha256,
            "name": self.name,
            "mapping": None if self.mapping is None else dict(self.mapping),
            "options": self.options.model_dump(mode="json", exclude_defaults=True),
            "dry_run": self.dry_run,
            "corrections": {str(row): dict(cells) for row, cells in self.corrections.items()},
        }

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> ImportOrder:
        """Returns the order that a job carries."""
        options = ImportOptions.model_validate(payload["options"])
        return cls(
            payload["sha256"],
            payload["name"],
            payload["mapping"],
            options,
            payload["dry_run"],
            corrections_in(payload),
        )


def corrections_in(payload: Mapping[str, Any]) -> dict[int, dict[str, str]]:
    """Returns the corrections that the payload of a job carries, as far as it carries any."""
    return {int(row): dict(cells) for row, cells in payload.get("corrections", {}).items()}


def open_register(
    fields: Sequence[ImportField],
    stream: BinaryIO,
    name: str,
    options: ImportOptions,
    mapping: Mapping[str, str | None] | None = None,
) -> Table:
    """Opens a file as a table; close it in the end.

    Raises:
        Invalid: it is no table that can be read.
        TooLarge: it is larger than allowed.
    """
    mapped = frozenset(mapping or ())
    return open_table(stream, name, options.for_reading(known_names(fields), mapped))


def settled(
    fields: Sequence[ImportField],
    table: Table,
    mapping: Mapping[str, str | None] | None,
    options: ImportOptions,
) -> tuple[dict[str, str | None], ImportOptions]:
    """Returns mapping and options with what was left open filled in, and checks both.

    Raises:
        Invalid: with everything that is wrong, by JSON pointer.
    """
    chosen = dict(guess_mapping(table.columns, fields) if mapping is None else mapping)
    mapped = {name for name in chosen.values() if name is not None}
    serial = {"manufacturer", "model", "serial_number"} <= mapped
    key = options.match_on
    if key is None:
        key = "asset_tag" if "asset_tag" in mapped else "serial_number" if serial else None
    elif key not in KEYS:
        raise Invalid.field("/options/match_on", f"Possible is one of: {', '.join(KEYS)}.")
    elif key == "serial_number" and not serial:
        detail = "A serial number counts with manufacturer and model; map these columns too."
        raise Invalid.field("/options/match_on", detail)
    for index, name in enumerate(options.create_missing):
        if name not in CREATABLE:
            detail = f"An import can make one of: {', '.join(sorted(CREATABLE))}."
            raise Invalid.field(f"/options/create_missing/{index}", detail)
    complete = options.model_copy(update={"match_on": key})
    build_plan(table.columns, fields, chosen, complete)
    return chosen, complete


def start(
    unit: UnitOfWork,
    stream: BinaryIO,
    name: str,
    mapping: Mapping[str, str | None] | None,
    options: ImportOptions,
    *,
    dry_run: bool,
) -> Job:
    """Checks a file and what is said about it, stores it, and starts the job that imports it.

    Raises:
        Forbidden: the author may not import.
        Invalid: the file, the mapping or the options cannot be used.
        TooLarge: the file is larger than allowed.
    """
    require_rights(unit)
    fields = fields_for(unit)
    with open_register(fields, stream, name, options, mapping) as table:
        chosen, complete = settled(fields, table, mapping, options)
    stream.seek(0)
    stored = unit.platform.storage.put(stream)
    return start_order(unit, ImportOrder(stored.sha256, name, chosen, complete, dry_run))


def start_order(unit: UnitOfWork, order: ImportOrder) -> Job:
    """Starts the job of an order whose file is stored and whose settings are checked.

    Raises:
        Forbidden: the author may not import.
    """
    require_rights(unit)
    payload = order.as_payload()
    job = unit.start_job(TASK, payload)
    verb = "Check of" if order.dry_run else "Import of"
    job.payload = {
        **payload,
        "title": f"{verb} {order.name}",
        "report_href": f"/equipment/import/{job.id}/errors.csv",
        "result_href": None if order.dry_run else "/equipment",
        "result_label": "Show the instruments",
    }
    if not order.dry_run:
        facts: dict[str, Any] = {"file": order.name, "sha256": order.sha256}
        if order.corrections:
            facts["corrections"] = payload["corrections"]
        unit.audit("import", "equipment", job.id, order.name, facts)
    unit.session.flush()
    return job


def require_rights(unit: UnitOfWork) -> None:
    """Checks that somebody may import and change instruments; which ones, each row shows.

    Raises:
        Forbidden: they may not.
    """
    unit.access.require(IMPORT)
    unit.access.require(CHANGE)


@dataclass(frozen=True, slots=True)
class Books:
    """How a run tells of itself.

    Attributes:
        note: called with (unit, report, rows done, rows in all) inside the unit of a batch.
        cancelled: asked between batches.
        resume: report of a run that was interrupted.
    """

    note: Callable[[UnitOfWork, ImportReport, int, int | None], None] = lambda *_: None
    cancelled: Callable[[], bool] = lambda: False
    resume: ImportReport | None = None


def run(
    platform: Platform, open_unit: Opener, stream: BinaryIO, order: ImportOrder, books: Books
) -> tuple[ImportReport, BinaryIO | None]:
    """Imports a file, batch by batch, each in a unit of work of its own.

    Args:
        platform: the application's shared services.
        open_unit: opens a unit with the present rights of who imports.
        stream: the file.
        order: what to do with it; mapping and options settled.
        books: how to tell of it.

    Returns:
        The report, and the rows that failed as a CSV file (None if none did); close it.

    Raises:
        Invalid: the file cannot be read to its end.
        Forbidden: the rights are gone.
    """

    @contextmanager
    def opened() -> Iterator[UnitOfWork]:
        with open_unit() as unit:
            require_rights(unit)
            yield unit

    with opened() as unit:
        custom = CustomColumns.read(unit)
    fields = import_fields(platform, custom)
    register = open_register(fields, stream, order.name, order.options, order.mapping)
    with register.corrected(order.corrections) as table:
        plan = prepare(table, fields, order.mapping, order.options)
        if order.options.match_on is None:
            plan = dataclasses.replace(plan, notes=(*plan.notes, KEYLESS))
        # Every facet gets its row for a new instrument, also of a plugin that is switched off.
        facets = platform.plugins.whole.values(FACETS)
        importer = EquipmentImporter(facets, plan, custom)
        errors = ErrorFile(table.columns)
        resume = None if order.dry_run else books.resume
        if resume is not None:
            _restore_errors(errors, table, plan, resume)

        def checkpoint(unit: UnitOfWork, report: ImportReport, batch: Batch) -> None:
            failed = {row.number: row for row in batch.failed}
            for outcome in batch.outcomes:
                if outcome.action == "failed":
                    cells = failed[outcome.number].cells
                    errors.add(outcome.number, cells, outcome.errors)
            books.note(unit, report, batch.done, batch.total)

        calls = Calls(
            opened,
            checkpoint,
            polite(platform, books.cancelled),
            undoing=(Invalid, Conflict, NotFound, Forbidden, IntegrityError),
        )
        with closing(errors):
            report = run_import(
                table,
                plan,
                importer,
                calls,
                dry_run=order.dry_run,
                report=resume,
                key="asset_tag",
            )
            return report, _copied(errors)


def polite(platform: Platform, cancelled: Callable[[], bool]) -> Callable[[], bool]:
    """Returns what is asked between batches; where only one can write, it lets others write."""
    if platform.database.dialect != "sqlite":
        return cancelled

    def ask() -> bool:
        time.sleep(YIELD_SECONDS)
        return cancelled()

    return ask


def _restore_errors(
    errors: ErrorFile, table: Table, plan: MappingPlan, report: ImportReport
) -> None:
    """Puts the rows that failed before an interruption into the error file again.

    The report holds the reasons of the first thousand; a note says so if there were more.
    """
    reasons: dict[int, list[str]] = {}
    for problem in report.errors:
        where = f"{problem['column']}: " if problem["column"] else ""
        reasons.setdefault(problem["row"], []).append(where + problem["detail"])
    if report.errors_total > len(report.errors):
        report.notes.append(
            "The import was interrupted; of the rows that failed before, the error file has "
            "only those that are listed here."
        )
    for row in table.rows():
        if row.number > report.last_row:
            break
        if row.number in reasons:
            converted = plan.convert(row)
            converted.errors = []
            told = converted.problem(None, " ".join(reasons[row.number]))
            errors.add(row.number, row.cells, [told])


def _copied(errors: ErrorFile) -> BinaryIO | None:
    """Returns the error file as a file of its own, at its beginning."""
    if not errors.rows:
        return None
    copy = cast(
        BinaryIO,
        tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY),  # noqa: SIM115 - outlives us
    )
    for piece in errors.read():
        copy.write(piece)
    copy.seek(io.SEEK_SET)
    return copy


def read_error_file(platform: Platform, job: Job) -> Iterator[bytes]:
    """Returns the rows of an import that failed, as a CSV file in pieces.

    Raises:
        NotFound: the job is no import, has not ended, or no row failed.
    """
    found = job.checkpoint.get("error_file") if job.kind == TASK else None
    if found is None:
        raise NotFound("This import has no error file.")
    return _pieces(platform.storage.open(found))


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(_PIECE):
            yield piece
