"""Reading delimited text: encoding, delimiter, records."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from calibrify_core.exchange.cells import restore
from calibrify_core.exchange.headers import find_header
from calibrify_core.exchange.tables import ReadOptions, Table, bad_file

ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso-8859-1",
    "iso-8859-2", "iso-8859-5", "iso-8859-9", "iso-8859-15", "cp1250", "cp1251", "cp1253",
    "cp1254", "cp437", "cp850", "cp852", "mac-roman", "shift_jis", "cp932", "euc-jp", "gb18030",
    "big5", "euc-kr",
)  # fmt: skip
"""Encodings that a person may name; found by themselves are UTF-8, UTF-16 with its mark and
Windows-1252."""

DELIMITERS = (",", ";", "\t", "|")
"""Delimiters that are recognised."""

_CHUNK = 1 << 18
_SAMPLE = 1 << 16
_DOUBLE = re.compile("[ÂÃ][\x80-\xbf]|â€")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class CsvRecords:
    """The records of a delimited text; neutralised cells are restored.

    Attributes:
        stream: the file, seekable; stays open.
        encoding: of the text.
        delimiter: between cells.
        skipped_lines: lines on top that are no records (``sep=;``).
        owned: whether closing the records closes the stream.
    """

    stream: BinaryIO
    encoding: str
    delimiter: str
    skipped_lines: int = 0
    owned: bool = False

    def read(self) -> Iterator[Sequence[str] | str]:
        """Reads from the top; a record with broken quotes comes as the reason why.

        Raises:
            Invalid: a quote is never closed, so that what follows it cannot be told apart.
        """
        self.stream.seek(0)
        text = io.TextIOWrapper(self.stream, encoding=self.encoding, newline="")
        try:
            for _ in range(self.skipped_lines):
                text.readline()
            yield from self._records(text)
        finally:
            # The caller may have closed the stream while the reading was under way.
            with suppress(ValueError):
                text.detach()

    def _records(self, text: io.TextIOWrapper) -> Iterator[Sequence[str] | str]:
        reader = csv.reader(text, delimiter=self.delimiter, strict=True)
        while True:
            started = reader.line_num + self.skipped_lines + 1
            try:
                for record in reader:
                    if "'" in "".join(record):
                        yield [restore(cell) for cell in record]
                    else:
                        yield record
                    started = reader.line_num + self.skipped_lines + 1
            except csv.Error as error:
                ended = reader.line_num + self.skipped_lines
                if "unexpected end of data" in str(error):
                    raise bad_file(
                        f"A quotation mark in line {started} is never closed, so that the rows "
                        "after it cannot be told apart."
                    ) from error
                if "field larger" in str(error):
                    raise bad_file(
                        f"A cell in line {started} is longer than {csv.field_size_limit():,} "
                        "characters. Is a quotation mark never closed?"
                    ) from error
                yield (
                    f"Line {ended} cannot be read: a cell that starts with a quotation mark goes "
                    "on after its closing one."
                )
            else:
                return

    def faults(self) -> dict[int, tuple[tuple[int, str], ...]]:
        """Returns nothing: text has no cells that are wrong by themselves."""
        return {}

    def close(self) -> None:
        """Closes the stream if it is a copy of ours; the caller's stays open."""
        if self.owned:
            self.stream.close()


def open_csv(stream: BinaryIO, options: ReadOptions, *, owned: bool = False) -> Table:
    """Opens a seekable stream of delimited text.

    Args:
        stream: stays open; its position moves.
        options: what the person says; the rest is found out.
        owned: closing the table closes the stream.

    Raises:
        Invalid: no text, another encoding, no header, too large.
    """
    encoding, notes = find_encoding(stream, options)
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        sample = text.read(_SAMPLE)
        cut = bool(text.read(1))
    finally:
        text.detach()
    _refuse_other_text(sample)
    if _DOUBLE.search(sample):
        notes.append(
            "Some characters look as if the file had been converted twice (such as “Â°” for “°”). "
            "Look at the sample before importing."
        )
    hint = re.match(r"sep=(.)\r?\n", sample, re.IGNORECASE)
    skipped = 1 if hint else 0
    delimiter = options.delimiter
    if delimiter is None:
        hinted = hint.group(1) if hint and hint.group(1) in DELIMITERS else None
        delimiter = hinted or find_delimiter(sample, cut=cut)
    records = CsvRecords(stream, encoding, delimiter, skipped, owned)
    header = find_header(records.read(), options)
    return Table(
        columns=header.columns,
        format="csv",
        header_row=header.row,
        notes=(*notes, *header.notes),
        facts={"encoding": encoding, "delimiter": delimiter},
        records=records,
        limits=options.limits,
    )


