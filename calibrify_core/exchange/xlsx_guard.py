"""The guard before a workbook is opened: what is in the archive, and how large it really is.

A workbook is a ZIP archive of XML parts. A few kilobytes can unpack to gigabytes, its directory
can lie about sizes, two cells far apart make a reader allocate the whole area between them (two
cells, 5 KB on disk, took 1.5 GB), and one long text can be repeated in every cell. Therefore the
parts that matter are unpacked here, in pieces and within limits, looked at, and copied to a new
archive; the reader of workbooks sees only that copy.
"""

from __future__ import annotations

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from calibrify_core.exchange.tables import ReadLimits, bad_file
from calibrify_core.kernel.errors import Invalid

_Start = Callable[[str, dict[str, str]], None]

_CHUNK = 1 << 18
_SMALL = 1 << 20
_MAX_FAULTS = 10_000
_ARCHIVES = (".zip", ".xlsx", ".xlsm", ".xlsb", ".docx", ".jar", ".gz", ".7z", ".rar", ".bz2")
_COPIED = frozenset(
    {
        "[Content_Types].xml",
        "_rels/.rels",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/sharedStrings.xml",
        "xl/styles.xml",
    }
)
# What zipfile and zlib raise for damaged archives: RuntimeError (or a kind of it) for versions and
# methods that they do not know, and whatever a wrong number leads to.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    ValueError,
)
_BROKEN = "The workbook is damaged and cannot be read. Open it, save it again as XLSX, or as CSV."
_ODD_XML = "The workbook holds XML that a spreadsheet program does not write; it is not read."


@dataclass(slots=True)
class SheetFacts:
    """What the guard saw in a sheet.

    Attributes:
        rows: the last used row, from 1.
        columns: the last used column, from 1.
        formulas: cells that hold a formula.
        merged: ranges of merged cells.
        error_cells: (row, column), from 0, of cells that hold an error such as ``#N/A``.
        text_cells: cells that refer to a shared text.
    """

    rows: int = 0
    columns: int = 0
    formulas: int = 0
    merged: int = 0
    text_cells: int = 0
    error_cells: list[tuple[int, int]] = field(default_factory=list)


def checked_archive(stream: BinaryIO, limits: ReadLimits) -> zipfile.ZipFile:
    """Opens the archive and checks its directory; nothing is unpacked yet.

    Raises:
        Invalid: not a workbook, encrypted, too many or too large parts, other archives or
            references to other files inside, macros.
    """
    try:
        archive = zipfile.ZipFile(stream)
    except _UNREADABLE as error:
        raise bad_file(_BROKEN) from error
    infos = archive.infolist()
    if len(infos) > limits.entries:
        raise bad_file(f"The workbook has {len(infos):,} parts; {limits.entries:,} are allowed.")
    names = {info.filename for info in infos}
    if len(names) != len(infos):
        raise bad_file(_BROKEN)
    if "xl/workbook.xml" not in names:
        raise bad_file("The file is a packed archive, not an XLSX workbook.")
    if sum(info.file_size for info in infos) > limits.unpacked_bytes:
        raise _bomb()
    for info in infos:
        _check_entry(info, limits)
    return archive


def _check_entry(info: zipfile.ZipInfo, limits: ReadLimits) -> None:
    name = info.filename
    if info.flag_bits & 0x1:
        raise bad_file("The workbook is protected by a password. Save it without one.")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise bad_file(_BROKEN)
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        raise bad_file(_BROKEN)
    if info.file_size > _SMALL and info.file_size > limits.ratio * max(1, info.compress_size):
        raise _bomb()
    lower = name.lower()
    if lower.endswith(_ARCHIVES):
        raise bad_file(
            "The workbook has another file embedded. Remove it, or save the sheet as CSV."
        )
    if lower.startswith("xl/externallinks/"):
        raise bad_file(
            "The workbook refers to other files (links). Break the links in the spreadsheet "
            "program, or save the sheet as CSV."
        )
    if lower.endswith("vbaproject.bin"):
        raise bad_file("The workbook holds macros. Save it as XLSX without macros, or as CSV.")


