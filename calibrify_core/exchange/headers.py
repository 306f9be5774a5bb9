"""Finding the row of a file that names its columns."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from calibrify_core.exchange.tables import ReadOptions, bad_file, fault_of_text

SEARCHED = 50
"""The header must be among the first rows of this number."""

_NOT_TEXT = re.compile(r"[\s\d.,:/+\-%]*\d[\s\d.,:/+\-%]*(?:T[\d:.+Z-]+)?\Z")
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header is and what it says.

    Attributes:
        row: its number in the file, from 1.
        columns: the names, trimmed, all different.
        notes: what was assumed, as sentences.
    """

    row: int
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def normalise(name: str) -> str:
    """Returns a name reduced to its letters and digits, for comparing names.

    >>> normalise("Control No."), normalise("  Freq (days) "), normalise("Gerät-Nr.")
    ('controlno', 'freqdays', 'gerätnr')
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())


def find_header(records: Iterator[Sequence[str] | str], options: ReadOptions) -> Header:
    """Finds the header among the first rows, or takes the row that the options name.

    The header is the first row that holds two names of ``options.expected``; without one, the
    first row that is at least half as wide as the widest of the first rows, and it must then
    look like names: two or more, all different, at most a fifth of them numbers or dates.
    A table of one column starts with a name of ``options.expected`` or ``options.mapped``.
    Rows above it (a title, a date of printing) are left out, and a note says so.

    Raises:
        Invalid: there is no such row, or its names are not usable.
    """
    rows: list[list[str]] = []
    for record in islice(records, max(SEARCHED, options.header_row or 0)):
        if isinstance(record, str):
            rows.append([])
        else:
            rows.append([" ".join(cell.split()).strip("\ufeff") for cell in record])
    if not any(cell for row in rows for cell in row):
        raise bad_file("The file is empty: it has no row with text in it.")
    if options.header_row is not None:
        if options.header_row > len(rows) or not any(rows[options.header_row - 1]):
            raise bad_file(
                f"Row {options.header_row} of the file is blank or missing.", "/options/header_row"
            )
        index = options.header_row - 1
    else:
        index = _look_for(rows, options)
    return _named(rows[index], index, options, rows)


def _look_for(rows: list[list[str]], options: ReadOptions) -> int:
    known = {normalise(name) for name in options.expected}
    for index, row in enumerate(rows):
        if len(known.intersection(normalise(cell) for cell in row if cell)) >= 2:
            return index
    widest = max(sum(map(bool, row)) for row in rows)
    if widest < 2:
        first, name = next((at, cell) for at, row in enumerate(rows) for cell in row if cell)
        if normalise(name) in known or name in options.mapped:
            return first
        raise bad_file(
            "No header row was found: no row has two or more cells. If the file has columns, say "
            "which delimiter separates them; a single column begins with the name of a field."
        )
    index = next(
        index for index, row in enumerate(rows) if sum(map(bool, row)) >= max(2, widest / 2)
    )
    names = [cell for cell in rows[index] if cell]
    numeric = sum(1 for name in names if len(name) < 40 and _NOT_TEXT.match(name))
    if numeric * 5 > len(names):
        raise bad_file(
            f"No header row was found: row {index + 1} holds numbers or dates, not names of "
            "columns. Put a row with the names of the columns on top."
        )
    return index


def _named(cells: list[str], index: int, options: ReadOptions, rows: list[list[str]]) -> Header:
    while cells and not cells[-1]:
        cells = cells[:-1]
    if len(cells) > options.limits.columns:
        raise bad_file(
            f"The header has {len(cells):,} columns; {options.limits.columns} are allowed."
        )
    notes = []
    above = [number for number, row in enumerate(rows[:index], start=1) if any(row)]
    if above:
        notes.append(
            f"The names of the columns were found in row {index + 1}; "
            f"what stands above (row {', '.join(map(str, above))}) is left out."
        )
    known = {normalise(name) for name in options.expected}
    if known and not known.intersection(map(normalise, cells)):
        notes.append(f"None of the names in row {index + 1} is known. Is it the header?")
    columns = []
    for number, cell in enumerate(cells, start=1):
        if not cell:
            notes.append(f"Column {number} has no name; it is called “column {number}”.")
        if len(cell) > _MAX_NAME:
            raise bad_file(
                f"The name of column {number} has {len(cell):,} characters; "
                f"{_MAX_NAME} are allowed. Is row {index + 1} the header?"
            )
        fault = fault_of_text(cell)
        if fault is not None:
            raise bad_file(f"The name of column {number} cannot be used. {fault}")
        columns.append(cell or f"column {number}")
    for name, count in Counter(columns).items():
        if count > 1:
            places = [str(n) for n, column in enumerate(columns, start=1) if column == name]
            raise bad_file(
                f"The column name “{name}” appears {count} times (columns {', '.join(places)}). "
                "Give each column a name of its own."
            )
    return Header(index + 1, tuple(columns), tuple(notes))