def find_encoding(stream: BinaryIO, options: ReadOptions) -> tuple[str, list[str]]:
    """Reads the file once and returns its encoding, and notes about anything but plain UTF-8.

    Raises:
        Invalid: the bytes are no text of that encoding; a line is longer than allowed.
    """
    stream.seek(0)
    start = stream.read(4)
    chosen = options.encoding
    if chosen is not None:
        if chosen not in ENCODINGS:
            raise bad_file(
                f"“{chosen[:40]}” is no known encoding. Known: {', '.join(ENCODINGS)}.",
                "/options/encoding",
            )
        if chosen == "utf-8" and start.startswith(codecs.BOM_UTF8):
            chosen = "utf-8-sig"
        place = _first_undecodable(stream, chosen, options.limits.line_bytes)
        if place is not None:
            raise bad_file(
                f"The file is not {chosen}: byte {place:,} cannot be read so.", "/options/encoding"
            )
        return chosen, []
    if start.startswith(codecs.BOM_UTF8):
        candidate, notes = "utf-8-sig", []
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidate, notes = "utf-16", ["The file is UTF-16."]
    else:
        candidate, notes = "utf-8", []
    place = _first_undecodable(stream, candidate, options.limits.line_bytes)
    if place is None:
        return candidate, notes
    if candidate != "utf-8":
        raise bad_file(f"The file starts as {candidate} and is broken at byte {place:,}.")
    if _first_undecodable(stream, "cp1252", options.limits.line_bytes) is not None:
        raise bad_file(
            "The file is neither UTF-8 nor Windows-1252 text. If it is text, name its encoding.",
            "/options/encoding",
        )
    return "cp1252", [_note_of_fallback(stream, place)]


def find_delimiter(sample: str, *, cut: bool = False) -> str:
    r"""Returns the delimiter that divides the first lines most evenly; a comma if none does.

    Args:
        sample: the start of the text.
        cut: the sample ends in the middle of a line.

    >>> find_delimiter("Tag;Name;Range\nA1;Scale;0,5\nA2;Gauge;1,5\n")
    ';'
    """
    lines = sample.splitlines(keepends=True)
    if cut and len(lines) > 1:
        lines.pop()
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        try:
            records = list(islice(csv.reader(lines, delimiter=delimiter), 60))
        except csv.Error:
            continue
        widths = Counter(len(record) for record in records if any(record))
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
        if width < 2:
            continue
        score = count / widths.total() + min(width, 50) / 1000
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _first_undecodable(stream: BinaryIO, encoding: str, line_bytes: int) -> int | None:
    """Returns the byte at which the decoding fails, or None; refuses endless lines."""
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    done = 0
    open_line = 0
    while True:
        chunk = stream.read(_CHUNK)
        try:
            decoder.decode(chunk, final=not chunk)
        except UnicodeError as error:
            # UTF-16 without its mark fails as a whole, at no byte.
            return done + max(0, getattr(error, "start", 0))
        if not chunk:
            return None
        done += len(chunk)
        lines = chunk.splitlines()
        longest = max(open_line + len(lines[0]), *map(len, lines))
        open_line = (open_line if len(lines) == 1 else 0) + len(lines[-1])
        if chunk[-1:] in b"\r\n":
            open_line = 0
        if longest > line_bytes:
            raise bad_file(
                f"A line of the file is longer than {line_bytes:,} bytes. "
                "Is it a table with one row in each line?"
            )


def _note_of_fallback(stream: BinaryIO, place: int) -> str:
    stream.seek(max(0, place - 12))
    before = stream.read(24).decode("cp1252", errors="replace")
    lines = [line for line in before.splitlines() if not line.isascii()] or [before]
    return (
        "The file is not UTF-8 and was read as Windows-1252; look at the special characters "
        f"(the first: “{lines[0].strip()}”). If they are wrong, name the encoding."
    )


def _refuse_other_text(sample: str) -> None:
    if not sample.strip("\ufeff \t\r\n"):
        raise bad_file("The file is empty.")
    if len(_CONTROL.findall(sample)) * 100 > len(sample):
        raise bad_file(
            "The file is not text. A table as CSV (UTF-8) or as an XLSX workbook is needed."
        )
    start = sample[:200].lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype", "<html", "<table", "<?xml", "<svg")):
        raise bad_file(
            "The file is a web page or XML, not a table. Save it as CSV (UTF-8) or as XLSX."
        )
    if start.startswith("{\\rtf"):
        raise bad_file("The file is a text document, not a table. Save it as CSV or as XLSX.")
