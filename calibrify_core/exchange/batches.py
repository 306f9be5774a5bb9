"""Running an import: batches that commit one by one, dry runs, stopping, cancelling, resuming.

Nothing here knows a database. A unit of work is a context manager that the caller opens: leaving
it keeps what was done, an exception that leaves it undoes everything.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

from calibrify_core.exchange.mapping import ConvertedRow, MappingPlan
from calibrify_core.exchange.report import ImportReport, RowOutcome
from calibrify_core.exchange.tables import Table
from calibrify_core.kernel.errors import CalibrifyError, Conflict, Forbidden, Invalid, NotFound

BATCH_ROWS = 500
BATCH_SECONDS = 1.0
_FIRST_BATCH = 100

UnitT = TypeVar("UnitT")
UnitT_contra = TypeVar("UnitT_contra", contravariant=True)

Memory = dict[str, Any]


class Importer(Protocol[UnitT_contra]):
    """What a plugin does with rows: match, check, create, update."""

    def apply(
        self, unit: UnitT_contra, rows: Sequence[ConvertedRow], memory: Memory
    ) -> Sequence[RowOutcome]:
        """Applies some rows within one unit of work and says what became of each, in order.

        A row that fails must leave nothing behind in the unit; the others are kept. A domain
        error that is raised instead undoes the whole batch, which is then tried row by row.

        Args:
            unit: as the caller's ``open_unit`` gave it.
            rows: without errors so far, at most 500.
            memory: what earlier batches did and the database does not show: in a dry run one
                and the same for all batches (they were rolled back), otherwise a new one for
                each. Plain dictionaries and sets of immutable things, since it is copied to
                take back a batch that failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that is done, for whoever keeps the books.

    Attributes:
        outcomes: of its rows, in order, rows that could not be converted among them.
        failed: the rows with errors, as they stand in the file.
        done: rows that are done since the start of the file, blank rows not counted.
        total: rows of the file, None if nobody counted.
    """

    outcomes: Sequence[RowOutcome]
    failed: Sequence[ConvertedRow]
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Calls(Generic[UnitT]):
    """How a run reaches the world.

    Attributes:
        open_unit: opens a unit of work; called once for each batch.
        checkpoint: keeps report, problems and progress with the batch: called inside its unit,
            before it commits; in a dry run inside a unit of its own, after the batch was undone.
        cancelled: asked between batches.
        clock: seconds, for the size of batches.
        undoing: errors of a batch that are the fault of single rows: the batch is undone and
            its rows are tried one by one. Every other error ends the run.
    """

    open_unit: Callable[[], AbstractContextManager[UnitT]]
    checkpoint: Callable[[UnitT, ImportReport, Batch], None] = lambda *_: None
    cancelled: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    undoing: tuple[type[Exception], ...] = (Invalid, Conflict, NotFound, Forbidden)


class _Undo(Exception):
    """Leaves a unit of work without keeping anything; never seen outside this module."""


@dataclass(slots=True)
class _Run(Generic[UnitT]):
    plan: MappingPlan
    importer: Importer[UnitT]
    calls: Calls[UnitT]
    report: ImportReport
    stop: bool
    memory: Memory = field(default_factory=dict)
    done: int = 0
    size: int = _FIRST_BATCH


def run_import(
    table: Table,
    plan: MappingPlan,
    importer: Importer[UnitT],
    calls: Calls[UnitT],
    *,
    dry_run: bool = False,
    report: ImportReport | None = None,
    key: str | None = None,
) -> ImportReport:
    """Imports a table in batches of at most 500 rows or about one second.

    Args:
        table: the open file.
        plan: from :func:`calibrify_core.exchange.mapping.prepare`.
        importer: what is done with the rows.
        calls: units of work, bookkeeping, cancellation.
        dry_run: every batch is undone; the report says what would have been.
        report: of a run that was interrupted; rows up to its ``last_row`` are not done again.
            A dry run always starts at the first row.
        key: field that two rows of one file must not share; the options' ``match_on`` if None.

    Returns:
        The report; ``ended`` says whether it went to the end, stopped at a bad row
        (``on_error: stop``; everything before that row is kept) or was cancelled.

    Raises:
        Exception: what is no domain error ends the run; finished batches stay.
    """
    if report is None or dry_run:
        report = ImportReport(dry_run=dry_run, notes=[*table.notes, *plan.notes])
    run = _Run(plan, importer, calls, report, stop=plan.options.on_error == "stop")
    with closing(_converted(run, table, key or plan.options.match_on)) as rows:
        while run.report.ended == "running":
            if run.report.stopped_at is not None:
                run.report.ended = "stopped"
            elif calls.cancelled():
                run.report.ended = "cancelled"
            elif batch := _taken(rows, run):
                _run_batch(run, batch)
            else:
                run.report.ended = "finished"
    return run.report


def _converted(
    run: _Run[UnitT], table: Table, key: str | None
) -> Generator[ConvertedRow, None, None]:
    """Converts row by row; a key that an earlier row of the file has is an error."""
    after = run.report.last_row
    seen: dict[object, int] = {}
    for row in table.rows():
        if row.number <= after and key is None:
            run.done += 1
            continue
        converted = run.plan.convert(row)
        if key is not None:
            value = converted.values.get(key)
            if value is not None:
                first = seen.setdefault(value, row.number)
                if first != row.number:
                    detail = f"Row {first} has the same {run.plan.fields[key].label.lower()}."
                    converted.errors.append(converted.problem(key, detail))
        if row.number <= after:
            run.done += 1
            continue
        yield converted


def _taken(rows: Iterable[ConvertedRow], run: _Run[UnitT]) -> list[ConvertedRow]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) >= run.size or (run.stop and row.errors):
            break
    return batch


def _run_batch(run: _Run[UnitT], batch: list[ConvertedRow]) -> None:
    started = run.calls.clock()
    if run.stop:
        bad = next((index for index, row in enumerate(batch) if row.errors), None)
        if bad is not None:
            _stop_at(run, batch[: bad + 1], _failure(batch[bad]))
            return
    _commit(run, batch)
    spent = run.calls.clock() - started
    if spent > BATCH_SECONDS:
        run.size = max(1, int(len(batch) * BATCH_SECONDS / spent * 0.8))
    elif spent < BATCH_SECONDS / 3:
        run.size = min(BATCH_ROWS, max(run.size, len(batch)) * 2)


def _stop_at(run: _Run[UnitT], batch: list[ConvertedRow], failure: RowOutcome) -> None:
    """Keeps what comes before the last row of the batch, which is the bad one."""
    if len(batch) > 1:
        _commit(run, batch[:-1])
    if run.report.stopped_at is None:
        _close_books(run, batch[-1:], [failure], stopped_at=failure.number)


def _commit(run: _Run[UnitT], batch: list[ConvertedRow]) -> None:
    """Applies a batch and keeps it; if a domain error undoes it, row by row."""
    try:
        outcomes, stop_at = _attempt(run, batch)
    except run.calls.undoing as error:
        if len(batch) > 1:
            for row in batch:
                if run.report.stopped_at is None:
                    _commit(run, [row])
            return
        failure = _failure(batch[0], error)
        _close_books(run, batch, [failure], stopped_at=failure.number if run.stop else None)
        return
    if stop_at is not None:
        _stop_at(run, batch[: stop_at + 1], outcomes[stop_at])
    elif run.report.dry_run:
        _close_books(run, batch, outcomes)


def _attempt(run: _Run[UnitT], batch: list[ConvertedRow]) -> tuple[list[RowOutcome], int | None]:
    """Applies a batch in one unit; the number is the index of the row that stops the import."""
    memory = {name: copy.copy(value) for name, value in run.memory.items()}
    good = [row for row in batch if not row.errors]
    stop_at: int | None = None
    outcomes: list[RowOutcome] = []
    report = run.report
    try:
        with run.calls.open_unit() as unit:
            applied = list(run.importer.apply(unit, good, memory)) if good else []
            outcomes = _in_order(batch, applied)
            if run.stop:
                bad = (i for i, outcome in enumerate(outcomes) if outcome.action == "failed")
                stop_at = next(bad, None)
            if stop_at is not None or report.dry_run:
                raise _Undo
            report = _noted(run, unit, batch, outcomes)
    except _Undo:
        if stop_at is None:
            run.memory = memory
    else:
        _advance(run, report, outcomes)
    return outcomes, stop_at


def _in_order(batch: list[ConvertedRow], applied: list[RowOutcome]) -> list[RowOutcome]:
    """Puts the outcomes of good and bad rows together, and checks that none is missing."""
    by_number = {outcome.number: outcome for outcome in applied}
    expected = [row.number for row in batch if not row.errors]
    if len(applied) != len(expected) or by_number.keys() != set(expected):
        message = "The importer must answer once for each row that it was given."
        raise RuntimeError(message)
    outcomes = []
    for row in batch:
        if row.errors:
            outcomes.append(_failure(row))
            continue
        outcome = by_number[row.number]
        if row.warnings:
            outcome = replace(outcome, warnings=[*row.warnings, *outcome.warnings])
        outcomes.append(outcome)
    return outcomes


def _failure(row: ConvertedRow, error: Exception | None = None) -> RowOutcome:
    errors = list(row.errors)
    if isinstance(error, Invalid) and error.errors:
        errors.extend(
            row.problem(item.pointer.strip("/") or None, item.detail) for item in error.errors
        )
    elif isinstance(error, CalibrifyError):
        errors.append(row.problem(None, error.detail))
    elif error is not None:
        errors.append(row.problem(None, "It conflicts with another record, or cannot be stored."))
    return RowOutcome(row.number, "failed", errors, row.warnings)


def _close_books(
    run: _Run[UnitT],
    batch: list[ConvertedRow],
    outcomes: list[RowOutcome],
    *,
    stopped_at: int | None = None,
) -> None:
    """Counts rows whose own unit was undone, in a unit that holds nothing else."""
    with run.calls.open_unit() as unit:
        report = _noted(run, unit, batch, outcomes, stopped_at=stopped_at)
    _advance(run, report, outcomes)


def _noted(
    run: _Run[UnitT],
    unit: UnitT,
    batch: list[ConvertedRow],
    outcomes: list[RowOutcome],
    *,
    stopped_at: int | None = None,
) -> ImportReport:
    """Returns the report with the batch in it; it counts only once the unit is kept."""
    report = ImportReport.from_json(run.report.as_json())
    report.count(outcomes)
    report.stopped_at = stopped_at
    failed = [
        row for row, outcome in zip(batch, outcomes, strict=True) if outcome.action == "failed"
    ]
    done = run.done + len(outcomes)
    run.calls.checkpoint(unit, report, Batch(outcomes, failed, done, run.plan.rows))
    return report


def _advance(run: _Run[UnitT], report: ImportReport, outcomes: list[RowOutcome]) -> None:
    run.report = report
    run.done += len(outcomes)
