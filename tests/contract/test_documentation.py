"""The reference says what there is: hooks, settings and commands, complete and exact."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

import click
import pytest
from calibrify_equipment import hookspecs as equipment_specs

from calibrify_core.cli.main import main
from calibrify_core.hooks import specs
from calibrify_core.kernel.settings import Settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def hooks(module: ModuleType) -> list[str]:
    """Returns the signature of each hook of a module, as the reference shows it."""
    return [
        f"def {name}{str(inspect.signature(found)).replace(chr(39), '')}: ..."
        for name, found in vars(module).items()
        if name.startswith("calibrify_") and inspect.isfunction(found)
    ]


@pytest.mark.parametrize("signature", [*hooks(specs), *hooks(equipment_specs)])
def test_every_hook_is_documented_with_its_signature(signature: str) -> None:
    assert signature in (REFERENCE / "hooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - {"plugin_settings"}))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`CALIBRIFY_{name.upper()}`" in (REFERENCE / "settings.md").read_text(encoding="utf-8")


def commands(group: click.Group, prefix: str = "calibrify") -> list[str]:
    """Returns the full name of each command."""
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found += commands(command, f"{prefix} {name}")
        else:
            found.append(f"{prefix} {name}")
    return found


def test_every_command_is_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIBRIFY_DATA_DIR", str(tmp_path))
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    missing = [name for name in commands(main) if f"`{name}" not in text]
    assert not missing, missing


def test_each_hook_has_a_user() -> None:
    shipped = "\n".join(
        path.read_text(encoding="utf-8")
        for path in Path(__file__).parents[2].rglob("*.py")
        if path.name in {"plugin.py", "contributions.py"} and ".venv" not in path.parts
    )
    unused = [
        name
        for module in (specs, equipment_specs)
        for name, found in vars(module).items()
        if name.startswith("calibrify_")
        and inspect.isfunction(found)
        and f"def {name}(" not in shipped
    ]
    assert not unused, unused
