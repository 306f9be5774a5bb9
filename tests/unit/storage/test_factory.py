"""The setting decides where files lie."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.settings import Settings
from calibrify_core.storage.factory import open_storage
from calibrify_core.storage.s3 import S3Storage


def test_by_default_files_lie_in_the_data_folder(tmp_path: Path) -> None:
    stored = open_storage(Settings(data_dir=tmp_path)).put(io.BytesIO(b"x"))

    assert list((tmp_path / "files").rglob(stored.sha256))


def test_a_file_address_names_the_folder(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "var", storage_url=f"file://{tmp_path}/elsewhere")
    stored = open_storage(settings).put(io.BytesIO(b"x"))

    assert list((tmp_path / "elsewhere").rglob(stored.sha256))
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("url", "kind"),
    [("ftp://host/files", "ftp"), ("/srv/files", "no known kind")],
)
def test_another_kind_is_refused_in_one_sentence(url: str, kind: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_storage(Settings(storage_url=url))

    assert caught.value.detail == (
        f"CALIBRIFY_STORAGE_URL names a storage of kind {kind}; use file:///path/to/folder or "
        f"s3://bucket?endpoint_url=…"
    )


def test_an_s3_address_names_a_bucket() -> None:
    assert isinstance(open_storage(Settings(storage_url="s3://bucket?region=eu")), S3Storage)
