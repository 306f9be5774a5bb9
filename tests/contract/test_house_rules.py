"""Rules of the house that no linter knows: sizes, names of rooms, and words that stay out."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "calibrify_core", ROOT / "migrations", *ROOT.glob("plugins/*/src")]
MODULES = sorted(path for source in SOURCES for path in source.rglob("*.py"))
TESTS = sorted([*ROOT.glob("tests/**/*.py"), *ROOT.glob("plugins/*/tests/**/*.py")])
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/setup.cfg"))

LONGEST_MODULE = 400
LONGEST_FUNCTION = 50
# What other plugins may import of a plugin.
FRONT_DOORS = {"equipment": {"public", "parties", "labels", "release", "head"}}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
# The plugin manager is called so in pluggy, too.
ALLOWED = {"calibrify_core/hooks/manager.py"}
# Each is split here, so that this file does not offend against itself.
UNFINISHED = re.compile(
    r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|NotImpl" + r"ementedError)\b|pragma: no" + r" cover"
)
FAKED = re.compile(
    r"mark\.sk" + r"ip|mark\.xf" + r"ail|pytest\.sk" + r"ip|unittest\.mo" + r"ck"
    r"|monkeypatch\.set" + r"attr"
)
CHEAPENED = re.compile(r"\bcosting\(")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def offending(paths: list[Path], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_module_is_longer_than_a_reader_bears() -> None:
    lengths = {
        name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES + TESTS
    }
    assert {path: n for path, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for path in MODULES:
        if "versions" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            # A list of addresses reads from top to bottom, however long it is.
            if node.name == "includeme":
                continue
            # The documentation of a function may be as long as it needs to be.
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            length = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            if length > LONGEST_FUNCTION:
                long[f"{name(path)}:{node.name}"] = length
    assert long == {}


def test_an_init_is_a_docstring_and_nothing_else() -> None:
    for path in MODULES:
        if path.name == "__init__.py":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert len(body) == 1, f"{name(path)} holds code"
            assert isinstance(body[0], ast.Expr), f"{name(path)} has no docstring"


def test_no_module_is_named_for_nothing_in_particular() -> None:
    named = {name(path) for path in MODULES if VAGUE & {path.stem, *path.parent.parts[-2:]}}
    assert named - ALLOWED == set()


def test_nothing_is_left_unfinished() -> None:
    assert offending(MODULES + TESTS, UNFINISHED) == []


def test_no_test_is_left_out_or_stands_on_a_fake() -> None:
    assert offending(TESTS, FAKED) == []


def test_the_testing_kit_alone_changes_what_a_hash_of_a_password_costs() -> None:
    found = {line.partition(":")[0] for line in offending(MODULES, CHEAPENED)}
    assert found == {"calibrify_core/auth/passwords.py", "calibrify_core/testing/plugin.py"}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_front_door_contract_names_every_room_behind_it(plugin: str) -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {item["id"]: item for item in table["tool"]["importlinter"]["contracts"]}
    protected = set(contracts[f"front-door-{plugin}"]["protected_modules"])
    package = ROOT / "plugins" / plugin / "src" / f"calibrify_{plugin}"
    rooms = {
        path.stem
        for path in package.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    front = FRONT_DOORS.get(plugin, {"public"})
    behind = {f"calibrify_{plugin}.{room}" for room in rooms - {"__init__"} - front}
    assert protected == behind


def test_no_import_contract_lists_an_exception() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "ignore_imports" not in text
