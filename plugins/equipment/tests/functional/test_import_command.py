"""Importing and exporting from a shell."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from calibrify_core.cli import setup
from calibrify_core.cli.main import main
from calibrify_core.kernel.actor import Actor
from calibrify_equipment.services import categories

REGISTER = Path(__file__).parents[1] / "data" / "plant_like_register.csv"
OPTIONS = {
    "create_missing": ["location", "manufacturer", "model"],
    "null_values": ["N/A"],
    "value_map": {
        "status": {
            "ACTIVE": "in_service", "EXTENDED": "in_service", "SERVICE": "in_service",
            "IDLE": "out_of_service", "BROKEN": "quarantined", "AT REPAIR": "in_maintenance",
            "SCRAP": "retired", "GONE": "lost",
        }
    },
}  # fmt: skip


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Any]:
    """Runs the command on an installation of its own, with the equipment plugin alone."""
    environ = {
        "CALIBRIFY_DATA_DIR": str(tmp_path / "var"),
        "CALIBRIFY_ENVIRONMENT": "testing",
        "CALIBRIFY_SECRET_KEY": "k" * 64,
        "CALIBRIFY_PLUGINS": "equipment",
    }
    runner = CliRunner(env=environ)

    def run(*arguments: str, code: int = 0) -> Result:
        result = runner.invoke(main, arguments)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    setup.settings_of.cache_clear()
    setup.platform_of.cache_clear()
    run("db", "upgrade")
    yield run
    setup.platform_of().database.dispose()
    setup.settings_of.cache_clear()
    setup.platform_of.cache_clear()


def test_a_register_goes_in_and_out(call: Any, tmp_path: Path) -> None:
    options = tmp_path / "options.json"
    options.write_text(json.dumps(OPTIONS), "utf-8")
    given = ("import", "equipment", str(REGISTER), "--options", str(options))
    tried = call(*given, "--dry-run", code=1)
    assert "60 rows: 58 would be created" in tried.output
    assert "Error in row" in tried.output
    OPTIONS["value_map"]["status"] |= {"T-17": "lost", "T-18": "lost"}
    options.write_text(json.dumps(OPTIONS), "utf-8")
    done = json.loads(call(*given, "--map", "Performance=notes", "--map", "Control No.=asset_tag",
                           "--map", "Description=name", "--map", "Status=status",
                           "--json").stdout)  # fmt: skip
    assert (done["created"], done["failed"]) == (60, 0)
    file = tmp_path / "out.csv"
    call("export", "equipment", "--output", str(file), "--filter", "status=in_service")
    assert len(file.read_text("utf-8-sig").splitlines()) == 41
    back = json.loads(call("import", "equipment", str(file), "--json").stdout)
    assert (back["unchanged"], back["created"], back["updated"]) == (40, 0, 0)


def test_custom_fields_go_in_and_out(call: Any, tmp_path: Path) -> None:
    with setup.platform_of().unit(actor=Actor.system("test")) as unit:
        schema = {"fields": [{"name": "rated_load", "type": "decimal"}]}
        categories.add(unit, {"name": "Hooks", "custom_field_schema": schema})
    file = tmp_path / "in.csv"
    file.write_text("tag,name,category,max\nH1,Hook,Hooks,1.50\n")
    call("import", "equipment", str(file), *(part for pair in (
        "tag=asset_tag", "name=name", "category=category", "max=custom_fields.rated_load",
    ) for part in ("--map", pair)))  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(call("export", "equipment").stdout.removeprefix("\ufeff")))
    assert row["custom_fields.rated_load"] == "1.50"


def test_what_is_wrong_is_one_sentence(call: Any, tmp_path: Path) -> None:
    wrong = call("import", "equipment", str(REGISTER), "--map", "Nothing=name", code=1)
    assert "/mapping/Nothing: The file has no column “Nothing”." in wrong.stderr
    wrong = call("import", "equipment", str(REGISTER), "--map", "name", code=1)
    assert "COLUMN=FIELD" in wrong.stderr
    broken = tmp_path / "options.json"
    for text in ("[]", "{", '{"mapping": 3}', '{"colour": 1}'):
        broken.write_text(text, "utf-8")
        wrong = call("import", "equipment", str(REGISTER), "--options", str(broken), code=1)
        assert wrong.stderr.startswith("calibrify: ")
