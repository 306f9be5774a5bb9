"""The settings files that ship: each loads, and names nothing that is no setting."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.kernel.settings import SECRETS, Settings, load_settings

FOLDER = Path(__file__).parents[3] / "config"
FILES = sorted(FOLDER.glob("*.ini"))
KEY = "k" * 64
COMMENTED = re.compile(r"^# (\w+) = (.+)$", re.MULTILINE)


def load(file: Path, tmp_path: Path, **variables: str) -> Settings:
    """Loads a file as a process would, with its data somewhere harmless."""
    named = {f"CALIBRIFY_{name.upper()}": value for name, value in variables.items()}
    return load_settings(
        {"CALIBRIFY_CONFIG": str(file), "CALIBRIFY_DATA_DIR": str(tmp_path / "var"), **named}
    )


def test_there_is_one_for_each_environment() -> None:
    assert [file.stem for file in FILES] == ["development", "production", "testing"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_loads_and_says_what_it_is_for(file: Path, tmp_path: Path) -> None:
    settings = load(file, tmp_path, secret_key=KEY)
    assert settings.environment == file.stem
    assert settings.plugins is None
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(file, encoding="utf-8")
    assert parser.sections() == ["calibrify"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_it_only_suggests_loads_too(file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8")
    suggested = [name for name, _ in COMMENTED.findall(text)]
    assert suggested, "each file suggests something"
    bold = tmp_path / "bold.ini"
    secrets = {name for name in suggested if name.removesuffix("_file") in SECRETS}
    for name in secrets:
        (tmp_path / name).write_text(KEY, encoding="utf-8")
    bold.write_text(
        COMMENTED.sub(
            lambda found: (
                f"{found[1]} = {tmp_path / found[1]}"
                if found[1] in secrets and found[1].endswith("_file")
                else f"{found[1]} = {found[2]}"
            ),
            text,
        ),
        encoding="utf-8",
    )
    given = {} if "secret_key_file" in suggested else {"secret_key": KEY}
    settings = load(bold, tmp_path, **given)
    for name in suggested:
        field = name.removesuffix("_file") if name.removesuffix("_file") in SECRETS else name
        assert getattr(settings, field) != Settings.model_fields[field].default, name


def test_production_does_not_start_without_its_key_nor_with_a_fixed_clock(tmp_path: Path) -> None:
    file = FOLDER / "production.ini"
    with pytest.raises(ConfigurationError, match="CALIBRIFY_SECRET_KEY is needed"):
        load(file, tmp_path)
    with pytest.raises(ConfigurationError, match="CALIBRIFY_CLOCK is refused"):
        load(file, tmp_path, secret_key=KEY, clock="2016-02-29")


def test_no_file_holds_a_secret() -> None:
    for file in FILES:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(file, encoding="utf-8")
        given = set(parser["calibrify"])
        assert not given & SECRETS, file.name
