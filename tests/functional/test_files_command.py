"""A file that is lost or damaged is named by the command that looks at all of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from calibrify_core import app as root
from calibrify_core.cli import setup
from calibrify_core.cli.main import main
from calibrify_core.kernel.ids import new_id
from calibrify_core.kernel.settings import Settings
from calibrify_core.records.files import StoredFile
from tests.functional.conftest import build


@pytest.fixture
def run(make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Any:
    settings = make_settings()
    for name in ("data_dir", "database_url", "secret_key"):
        monkeypatch.setenv(f"CALIBRIFY_{name.upper()}", str(getattr(settings, name)))
    platform = root.make_platform(settings)
    build(platform)
    setup.settings_of.cache_clear()
    setup.platform_of.cache_clear()
    yield platform, lambda: CliRunner().invoke(main, ["files", "verify"])
    setup.platform_of().database.dispose()
    setup.settings_of.cache_clear()
    setup.platform_of.cache_clear()
    platform.database.dispose()


def test_lost_and_damaged_files_are_named(run: Any) -> None:
    platform, verify = run
    ids = []
    for name in ("whole.csv", "damaged.csv", "lost.csv"):
        with platform.unit() as unit:
            stored = platform.storage.put(io.BytesIO(name.encode()))
            file = StoredFile(
                organisation_id=unit.organisation.id,
                name=name,
                content_type="text/csv",
                size=stored.size,
                sha256=stored.sha256,
                object_type="equipment",
                object_id=new_id(),
            )
            unit.session.add(file)
            ids.append((file.name, stored.sha256))
    assert verify().exit_code == 0
    files = platform.settings.files_dir
    path = files / ids[1][1][:2] / ids[1][1][2:4] / ids[1][1]
    path.write_bytes(b"other bytes")
    platform.storage.delete(ids[2][1])

    told = verify()

    assert told.exit_code == 1
    assert "damaged.csv of equipment" in told.output
    assert "lost.csv of equipment" in told.output
    assert "whole.csv" not in told.output
    assert told.output.endswith("3 files, 2 lost or damaged.\n")