def _bomb() -> Invalid:
    return bad_file(
        "The workbook is far larger when unpacked than a register should be; it is not read. "
        "Save the sheet as CSV."
    )


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Returns the part of each worksheet by the sheet's name, in the workbook's order."""
    targets: dict[str, str] = {}
    sheets: list[tuple[str, str]] = []

    def relation(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            path = target[1:] if target.startswith("/") else f"xl/{target}"
            targets[attributes.get("Id", "")] = posixpath.normpath(path)

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "sheet":
            key = next((v for k, v in attributes.items() if _local(k) == "id" and ":" in k), "")
            sheets.append((attributes.get("name", ""), key))

    _scan(archive, "xl/_rels/workbook.xml.rels", relation)
    _scan(archive, "xl/workbook.xml", sheet)
    return {name: targets.get(key, "") for name, key in sheets}


def hidden_sheets(archive: zipfile.ZipFile) -> set[str]:
    """Returns the names of the sheets that the workbook hides."""
    hidden: set[str] = set()

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "sheet" and attributes.get("state", "visible") != "visible":
            hidden.add(attributes.get("name", ""))

    _scan(archive, "xl/workbook.xml", sheet)
    return hidden


def safe_copy(
    archive: zipfile.ZipFile, part: str, target: BinaryIO, limits: ReadLimits
) -> SheetFacts:
    """Copies what is needed to read one sheet to ``target``, and looks at every byte of it.

    Args:
        archive: from :func:`checked_archive`.
        part: the sheet's part, from :func:`sheet_parts`.
        target: receives a new, uncompressed archive.
        limits: rows, columns, cells and text of the sheet.

    Raises:
        Invalid: the sheet is larger than allowed, or is no proper XML.
    """
    names = set(archive.namelist())
    if part not in names or not part.startswith("xl/"):
        raise bad_file(_BROKEN)
    facts = SheetFacts()
    shared = _TextLengths()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        for name in sorted(_COPIED & names):
            watch = shared if name == "xl/sharedStrings.xml" else None
            _copy_part(archive, name, copy, _parser(watch.start, watch) if watch else _parser())
        cells = _CellWatch(facts, limits)
        _copy_part(archive, part, copy, _parser(cells.start))
    if facts.rows * facts.columns > limits.cells:
        raise bad_file(
            f"The sheet spans {facts.rows:,} rows × {facts.columns:,} columns. "
            "Delete what lies outside the table, or save it as CSV."
        )
    if facts.text_cells * max(shared.lengths, default=0) > limits.text_bytes:
        _weigh(archive, part, shared.lengths, limits)
    return facts


class _TextLengths:
    """Collects the lengths of the shared texts."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def start(self, name: str, _: dict[str, str]) -> None:
        if _local(name) == "si":
            self.lengths.append(0)

    def text(self, data: str) -> None:
        if self.lengths:
            self.lengths[-1] += len(data)


class _CellWatch:
    """Follows the cells of a sheet: how far they reach, and what is odd about them."""

    def __init__(self, facts: SheetFacts, limits: ReadLimits) -> None:
        self.facts = facts
        self.row = 0
        self.column = 0
        self.columns: dict[str, int] = {}
        # Titles and notes may stand beside and above the table.
        self.max_row = limits.rows + 1_000
        self.max_column = limits.columns * 4

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name not in {"c", "v"}:
            name = _local(name)
        if name == "c":
            self.cell(attributes)
        elif name == "row":
            self.row = _number(attributes.get("r"), self.row + 1)
            self.column = 0
            self.reach(self.row, 0)
        elif name == "f":
            self.facts.formulas += 1
        elif name == "mergeCell":
            self.facts.merged += 1

    def cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference is None:
            self.column += 1
        else:
            letters = reference.rstrip("0123456789")
            column = self.columns.get(letters)
            if column is None:
                column = self.columns[letters] = _column(letters)
            self.column = column
            row = _number(reference[len(letters) :], self.row)
            if row != self.row:
                self.row = row
        self.reach(self.row, self.column)
        kind = attributes.get("t")
        if kind == "s":
            self.facts.text_cells += 1
        elif kind == "e" and len(self.facts.error_cells) < _MAX_FAULTS:
            self.facts.error_cells.append((self.row - 1, self.column - 1))

    def reach(self, row: int, column: int) -> None:
        facts = self.facts
        if row > facts.rows:
            if row > self.max_row:
                raise bad_file(
                    f"The sheet uses row {row:,}; {self.max_row - 1_000:,} rows are allowed. "
                    "Delete what lies below the table, or save it as CSV."
                )
            facts.rows = row
        if column > facts.columns:
            if column > self.max_column:
                raise bad_file(
                    f"The sheet uses column {column:,}; {self.max_column // 4:,} columns are "
                    "allowed. Delete what lies beside the table, or save it as CSV."
                )
            facts.columns = column


