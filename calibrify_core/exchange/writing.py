"""Writing tables: CSV and XLSX, streamed, with memory flat however many rows there are."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

import xlsxwriter

from calibrify_core.exchange.cells import FORMULA_CHARACTERS, neutralise, text_of
from calibrify_core.exchange.tables import MAX_CELL
from calibrify_core.kernel.errors import Invalid

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX_ROWS = 1_048_575
"""Data rows that fit on one sheet under its header."""

_AT_ONCE = 500
_PIECE = 1 << 16
_IN_MEMORY = 4 * 1024 * 1024
_EXACT = 10**15
_AT_RISK = frozenset(FORMULA_CHARACTERS + "'")
_FIRST_DAY = date(1900, 3, 1)
"""Before this day workbooks and calendars disagree (1900 was no leap year)."""


class CsvText:
    """Rows to bytes: RFC 4180, UTF-8, formulas neutralised, CR LF at line ends."""

    def __init__(self) -> None:
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer)

    def start(self, header: Sequence[str]) -> bytes:
        """Returns the header's line, after the mark by which Excel knows UTF-8."""
        return b"\xef\xbb\xbf" + self.encode([header])

    def encode(self, rows: Iterable[Sequence[object]]) -> bytes:
        """Returns the lines of some rows; see :func:`calibrify_core.exchange.cells.text_of`."""
        write = self._writer.writerow
        for row in rows:
            cells = [cell if type(cell) is str else text_of(cell) for cell in row]
            write([neutralise(cell) if cell[:1] in _AT_RISK else cell for cell in cells])
        text = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return text.encode("utf-8")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Writes a CSV piece by piece, while it is sent.

    Args:
        header: names of the columns.
        rows: read lazily; str, int, Decimal, bool, date, datetime or None in each cell.
    """
    text = CsvText()
    yield text.start(header)
    source = iter(rows)
    while some := list(islice(source, _AT_ONCE)):
        yield text.encode(some)


def xlsx_bytes(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, sheet: str = "Export"
) -> Iterator[bytes]:
    """Writes a workbook to a temporary file and sends it piece by piece.

    All rows are read and written before the first piece comes, so that an error is still an
    answer of its own. Text stays text: nothing becomes a formula, a link or a number. Dates are
    date cells, whole numbers of up to 15 digits are numbers; decimals are text, digit for digit.

    Args:
        header: names of the columns.
        rows: read lazily; str, int, Decimal, bool, date, datetime or None in each cell.
        sheet: name of the sheet, at most 31 characters.

    Raises:
        Invalid: a text or the table is too long for a workbook.
    """
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed when sent
    try:
        _write_book(file, header, rows, sheet)
    except BaseException:
        file.close()
        raise
    return _sent(file)


def _sent(file: tempfile.SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _write_book(
    file: tempfile.SpooledTemporaryFile[bytes],
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    sheet: str,
) -> None:
    book = xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    try:
        _write_sheet(book, header, rows, sheet)
    finally:
        # Closing also removes the file in which the rows were collected.
        book.close()


def _write_sheet(
    book: Any, header: Sequence[str], rows: Iterable[Sequence[object]], sheet: str
) -> None:
    page = book.add_worksheet(sheet)
    bold = book.add_format({"bold": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    page.freeze_panes(1, 0)
    for column, name in enumerate(header):
        page.write_string(0, column, name, bold)
        page.set_column(column, column, min(40, max(10, len(name) + 2)))
    for index, row in enumerate(rows, start=1):
        if index > XLSX_ROWS:
            message = f"A workbook holds {XLSX_ROWS:,} rows at most. Export as CSV instead."
            raise Invalid.field("format", message)
        for column, cell in enumerate(row):
            _write_cell(page, index, column, cell, day)


def _write_cell(page: Any, index: int, column: int, cell: object, day: Any) -> None:
    if cell is None or cell == "":
        return
    if type(cell) is int and -_EXACT < cell < _EXACT:
        page.write_number(index, column, cell)
        return
    if isinstance(cell, date) and not isinstance(cell, datetime) and cell >= _FIRST_DAY:
        page.write_datetime(index, column, cell, day)
        return
    text = text_of(cell)
    if len(text) > MAX_CELL:
        message = (
            f"A text in row {index} has {len(text):,} characters, more than a workbook's cell "
            "holds. Export as CSV instead."
        )
        raise Invalid.field("format", message)
    page.write_string(index, column, text)
