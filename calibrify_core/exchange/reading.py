"""Opening a file as a table, whatever it is: the format is told by its content, not its name."""

from __future__ import annotations

import tempfile
from pathlib import PurePath
from typing import BinaryIO, cast

from calibrify_core.exchange.csv_reading import open_csv
from calibrify_core.exchange.tables import ReadOptions, Table, bad_file
from calibrify_core.exchange.xlsx_reading import open_xlsx
from calibrify_core.kernel.errors import TooLarge

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\x00", "a picture"),
    (b"MM\x00*", "a picture"),
    (b"RIFF", "a picture or a recording"),
    (b"\x00\x00\x01\x00", "a picture"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"\x1f\x8b", "a packed file"),
    (b"7z\xbc\xaf", "a packed file"),
    (b"Rar!", "a packed file"),
    (b"\xfd7zXZ", "a packed file"),
    (b"SQLite format 3", "a database"),
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_COPY = 1 << 18


def open_table(stream: BinaryIO, name: str, options: ReadOptions | None = None) -> Table:
    """Opens a file that somebody gave, as a table.

    Args:
        stream: the file; it stays open and belongs to the caller. One that cannot be sought is
            copied to a temporary file first.
        name: as it was uploaded; only used in sentences.
        options: what the person says about the file; the rest is found out.

    Returns:
        The table; close it (or use ``with``) when its rows have been read.

    Raises:
        Invalid: it is no table that can be read; the sentence says why and what to do.
        TooLarge: more bytes than allowed.
    """
    options = options or ReadOptions()
    if stream.seekable():
        return _opened(stream, name, options, owned=False)
    copy = _copied(stream, options.limits.file_bytes)
    try:
        return _opened(copy, name, options, owned=True)
    except BaseException:
        copy.close()
        raise


def _opened(source: BinaryIO, name: str, options: ReadOptions, *, owned: bool) -> Table:
    if source.seek(0, 2) > options.limits.file_bytes:
        raise _too_large(options.limits.file_bytes)
    source.seek(0)
    start = source.read(16)
    source.seek(0)
    shown = PurePath(name.replace("\\", "/")).name[:80]
    if not start:
        raise bad_file(f"The file “{shown}” is empty.")
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        table = open_xlsx(source, options)
        if owned:
            source.close()
        return table
    if start.startswith(_OLD_OFFICE):
        raise bad_file(
            f"“{shown}” is an old Excel file (.xls) or protected by a password. "
            "Save it as an XLSX workbook without a password, or as CSV."
        )
    for magic, what in _OTHERS:
        if start.startswith(magic):
            raise bad_file(
                f"“{shown}” is {what}, not a table. Give a CSV file or an XLSX workbook."
            )
    return open_csv(source, options, owned=owned)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The file is larger than {limit // (1024 * 1024)} MB. Divide it into several files."
    )


def _copied(stream: BinaryIO, limit: int) -> BinaryIO:
    copy = cast(
        BinaryIO,
        tempfile.SpooledTemporaryFile(max_size=_COPY),  # noqa: SIM115 - outlives us
    )
    done = 0
    while chunk := stream.read(_COPY):
        done += len(chunk)
        if done > limit:
            copy.close()
            raise _too_large(limit)
        copy.write(chunk)
    return copy
