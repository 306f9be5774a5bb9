"""What an import did: counters, bounded lists of problems, and the file of the rows that failed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from calibrify_core.exchange.tables import RowProblem
from calibrify_core.exchange.writing import CsvText

KEPT = 1_000
"""Errors, and warnings, that the report holds; all are counted, all are in the error file."""

Action = Literal["created", "updated", "unchanged", "failed"]
Ended = Literal["running", "finished", "stopped", "cancelled"]

_IN_MEMORY = 1024 * 1024
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row.

    Attributes:
        number: of the row.
        action: what was done, or ``failed``.
        errors: why it failed.
        warnings: what is odd about a row that was imported all the same.
    """

    number: int
    action: Action
    errors: Sequence[RowProblem] = ()
    warnings: Sequence[RowProblem] = ()


@dataclass(slots=True)
class ImportReport:
    """The result of an import, as far as it got.

    Attributes:
        dry_run: nothing was kept; the counters say what would have been.
        rows: data rows that were looked at.
        created: records made.
        updated: records changed.
        unchanged: records that were like their row already.
        failed: rows with errors.
        errors: the first :data:`KEPT` of them.
        warnings: the first :data:`KEPT` of them.
        errors_total: how many there are.
        warnings_total: how many there are.
        last_row: number of the last row that is done; an import resumes after it.
        stopped_at: the bad row at which an import with ``on_error: stop`` ended.
        ended: how it ended.
        notes: what was found out or assumed about the file.
    """

    dry_run: bool = False
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    errors_total: int = 0
    warnings_total: int = 0
    last_row: int = 0
    stopped_at: int | None = None
    ended: Ended = "running"
    notes: list[str] = field(default_factory=list)

    def count(self, outcomes: Iterable[RowOutcome]) -> None:
        """Adds what became of some rows."""
        for outcome in outcomes:
            self.rows += 1
            setattr(self, outcome.action, getattr(self, outcome.action) + 1)
            self.last_row = max(self.last_row, outcome.number)
            if outcome.errors:
                self.errors_total += len(outcome.errors)
                room = KEPT - len(self.errors)
                self.errors.extend(p.as_json() for p in outcome.errors[: max(0, room)])
            if outcome.warnings:
                self.warnings_total += len(outcome.warnings)
                room = KEPT - len(self.warnings)
                self.warnings.extend(p.as_json() for p in outcome.warnings[: max(0, room)])

    def as_json(self) -> dict[str, Any]:
        """Returns the job's result; plain JSON values, independent of this object."""
        return {
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "failed": self.failed,
            "errors": list(self.errors),
            "warnings": list(self.warnings),
            "errors_total": self.errors_total,
            "warnings_total": self.warnings_total,
            "dry_run": self.dry_run,
            "last_row": self.last_row,
            "stopped_at": self.stopped_at,
            "ended": self.ended,
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> ImportReport:
        """Returns the report of an import that is to be resumed; the inverse of ``as_json``."""
        report = cls(**members)
        report.errors = list(report.errors)
        report.warnings = list(report.warnings)
        report.notes = list(report.notes)
        report.ended = "running"
        return report


class ErrorFile:
    """The rows that failed, as a CSV that can be put right and imported again.

    The original columns come first, cell by cell as they were; then the number of the row and
    the reasons. Kept in a temporary file, however many rows fail.

    Args:
        columns: of the file that is imported.
    """

    ROW = "Import row"
    REASON = "Import error"

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = tuple(columns)
        self._text = CsvText()
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self.rows = 0

    def add(self, number: int, cells: Mapping[str, str], problems: Iterable[RowProblem]) -> None:
        """Adds one row and why it failed."""
        if not self.rows:
            self._file.write(self._text.start([*self._columns, self.ROW, self.REASON]))
        reasons = " ".join(
            problem.detail if problem.column is None else f"{problem.column}: {problem.detail}"
            for problem in problems
        )
        record = [cells.get(column, "") for column in self._columns]
        self._file.write(self._text.encode([[*record, number, reasons]]))
        self.rows += 1

    def read(self) -> Iterator[bytes]:
        """Returns the file in pieces, from its start; nothing if no row failed."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece
        self._file.seek(0, 2)

    def close(self) -> None:
        """Lets go of the temporary file."""
        self._file.close()
