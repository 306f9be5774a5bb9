"""Connectors of a watched folder: files that others put there are imported once, and put away.

Everything is opened relative to the folder's own descriptor and never through a link, so that
nobody who may write into the inbox leads a run elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydantic import Field

from calibrify_core.api.types import Body
from calibrify_core.kernel.errors import CalibrifyError, Invalid, TooLarge
from calibrify_core.storage.interface import FILE_LIMIT
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.public import ConnectorFailed, ConnectorKind, Delivery, Work

SETTING = "inbox_dir"
DONE, FAILED = "done", "failed"
SETTLE_SECONDS = 1.0
MOST_FILES = 100
MOST_LEVELS = 8
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._-]{0,99}", re.ASCII)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_IN_MEMORY = 1 << 20
_PIECE = 1 << 16

Look = dict[str, tuple[int, int]]


class FolderSettings(Body):
    """Which files are taken from where."""

    folder: str = Field(
        title="Folder",
        description="Below the inbox of the organisation; / between levels.",
        min_length=1,
        max_length=300,
    )
    pattern: str = Field(
        "*.csv", title="File names", description="For example *.csv.", min_length=1, max_length=100
    )


def parts_of(folder: str) -> list[str]:
    """Returns the levels of a folder below the inbox.

    Raises:
        Invalid: it could lead out of it.

    >>> parts_of("torque/line 4")
    ['torque', 'line 4']
    """
    parts = folder.split("/")
    if len(parts) > MOST_LEVELS or not all(NAME.fullmatch(part) for part in parts):
        detail = "Name a folder below the inbox: letters, digits, spaces, . _ - and / between."
        raise Invalid.field("settings/folder", detail)
    return parts


def check_folder(unit: UnitOfWork, settings: FolderSettings) -> None:
    """Checks that a folder is there before a connector to it is kept.

    Raises:
        Invalid: it is not, or it could lead out of the inbox.
    """
    parts = parts_of(settings.folder)
    if "/" in settings.pattern or settings.pattern.startswith("."):
        raise Invalid.field("settings/pattern", "A pattern of file names, such as *.csv.")
    try:
        with _opened(unit.platform, [unit.organisation.name, *parts]):
            return
    except ConnectorFailed as error:
        raise Invalid.field("settings/folder", error.detail) from None


def run_folder(work: Work) -> None:
    """Imports what lies in the folder and no longer changes.

    Raises:
        ConnectorFailed: the folder cannot be read, or a file could not be imported at all.
    """
    settings: FolderSettings = work.settings
    refused = 0
    with _opened(work.platform, [work.organisation, *parts_of(settings.folder)]) as folder:
        for name in _settled(folder, settings.pattern):
            work.stop_if_cancelled()
            refused += not _take(work, folder, name)
    if refused:
        noun = "file" if refused == 1 else "files"
        raise ConnectorFailed(f"{refused} {noun} could not be imported; see the log.")


def _take(work: Work, folder: int, name: str) -> bool:
    """Imports one file and puts it away; tells whether it could be imported."""
    try:
        with _copied(folder, name) as stream:
            delivery = work.deliver(stream, name, once=True)
    except (Invalid, TooLarge, ConnectorFailed) as error:
        work.log(f"{name}: {error.detail}")
        _put_away(folder, name, FAILED, {"error": error.detail, "errors": _problems(error)})
        return False
    if delivery.known:
        _put_away(folder, name, DONE, {"known": True})
        return True
    _put_away(folder, name, FAILED if delivery.failed else DONE, delivery.report, delivery)
    return True


def _problems(error: CalibrifyError) -> list[dict[str, str]]:
    """Returns what is wrong with a file, by its places."""
    found = error.errors if isinstance(error, Invalid) else []
    return [{"pointer": problem.pointer, "detail": problem.detail} for problem in found]


def _settled(folder: int, pattern: str) -> list[str]:
    """Returns the files that match and did not change between two looks, the oldest first."""
    before = _look(folder, pattern)
    if not before:
        return []
    time.sleep(SETTLE_SECONDS)
    now = _look(folder, pattern)
    same = [name for name, seen in now.items() if before.get(name) == seen]
    return sorted(same, key=lambda name: (now[name][1], name))[:MOST_FILES]


def _look(folder: int, pattern: str) -> Look:
    """Returns size and time of each plain file that matches; links and hidden files do not."""
    found: Look = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or not fnmatchcase(entry.name.lower(), pattern.lower()):
                continue
            if entry.is_file(follow_symlinks=False):
                facts = entry.stat(follow_symlinks=False)
                found[entry.name] = (facts.st_size, facts.st_mtime_ns)
    return found


@contextmanager
def _opened(platform: Platform, parts: list[str]) -> Iterator[int]:
    """Opens a folder below the inbox, level by level; no level may be a link.

    Raises:
        ConnectorFailed: there is no inbox, or no such folder in it.
    """
    root: Path | str = platform.plugin_settings["integration"][SETTING]
    if not root:
        raise ConnectorFailed("No inbox is set up: CALIBRIFY_INTEGRATION__INBOX_DIR names it.")
    held = -1
    try:
        held = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in parts:
            inner = os.open(part, _FOLDER, dir_fd=held)
            os.close(held)
            held = inner
        yield held
    except (NotADirectoryError, FileNotFoundError, PermissionError):
        where = "/".join(parts)
        detail = f"The inbox has no folder {where} that can be read and is no link."
        raise ConnectorFailed(detail) from None
    finally:
        if held >= 0:
            os.close(held)


@contextmanager
def _copied(folder: int, name: str) -> Iterator[BinaryIO]:
    """Copies a file, so that what is imported is what was counted, whoever writes meanwhile.

    Raises:
        ConnectorFailed: it is no plain file any more.
        TooLarge: it is larger than an upload may be.
    """
    try:
        handle = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        raise ConnectorFailed(f"It cannot be read: {error.strerror}.") from None
    with os.fdopen(handle, "rb") as source:
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise ConnectorFailed("It is no plain file.")
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
            done = 0
            while piece := source.read(_PIECE):
                done += len(piece)
                if done > FILE_LIMIT:
                    raise TooLarge(f"The file is larger than {FILE_LIMIT >> 20} MB.")
                copy.write(piece)
            copy.seek(0)
            yield cast(BinaryIO, copy)


def _put_away(
    folder: int, name: str, where: str, report: Any, delivery: Delivery | None = None
) -> None:
    """Moves a file to where it belongs, with a report beside it."""
    try:
        os.mkdir(where, 0o750, dir_fd=folder)
    except FileExistsError:
        pass
    inner = os.open(where, _FOLDER, dir_fd=folder)
    try:
        kept = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{time.time_ns() % 10**6:06}-{name}"
        text = json.dumps(report, ensure_ascii=False, indent=2, default=str)
        _write(inner, f"{kept}.report.json", text.encode())
        if delivery is not None and delivery.errors is not None:
            _write(inner, f"{kept}.errors.csv", delivery.errors)
        os.rename(name, kept, src_dir_fd=folder, dst_dir_fd=inner)
    finally:
        os.close(inner)


def _write(folder: int, name: str, content: bytes) -> None:
    """Writes a new file."""
    with os.fdopen(os.open(name, _NEW, 0o640, dir_fd=folder), "wb") as file:
        file.write(content)


def parse_folder(text: str) -> Path:
    """Reads the setting of the inbox.

    Raises:
        ValueError: it is no absolute path.
    """
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("it is no absolute path")
    return path


WATCHED_FOLDER = ConnectorKind(
    "integration.folder", "Watched folder", FolderSettings, check_folder, run_folder
)
