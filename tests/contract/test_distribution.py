"""What setup.cfg says of each distribution is what stands in the tree."""

from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent.name for path in ROOT.glob("plugins/*/setup.cfg"))
CORE_FOLDERS = {
    "calibrify_core": ROOT / "calibrify_core",
    "calibrify_core.config": ROOT / "config",
    "calibrify_core.migrations": ROOT / "migrations",
    "calibrify_core.static": ROOT / "static",
}


def metadata(path: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read(path / "setup.cfg", encoding="utf-8")
    return parser


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def packages_of(name: str, folder: Path) -> set[str]:
    """Name each folder with Python code below a folder, whether or not it has an __init__.py."""
    found = {
        module.parent.relative_to(folder)
        for module in folder.rglob("*.py")
        if "__pycache__" not in module.parts
    }
    return {".".join((name, *path.parts)) for path in found}


# A script that no installed Calibrify runs: it fetches what static/vendor then holds.
NOT_SHIPPED = {"calibrify_core.static.vendor"}


def test_the_core_lists_every_package_of_the_tree() -> None:
    listed = lines(metadata(ROOT)["options"]["packages"])
    expected = set().union(*(packages_of(*item) for item in CORE_FOLDERS.items()))
    assert listed == sorted(expected - NOT_SHIPPED)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_lists_every_package_of_its_tree(plugin: str) -> None:
    home = ROOT / "plugins" / plugin
    name = f"calibrify_{plugin}"
    listed = lines(metadata(home)["options"]["packages"])
    assert listed == sorted(packages_of(name, home / "src" / name))


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_announces_itself_and_needs_the_core(plugin: str) -> None:
    parser = metadata(ROOT / "plugins" / plugin)
    announced = lines(parser["options.entry_points"]["calibrify.plugins"])
    assert announced == [f"{plugin} = calibrify_{plugin}.plugin"]
    assert "calibrify-core" in lines(parser["options"]["install_requires"])


def test_the_distributions_ask_for_the_ranges_that_the_lock_is_made_from() -> None:
    text = (ROOT / "config/requirements/runtime.in").read_text(encoding="utf-8")
    ranges = [line for line in lines(text) if not line.startswith("#")]
    homes = [ROOT, *(ROOT / "plugins" / name for name in PLUGINS)]
    asked = {
        line for home in homes for line in lines(metadata(home)["options"]["install_requires"])
    }
    assert sorted(line for line in asked if not line.startswith("calibrify-")) == sorted(ranges)


def test_every_requirement_is_locked_with_a_hash() -> None:
    for name in ("runtime.txt", "dev.txt"):
        text = (ROOT / "config/requirements" / name).read_text(encoding="utf-8")
        pins = [line for line in text.splitlines() if "==" in line and line[0].isalnum()]
        assert pins
        assert [line for line in pins if not line.endswith("\\")] == []
        assert "://" not in text, "a lock names no index"


@pytest.mark.parametrize("home", [ROOT, *(ROOT / "plugins" / name for name in PLUGINS)])
def test_the_versions_move_together(home: Path) -> None:
    assert metadata(home)["metadata"]["version"] == metadata(ROOT)["metadata"]["version"]


@pytest.mark.parametrize(
    "package",
    [ROOT / "calibrify_core", *(ROOT / f"plugins/{p}/src/calibrify_{p}" for p in PLUGINS)],
)
def test_a_package_says_that_it_is_typed(package: Path) -> None:
    assert (package / "py.typed").is_file()
