"""The background task that undoes an import of instruments."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from calibrify_core.hooks.declarations import TaskContext
from calibrify_core.kernel.errors import NotFound
from calibrify_core.tasks.reporter import JobCancelled
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.services.import_undo import Books, UndoReport, run


def undo_import(context: TaskContext) -> None:
    """Runs an undo with the present rights of who asked for it; goes on where it was stopped.

    Raises:
        JobCancelled: somebody cancelled it; finished batches stay.
        NotFound: it was not started as a job.
    """
    reporter = context.job
    if reporter is None:
        raise NotFound("An undo runs as a job.")
    with context.unit(write=False) as unit:
        platform = unit.platform

    def note(unit: UnitOfWork, report: UndoReport, total: int) -> None:
        figures = asdict(report)
        reporter.report(
            unit.session,
            done=report.instruments + report.names,
            total=total,
            message=_sentence(report),
            checkpoint=figures,
            result=figures,
        )

    books = Books(note, reporter.watch(partial(platform.session, write=False)))
    begun = UndoReport(**reporter.checkpoint)
    if not run(platform, context.unit, context.payload, begun, books):
        raise JobCancelled


def _sentence(report: UndoReport) -> str:
    """Returns how far it is, in one line."""
    return (
        f"{report.removed:,} instruments taken back, {report.restored:,} changed back, "
        f"{report.left:,} left as they are"
    )