def _weigh(archive: zipfile.ZipFile, part: str, lengths: list[int], limits: ReadLimits) -> None:
    """Adds up the text of all cells; only for sheets where it could be too much."""
    total = 0
    is_text = False
    digits: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal is_text
        if _local(name) == "c":
            is_text = attributes.get("t") == "s"
        digits.clear()

    def end(name: str) -> None:
        nonlocal total
        if is_text and _local(name) == "v":
            index = _number("".join(digits).strip(), -1)
            total += lengths[index] if 0 <= index < len(lengths) else 0
            if total > limits.text_bytes:
                raise _bomb()

    parser = _parser(start)
    parser.EndElementHandler = end
    parser.CharacterDataHandler = digits.append
    for _ in _pieces(archive, part, parser):
        pass


def _copy_part(
    archive: zipfile.ZipFile, name: str, copy: zipfile.ZipFile, parser: expat.XMLParserType
) -> None:
    with copy.open(name, "w") as target:
        for piece in _pieces(archive, name, parser):
            target.write(piece)


def _scan(archive: zipfile.ZipFile, name: str, start: _Start) -> None:
    parser = _parser(start)
    for _ in _pieces(archive, name, parser):
        pass


def _pieces(archive: zipfile.ZipFile, name: str, parser: expat.XMLParserType) -> Iterator[bytes]:
    """Unpacks a part piece by piece; never more than the directory says, and parses it."""
    try:
        with archive.open(name) as part:
            while piece := part.read(_CHUNK):
                parser.Parse(piece, False)
                yield piece
        parser.Parse(b"", True)
    except (*_UNREADABLE, expat.ExpatError) as error:
        raise bad_file(_BROKEN) from error


def _parser(start: _Start | None = None, texts: _TextLengths | None = None) -> expat.XMLParserType:
    # Both readers must see the same text: UTF-8, whatever a declaration says.
    parser = expat.ParserCreate("utf-8")
    parser.XmlDeclHandler = _refuse_encoding
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    if start is not None:
        parser.StartElementHandler = start
    if texts is not None:
        parser.CharacterDataHandler = texts.text
    return parser


def _refuse_doctype(*_: object) -> None:
    raise bad_file(_ODD_XML)


def _refuse_encoding(_: str, encoding: str | None, __: int) -> None:
    if encoding is not None and encoding.lower() not in {"utf-8", "us-ascii"}:
        raise bad_file(_ODD_XML)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _number(text: str | None, otherwise: int) -> int:
    if not text:
        return otherwise
    if len(text) > 9 or not text.isascii() or not text.isdigit():
        raise bad_file(_BROKEN)
    return int(text)


def _column(letters: str) -> int:
    """Returns the number of a column: A is 1, Z 26, AA 27."""
    number = 0
    if not 0 < len(letters) <= 4:
        raise bad_file(_BROKEN)
    for letter in letters.upper():
        if not "A" <= letter <= "Z":
            raise bad_file(_BROKEN)
        number = number * 26 + ord(letter) - 64
    return number
