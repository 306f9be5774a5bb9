"""The folder keeps the storage contract, and what is true of a folder alone."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from calibrify_core.kernel.errors import Unavailable
from calibrify_core.storage.folder import FolderStorage
from calibrify_core.testing.storage_contract import CERTIFICATE, SHA256, StorageContract


class TestFolder(StorageContract):
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "files"

    @pytest.fixture
    def storage(self, folder: Path) -> FolderStorage:
        self.place = folder / SHA256[:2] / SHA256[2:4] / SHA256
        return FolderStorage(folder)

    def damage(self, storage: FolderStorage, sha256: str) -> None:
        self.place.write_bytes(CERTIFICATE.replace(b"torque", b"toque!"))

    def test_files_lie_two_levels_deep_and_private(self, storage: FolderStorage) -> None:
        storage.put(io.BytesIO(CERTIFICATE))

        assert self.place.read_bytes() == CERTIFICATE
        assert self.place.stat().st_mode & 0o777 == 0o600
        assert self.place.parent.stat().st_mode & 0o777 == 0o700

    def test_nothing_is_left_in_incoming(self, storage: FolderStorage, folder: Path) -> None:
        storage.put(io.BytesIO(CERTIFICATE))
        with pytest.raises(ValueError, match="closed"):
            storage.put(_closed())

        assert list((folder / "incoming").iterdir()) == []

    def test_other_files_in_the_folder_are_no_keys(
        self, storage: FolderStorage, folder: Path
    ) -> None:
        storage.put(io.BytesIO(CERTIFICATE))
        (self.place.parent / "notes.txt").write_text("by hand", encoding="utf-8")
        (folder / "incoming" / ("0" * 64)).write_text("crashed", encoding="utf-8")

        assert list(storage.keys()) == [SHA256]

    def test_a_folder_that_takes_nothing_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "files").write_text("not a folder", encoding="utf-8")

        with pytest.raises(Unavailable, match="The file cannot be stored now: "):
            FolderStorage(tmp_path / "files").put(io.BytesIO(CERTIFICATE))

    def test_a_copied_folder_is_the_same_storage(
        self, storage: FolderStorage, folder: Path, tmp_path: Path
    ) -> None:
        storage.put(io.BytesIO(CERTIFICATE))
        shutil.copytree(folder, tmp_path / "backup")

        assert FolderStorage(tmp_path / "backup").verify(SHA256)


def _closed() -> io.BytesIO:
    stream = io.BytesIO()
    stream.close()
    return stream
