"""A plugin that was just written passes the checks of the house, its own tests and the standard."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from subprocess import run as start

import pytest
from click.testing import CliRunner

from calibrify_core.cli.main import main
from tests.wheelhouse import PLUGINS, ROOT, UV, run

pytestmark = pytest.mark.timeout(420)
BIN = Path(sys.executable).parent
HERE = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
TUTORIAL = (ROOT / "docs/tutorial/first-plugin.md").read_text(encoding="utf-8")
SOURCES = [str(ROOT), *(str(ROOT / "plugins" / plugin / "src") for plugin in PLUGINS)]


def write(into: Path, *arguments: str) -> Path:
    """Lets the command write a plugin; returns its folder."""
    done = CliRunner().invoke(main, ["plugin", "new", *arguments, "--into", str(into)])
    assert done.exit_code == 0, done.output
    return into / arguments[0]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new plugin."""
    return write(tmp_path_factory.mktemp("new"), "kit", "--noun", "battery")


@pytest.fixture(scope="module")
def alone(home: Path) -> Path:
    """Beside it, one whose noun belongs to no instrument."""
    return write(home.parent, "pool", "--noun", "key", "--standalone")


@pytest.fixture(scope="module")
def installed_at(home: Path, alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which both are installed, beside this tree."""
    target = tmp_path_factory.mktemp("site")
    install = (UV, "pip", "install", "--quiet", "--python", sys.executable, "--target", target)
    run(*install, "--no-deps", "--no-build-isolation", home, alone, cwd=home)
    return target


def check(site: Path, *arguments: str) -> tuple[int, str]:
    """Runs ``plugin check``; returns its exit code and what it said."""
    done = start(
        [BIN / "calibrify", "plugin", "check", *arguments],
        env={**HERE, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_its_words_are_in_every_file_and_the_sample_in_none(home: Path) -> None:
    files = [path for path in home.rglob("*") if path.is_file() and "egg-info" not in str(path)]
    assert f"{len(files)} files are in accessory." in TUTORIAL
    for path in files:
        text = f"{path.relative_to(home)} {path.read_text(encoding='utf-8')}".lower()
        assert "accessory" not in text
        assert "probe" not in text
    assert "batteries" in (home / "README.md").read_text(encoding="utf-8")
    assert (home / "src/calibrify_kit/py.typed").exists()
    assert (home / "src/calibrify_kit/services/batteries.py").exists()


def test_one_of_no_instrument_says_nothing_of_instruments(alone: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in alone.rglob("*") if path.is_file()]
    assert not [text for text in texts if "%%" in text]
    assert not [text for text in texts if "instrument" in text or "equipment" in text]
    assert (alone / "src/calibrify_pool/py.typed").exists()
    assert not (alone / "src/calibrify_pool/services/keys_facet.py").exists()


@pytest.mark.parametrize("kind", [(), ("--standalone",)], ids=["instruments", "standalone"])
@pytest.mark.parametrize(
    "words", [("rig", "jig"), ("accessory", "probe"), ("measurements", "thermocouple")]
)
def test_it_is_formatted_whatever_it_is_called(
    tmp_path: Path, words: tuple[str, str], kind: tuple[str, ...]
) -> None:
    home = write(tmp_path, words[0], "--noun", words[1], *kind)
    run(BIN / "ruff", "check", "--no-cache", ".", cwd=home)
    run(BIN / "ruff", "format", "--no-cache", "--check", ".", cwd=home)


def test_its_types_are_right(home: Path, alone: Path) -> None:
    options = ("--follow-imports=silent", "--no-error-summary", f"--cache-dir={os.devnull}")
    both = [str(home / "src"), str(alone / "src")]
    paths = os.pathsep.join([*SOURCES, *both])
    run(BIN / "mypy", *options, *both, cwd=home, env={**HERE, "MYPYPATH": paths})


def test_it_passes_its_own_tests(home: Path, alone: Path, installed_at: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "-o", "calibrify_databases=sqlite")
    # What the standard says of the first comes below, by the command.
    parts = [home / "tests/unit", home / "tests/functional", alone / "tests"]
    said = run(
        *(sys.executable, "-m", "pytest", *options, "-c", home / "setup.cfg"),
        *("--rootdir", home.parent, *parts),
        cwd=home.parent,
        env={**HERE, "PYTHONPATH": str(installed_at)},
    )
    assert " passed" in said


def test_it_keeps_to_the_standard(installed_at: Path) -> None:
    code, said = check(installed_at, "kit")
    assert code == 0, said
    assert said.strip().replace("kit", "accessory") in TUTORIAL


def test_what_breaks_the_standard_is_named(installed_at: Path) -> None:
    page = installed_at / "calibrify_kit/templates/kit/widget_batteries.html"
    kept = page.read_text(encoding="utf-8")
    page.write_text(kept.replace("<p>", '<p onclick="go()">'), encoding="utf-8")
    try:
        code, said = check(installed_at, "kit", "--json")
    finally:
        page.write_text(kept, encoding="utf-8")
    told = json.loads(said)
    assert (code, told["ok"]) == (1, False)
    (wrong,) = [one for one in told["checks"] if not one["ok"]]
    assert wrong["name"] == "templates hold no inline handlers styles or scripts"
    assert "onclick" in wrong["detail"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("Kit",), "one lower-case word"),
        (("two_words",), "one lower-case word"),
        (("a" * 13,), "at most 12"),
        (("class",), "a word of Python"),
        (("core",), "has a meaning here"),
        (("equipment",), "has a meaning here"),
        (("calibration", "--noun", "jig"), "There is a plugin calibration already"),
        (("kit", "--noun", "unit"), "has a meaning here"),
        (("kit", "--noun", "list"), "a word of Python"),
        (("kit", "--noun", "sheep", "--plural", "sheep"), "name a --plural"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    done = CliRunner().invoke(main, ["plugin", "new", *arguments, "--into", str(tmp_path)])
    assert done.exit_code == 1
    assert reason in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(home: Path) -> None:
    done = CliRunner().invoke(main, ["plugin", "new", "kit", "--into", str(home.parent)])
    assert done.exit_code == 1
    assert "is there already" in done.output


def test_a_plugin_that_is_not_installed_is_not_checked() -> None:
    done = CliRunner().invoke(main, ["plugin", "check", "nothing"])
    assert done.exit_code == 1
    assert "There is no plugin nothing" in done.output
