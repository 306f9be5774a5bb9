"""The background task that imports a register of instruments."""

from __future__ import annotations

from functools import partial
from typing import Any

from calibrify_core.exchange.report import ImportReport
from calibrify_core.hooks.declarations import TaskContext
from calibrify_core.kernel.errors import NotFound
from calibrify_core.tasks.reporter import JobCancelled
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.services.importing import Books, ImportOrder, require_rights, run

LEASE_SECONDS = 60
"""Each batch renews the lease; after a crash the import goes on when it has run out."""


def import_equipment(context: TaskContext) -> None:
    """Runs an import with the present rights of who asked for it; goes on where it was stopped.

    Raises:
        JobCancelled: somebody cancelled it; finished batches stay.
        NotFound: it was not started as a job.
    """
    reporter = context.job
    if reporter is None:
        raise NotFound("An import runs as a job.")
    order = ImportOrder.of(context.payload)
    with context.unit(write=False) as unit:
        require_rights(unit)
        platform = unit.platform
    before = reporter.checkpoint.get("report")

    def note(unit: UnitOfWork, report: ImportReport, done: int, total: int | None) -> None:
        figures = report.as_json()
        reporter.report(
            unit.session,
            done=done,
            total=total,
            message=_sentence(report, total),
            checkpoint={"last_row": report.last_row, "report": figures},
            result={**figures, "errors": figures["errors"][:50], "warnings": []},
        )

    cancelled = reporter.watch(partial(platform.session, write=False))
    books = Books(note, cancelled, ImportReport.from_json(before) if before else None)
    with platform.storage.open(order.sha256) as stream:
        report, errors = run(platform, context.unit, stream, order, books)
    stored = None
    if errors is not None:
        with errors:
            stored = platform.storage.put(errors)
    with context.unit() as unit:
        _close(unit, reporter, report, stored.sha256 if stored else None)
    if report.ended == "cancelled":
        raise JobCancelled


def _close(unit: UnitOfWork, reporter: Any, report: ImportReport, error_file: str | None) -> None:
    """Writes the result in full."""
    reporter.report(
        unit.session,
        done=report.rows,
        message=_sentence(report, None),
        checkpoint={"last_row": report.last_row, "error_file": error_file},
        result=report.as_json(),
    )


def _sentence(report: ImportReport, total: int | None) -> str:
    """Returns how far it is, in one line."""
    of = f" of {total:,}" if total else ""
    if report.ended == "stopped":
        return f"Stopped at row {report.stopped_at}; what stands before it was kept."
    verb = "would be " if report.dry_run else ""
    return (
        f"{report.rows:,}{of} rows: {report.created:,} {verb}created, {report.updated:,} "
        f"{verb}changed, {report.unchanged:,} unchanged, {report.failed:,} failed"
    )
