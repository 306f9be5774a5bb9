"""Files in a folder of this machine, or of a network drive."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from calibrify_core.kernel.errors import NotFound, Unavailable
from calibrify_core.storage.copying import copied
from calibrify_core.storage.interface import FILE_LIMIT, KEY, StoredObject, checked_key


class FolderStorage:
    """Keeps each file at ``ab/cd/abcd…`` below a folder that is made on the first put.

    A file appears under its key in one step, after its bytes have reached the disk: a crash
    leaves a whole file or none, and what was begun in ``incoming`` can be removed at any time.

    Args:
        folder: where; only this program writes there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"

    def put(self, stream: BinaryIO, *, limit: int = FILE_LIMIT) -> StoredObject:
        """Stores all bytes of a stream; see `Storage.put`."""
        try:
            self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._incoming)
        except OSError as error:
            raise _unavailable(error) from error
        incoming = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                stored = copied(stream, target, limit)
                target.flush()
                os.fsync(target.fileno())
            path = self._path(stored.sha256)
            _make_folder(path.parent.parent)
            _make_folder(path.parent)
            # Bytes that are there already are replaced too: that mends a damaged copy.
            incoming.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            raise _unavailable(error) from error
        finally:
            incoming.unlink(missing_ok=True)
        return stored

    def open(self, sha256: str) -> BinaryIO:
        """Opens a file for reading; see `Storage.open`."""
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            raise NotFound("This file is not in the storage.") from None

    def verify(self, sha256: str) -> bool:
        """Tells whether a file is there and whole; see `Storage.verify`."""
        try:
            with self._path(sha256).open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False

    def exists(self, sha256: str) -> bool:
        """Tells whether a file is there; see `Storage.exists`."""
        return self._path(sha256).is_file()

    def delete(self, sha256: str) -> None:
        """Removes a file; see `Storage.delete`."""
        self._path(sha256).unlink(missing_ok=True)

    def keys(self) -> Iterator[str]:
        """Goes through the keys of all files in ascending order; see `Storage.keys`."""
        for path in sorted(self._folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]")):
            yield from sorted(file.name for file in path.iterdir() if KEY.fullmatch(file.name))

    def check(self) -> None:
        """Asks whether the folder can be written; see `Storage.check`."""
        place = next(one for one in (self._folder, *self._folder.parents) if one.exists())
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise Unavailable("The folder of the files cannot be written.", 30)

    def _path(self, sha256: str) -> Path:
        """Returns where a file lies; two levels keep each folder small."""
        key = checked_key(sha256)
        return self._folder / key[:2] / key[2:4] / key


def _make_folder(folder: Path) -> None:
    """Makes a folder that survives a crash."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a crash."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unavailable(error: OSError) -> Unavailable:
    """Returns the refusal to store; the reason is for the log, where its cause is shown."""
    return Unavailable(f"The file cannot be stored now: {error.strerror or 'no answer'}.", 30)
