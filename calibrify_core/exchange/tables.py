"""Tables as they come out of a file: limits, rows, and the common shape of both formats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple, Protocol

from calibrify_core.kernel.errors import FieldError, Invalid

MAX_CELL = 32_767
"""Most characters of a cell: what a spreadsheet program can hold."""

MOST_SHOWN = 200
"""Most characters of a cell in a report; what is longer is cut."""

Corrections = Mapping[int, Mapping[str, str]]
"""Number of a row → column → the text that is read instead of the cell's own."""

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What a file may hold; beyond it the file is refused with a sentence.

    Attributes:
        file_bytes: size of the file as it comes in.
        rows: data rows, blank ones not counted.
        columns: columns of the header.
        line_bytes: length of one line of a text file.
        unpacked_bytes: of an XLSX, the sum of its parts when unpacked.
        entries: of an XLSX, how many parts it has.
        ratio: of an XLSX, how many times larger a part of over 1 MiB may be when unpacked.
        cells: of an XLSX, height × width of the used area.
        text_bytes: of an XLSX, all text of the sheet, repeated text counted each time.
    """

    file_bytes: int = 50 * 1024 * 1024
    rows: int = 200_000
    columns: int = 256
    line_bytes: int = 1024 * 1024
    unpacked_bytes: int = 400 * 1024 * 1024
    entries: int = 1_000
    ratio: int = 200
    cells: int = 6_000_000
    text_bytes: int = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read the file, where the person says so; None = find out.

    Attributes:
        encoding: one of :data:`calibrify_core.exchange.csv_reading.ENCODINGS`.
        delimiter: one of ``,``, ``;``, ``|`` and the tabulator.
        header_row: number of the header's row in the file, counted from 1.
        sheet: name or number (from 1) of the sheet of a workbook.
        expected: names that columns are likely to have; a row with two of them is the header.
        mapped: names that columns are said to have; a table of one column needs its name among
            these or the expected ones.
        limits: what the file may hold.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    sheet: str | int | None = None
    expected: frozenset[str] = frozenset()
    mapped: frozenset[str] = frozenset()
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing that is wrong, or odd, in one row.

    Attributes:
        row: counted from 1 at the first data row.
        column: the source column's name, None if it is about the row as a whole.
        value: the cell as it stands in the file.
        detail: what is wrong, as a sentence.
    """

    row: int
    column: str | None
    value: str
    detail: str

    def as_json(self) -> dict[str, Any]:
        """Returns the members ``row, column, value, detail``; a long value is cut at 200."""
        value = self.value if len(self.value) <= MOST_SHOWN else self.value[: MOST_SHOWN - 1] + "…"
        return {"row": self.row, "column": self.column, "value": value, "detail": self.detail}


class Row(NamedTuple):
    """One data row.

    Attributes:
        number: counted from 1 at the first data row; blank rows are skipped and counted, so
            that the number leads to the right line in a spreadsheet program.
        cells: text by column name, as it stands in the file (apostrophes of neutralised cells
            removed).
        problems: why the row cannot be read as it is; empty for a good row.
    """

    number: int
    cells: dict[str, str]
    problems: tuple[RowProblem, ...] = ()


