"""Reading XLSX workbooks: which sheet, and every cell as the text that a person saw."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import BinaryIO, cast
from zipfile import ZipFile

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from calibrify_core.exchange.headers import find_header
from calibrify_core.exchange.tables import ReadOptions, Table, bad_file
from calibrify_core.exchange.xlsx_guard import (
    SheetFacts,
    checked_archive,
    hidden_sheets,
    safe_copy,
    sheet_parts,
)

_IN_MEMORY = 4 * 1024 * 1024
_DAMAGED = "The workbook cannot be read. Open it, save it again as XLSX, or save the sheet as CSV."


@dataclass(frozen=True, slots=True)
class XlsxRecords:
    """The records of one sheet.

    Attributes:
        sheet: as the reader holds it.
        wrong: cells with an error value: record (from 0) → (column from 0, why).
        copy: the temporary archive that the sheet was read from.
    """

    sheet: CalamineSheet
    wrong: dict[int, tuple[tuple[int, str], ...]]
    copy: BinaryIO

    def read(self) -> Iterator[Sequence[str] | str]:
        """Reads from the top of the sheet."""
        for cells in self.sheet.iter_rows():
            yield [cell if type(cell) is str else text_of_cell(cell) for cell in cells]

    def faults(self) -> dict[int, tuple[tuple[int, str], ...]]:
        """Returns the cells that hold an error such as ``#N/A``."""
        return self.wrong

    def close(self) -> None:
        """Lets go of the temporary archive."""
        self.copy.close()


def open_xlsx(stream: BinaryIO, options: ReadOptions) -> Table:
    """Opens a seekable stream that holds a workbook.

    The first visible sheet is read unless the options name another one.

    Raises:
        Invalid: no workbook, a bomb, no such sheet, no header.
    """
    archive = checked_archive(stream, options.limits)
    parts = sheet_parts(archive)
    copy = cast(
        BinaryIO,
        tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY),  # noqa: SIM115 - the table closes it
    )
    try:
        return _opened(archive, parts, copy, options)
    except BaseException as error:
        copy.close()
        # A panic of the Rust reader is no Exception; it says the same as an error of it.
        if isinstance(error, CalamineError) or type(error).__name__ == "PanicException":
            raise bad_file(_DAMAGED) from error
        raise


def _opened(archive: ZipFile, parts: dict[str, str], copy: BinaryIO, options: ReadOptions) -> Table:
    name, visible = _chosen(archive, parts, options)
    facts = safe_copy(archive, parts[name], copy, options.limits)
    copy.seek(0)
    sheet = CalamineWorkbook.from_filelike(copy).get_sheet_by_name(name)
    records = XlsxRecords(sheet, _faults(sheet, facts), copy)
    header = find_header(records.read(), options)
    notes = list(header.notes)
    if len(visible) > 1:
        others = ", ".join(f"“{other}”" for other in visible if other != name)
        notes.append(f"The sheet “{name}” is read; the workbook also has {others[:300]}.")
    if facts.formulas:
        notes.append(
            f"{facts.formulas:,} cells hold formulas; the results that were last saved are read."
        )
    if facts.merged:
        notes.append(
            f"{facts.merged:,} ranges of cells are merged; only their first cell has the text."
        )
    return Table(
        columns=header.columns,
        format="xlsx",
        header_row=header.row,
        notes=tuple(notes),
        facts={"sheet": name, "sheets": visible},
        records=records,
        limits=options.limits,
    )


def _chosen(archive: ZipFile, parts: dict[str, str], options: ReadOptions) -> tuple[str, list[str]]:
    """Returns the sheet to read and the names of all that can be read."""
    visible = [name for name, part in parts.items() if part.startswith("xl/worksheets/")]
    if not visible:
        raise bad_file("The workbook has no worksheet.")
    wanted = options.sheet
    if wanted is None:
        hidden = hidden_sheets(archive)
        return next((name for name in visible if name not in hidden), visible[0]), visible
    if isinstance(wanted, int):
        if 1 <= wanted <= len(visible):
            return visible[wanted - 1], visible
    elif wanted in visible:
        return wanted, visible
    names = ", ".join(f"“{name}”" for name in visible)
    raise bad_file(f"The workbook has no sheet {wanted!r}. It has {names[:500]}.", "/options/sheet")


def _faults(sheet: CalamineSheet, facts: SheetFacts) -> dict[int, tuple[tuple[int, str], ...]]:
    """The reader leaves out blank columns on the left, and shows errors as blanks."""
    left = sheet.start[1] if sheet.start else 0
    wrong: dict[int, tuple[tuple[int, str], ...]] = {}
    for row, column in facts.error_cells:
        detail = "The cell holds an error of the spreadsheet (such as #N/A), not a value."
        wrong[row] = (*wrong.get(row, ()), (column - left, detail))
    return wrong


def text_of_cell(value: object) -> str:
    """Returns a cell as text: what a person saw, as far as the file tells.

    Whole numbers lose the ``.0`` that the format gives them, other numbers are shown with the
    15 digits that spreadsheet programs show, dates and times become ISO 8601 text.

    >>> text_of_cell(7.0), text_of_cell(0.1 + 0.2), text_of_cell(1e-7), text_of_cell(True)
    ('7', '0.3', '0.0000001', 'true')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format(Decimal(f"{value:.15g}"), "f")
    if isinstance(value, datetime):
        if value.time() == time():
            return value.date().isoformat()
        return value.isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return "" if value is None else str(value)
