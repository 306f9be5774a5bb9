"""What the commands that look things over refuse, and what they report as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from calibrify_core.cli import setup
from calibrify_core.cli.main import main

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    environ = {"CALIBRIFY_DATA_DIR": str(tmp_path), "CALIBRIFY_SECRET_KEY": "k" * 64}

    def call(*arguments: str, **more: str) -> Result:
        setup.settings_of.cache_clear()
        setup.platform_of.cache_clear()
        return CliRunner().invoke(main, arguments, env=environ | more)

    yield call
    setup.platform_of.cache_clear()
    setup.settings_of.cache_clear()


@pytest.mark.parametrize(
    ("name", "value"), [("CALIBRIFY_STORAGE_URL", "ftp://x"), ("CALIBRIFY_PLUGINS", "nope")]
)
def test_settings_with_which_nothing_starts_do_not_pass(run: Run, name: str, value: str) -> None:
    assert run("config", "check", "--json").exit_code == 0
    refused = run("config", "check", **{name: value})
    assert refused.exit_code == 1
    assert name in refused.output


def test_empty_tables_are_reported_as_json(run: Run) -> None:
    checked = run("db", "check", "--json")
    assert checked.exit_code == 1
    report = json.loads(checked.stdout)
    assert {"core", "equipment"} <= {one["name"] for one in report["lineages"]}
    assert {one["current"] for one in report["lineages"]} == {None}
    assert report["differences"] == []
    looked = run("doctor", "--json")
    assert looked.exit_code == 1
    assert any("calibrify db upgrade" in told for told in json.loads(looked.stdout)["problems"])