class Records(Protocol):
    """Where the records of a file come from, header and preamble included."""

    def read(self) -> Iterator[Sequence[str] | str]:
        """Starts again at the top; a ``str`` stands for a record that cannot be read, and why.

        Only one reading may be under way at a time.
        """
        ...

    def faults(self) -> dict[int, tuple[tuple[int, str], ...]]:
        """Returns what is wrong with cells: record (from 0) → (column from 0, why)."""
        ...

    def close(self) -> None:
        """Lets go of temporary files; the stream that was given stays open."""
        ...


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was opened: its columns now, its rows when they are asked for.

    Attributes:
        columns: names in the order of the file, all different.
        format: ``csv`` or ``xlsx``.
        header_row: number of the header's row in the file, from 1.
        notes: what was found out or assumed, as sentences for the person who imports.
        facts: ``encoding`` and ``delimiter``, or ``sheet`` and ``sheets``.
        records: the source.
        limits: what the file may hold.
        corrections: cells that a person has put right; the file itself stays as it is.
    """

    columns: tuple[str, ...]
    format: str
    header_row: int
    notes: tuple[str, ...]
    facts: dict[str, Any]
    records: Records
    limits: ReadLimits
    corrections: Corrections = field(default_factory=dict)

    def corrected(self, corrections: Corrections) -> Table:
        """Returns the same table with other cells put right."""
        return replace(self, corrections=corrections)

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Reads the rows lazily, each call from the first; one call under way at a time.

        Args:
            after: rows up to and including this number are left out (an import resumes).

        Raises:
            Invalid: more rows than allowed, or a text that no longer parses.
        """
        faults = self.records.faults()
        columns = self.columns
        width = len(columns)
        first = self.header_row - 1
        filled = 0
        records = islice(self.records.read(), self.header_row, None)
        for number, record in enumerate(records, start=1):
            if isinstance(record, str):
                problem = RowProblem(number, None, "", record)
                yield Row(number, dict.fromkeys(columns, ""), (problem,))
                continue
            joined = "".join(record)
            found = faults.get(number + first, ()) if faults else ()
            if not found and (not joined or joined.isspace()):
                continue
            filled += 1
            if filled > self.limits.rows:
                raise too_many_rows(self.limits)
            if number <= after:
                continue
            cells = dict(zip(columns, record, strict=False))
            if (
                not found
                and len(record) == width
                and len(joined) <= MAX_CELL
                and joined.isprintable()
            ):
                row = Row(number, cells)
            else:
                row = _checked(number, columns, record, cells, found)
            given = self.corrections.get(number)
            yield row if given is None else _corrected(row, given)

    def sample(self, count: int = 5) -> list[Row]:
        """Returns the first rows, for a page that shows what is in the columns."""
        return list(islice(self.rows(), count))

    def close(self) -> None:
        """Lets go of temporary files."""
        self.records.close()

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def bad_file(detail: str, pointer: str = "/file") -> Invalid:
    """Returns the error that says in one sentence what is wrong with the file."""
    return Invalid([FieldError(pointer, detail)])


def too_many_rows(limits: ReadLimits) -> Invalid:
    """Returns the error for a file with more rows than allowed."""
    return bad_file(f"The file has more than {limits.rows:,} rows. Divide it into several files.")


def fault_of_text(text: str) -> str | None:
    """Returns why a text cannot be stored, or None: too long, or not made of characters.

    Line breaks and tabulators inside a cell are allowed.
    """
    if len(text) > MAX_CELL:
        return f"The cell has {len(text):,} characters; {MAX_CELL:,} are allowed."
    if text.isprintable():
        return None
    found = _UNWANTED.search(text)
    if found is None:
        return None
    return f"The cell holds a control character (U+{ord(found.group()):04X})."


def unmatched(columns: Sequence[str], record: Sequence[str]) -> str | None:
    """Returns why a record does not fit under the header, or None. Blank surplus cells fit."""
    missing = len(columns) - len(record)
    if missing > 0:
        return f"The row has {len(record)} cells, the header has {len(columns)}."
    surplus = [cell for cell in record[len(columns) :] if cell.strip()]
    if surplus:
        shown = ", ".join(f"“{cell[:40]}”" for cell in surplus[:3])
        return (
            f"The row has more cells than the header ({len(record)} instead of "
            f"{len(columns)}): {shown}."
        )
    return None


def _checked(
    number: int,
    columns: Sequence[str],
    record: Sequence[str],
    cells: dict[str, str],
    found: Iterable[tuple[int, str]],
) -> Row:
    problems = []
    misfit = unmatched(columns, record)
    if misfit is not None:
        problems.append(RowProblem(number, None, "", misfit))
        for column in columns[len(record) :]:
            cells[column] = ""
    problems += _faults(number, cells)
    for index, detail in found:
        if index < len(columns):
            name = columns[index]
            problems.append(RowProblem(number, name, cells.get(name, ""), detail))
    return Row(number, cells, tuple(problems))


def _faults(number: int, cells: Mapping[str, str]) -> Iterator[RowProblem]:
    """Yields what keeps the texts of some cells of a row from being stored."""
    for column, text in cells.items():
        detail = fault_of_text(text)
        if detail is not None:
            yield RowProblem(number, column, _UNWANTED.sub("�", text[:1000]), detail)


def _corrected(row: Row, given: Mapping[str, str]) -> Row:
    """Puts texts in the place of cells; what was wrong with those is so no longer."""
    problems = [problem for problem in row.problems if problem.column not in given]
    problems += _faults(row.number, given)
    return Row(row.number, {**row.cells, **given}, tuple(problems))
