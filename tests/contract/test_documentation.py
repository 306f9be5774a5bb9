"""The reference says what there is: hooks, settings and commands, complete and exact."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import click
import pytest

import calibrify_calibration.events
import calibrify_calibration.permissions
import calibrify_equipment.events
import calibrify_equipment.permissions
import calibrify_integration.permissions
from calibrify_core import contributions
from calibrify_core.api import body, guard, idempotency, query, upload
from calibrify_core.api import types as api_types
from calibrify_core.auth import api_tokens, limits, passwords
from calibrify_core.cli.main import main
from calibrify_core.exchange import report, tables
from calibrify_core.hooks import specs
from calibrify_core.hooks.declarations import Permission
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_core.kernel import errors
from calibrify_core.kernel.settings import Settings
from calibrify_core.records import listing
from calibrify_core.storage import interface
from calibrify_equipment import hookspecs as equipment_specs
from calibrify_equipment.api.bulk import MOST_OPERATIONS
from calibrify_integration import hookspecs as integration_specs

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def hooks(module: ModuleType) -> list[str]:
    """Returns the signature of each hook of a module, as the reference shows it."""
    return [
        f"def {name}{str(inspect.signature(found)).replace(chr(39), '')}: ..."
        for name, found in vars(module).items()
        if name.startswith("calibrify_") and inspect.isfunction(found)
    ]


SPECS = (specs, equipment_specs, integration_specs)
SIGNATURES = [signature for module in SPECS for signature in hooks(module)]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_every_hook_is_documented_with_its_signature(signature: str) -> None:
    assert signature in (REFERENCE / "hooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - {"plugin_settings"}))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`CALIBRIFY_{name.upper()}`" in (REFERENCE / "settings.md").read_text(encoding="utf-8")


def test_every_setting_of_a_plugin_is_documented() -> None:
    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    for contribution in Plugins(contributions, installed(), None).collect("calibrify_settings"):
        declared = contribution.value
        name = f"CALIBRIFY_{contribution.plugin.upper()}__{declared.key.upper()}"
        default = "none" if declared.default in ("", ()) else declared.default
        assert f"| `{name}` | {declared.description} | {default} |" in text


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


def test_every_command_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        for module in SPECS
        for name, found in vars(module).items()
        if name.startswith("calibrify_")
        and inspect.isfunction(found)
        and f"def {name}(" not in shipped
    ]
    assert not unused, unused


def permissions() -> Iterable[Permission]:
    """Yields all permissions that core and plugins declare."""
    yield from contributions.calibrify_permissions()
    yield from calibrify_equipment.permissions.PERMISSIONS
    yield from calibrify_calibration.permissions.PERMISSIONS
    yield from calibrify_integration.permissions.PERMISSIONS


@pytest.mark.parametrize("permission", list(permissions()), ids=lambda permission: permission.name)
def test_every_permission_is_documented_with_its_default_roles(permission: Permission) -> None:
    roles = ", ".join(permission.roles)
    row = f"| `{permission.name}` | {permission.title} | {roles} |"
    assert row in (REFERENCE / "permissions.md").read_text(encoding="utf-8").splitlines()


EVENTS = [
    found
    for module in (calibrify_equipment.events, calibrify_calibration.events)
    for found in vars(module).values()
    if inspect.isclass(found) and found.__module__ == module.__name__
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_is_documented_with_its_members(event: type) -> None:
    told = (event.__doc__ or "").splitlines()[0]
    members = ", ".join(f"`{member.name}`" for member in dataclasses.fields(event))
    row = f"| `{event.__name__}` | {told} | {members} |"
    assert row in (REFERENCE / "events.md").read_text(encoding="utf-8").splitlines()


READ = tables.ReadLimits()
MEBIBYTE = 1 << 20


@pytest.mark.parametrize(
    ("row", "most"),
    [
        ("JSON body", f"{guard.MAX_BODY // MEBIBYTE} MiB"),
        ("upload, form and file together", f"{guard.MAX_UPLOAD // MEBIBYTE} MiB"),
        ("file in an upload", f"{interface.FILE_LIMIT // MEBIBYTE} MiB"),
        ("file in an upload", f"{READ.file_bytes // MEBIBYTE} MiB"),
        ("nesting of a body", f"{body.MAX_DEPTH} levels"),
        ("one text", f"{body.MAX_TEXT:,} characters"),
        ("one decimal", f"{api_types.MAX_DIGITS} digits"),
        ("one decimal", f"to {api_types.MAX_EXPONENT}"),
        ("query", f"{guard.MAX_QUERY:,} characters, {query.MAX_PARAMETERS} parameters"),
        ("one parameter of a list", f"{listing.MAX_TEXT} characters"),
        ("one parameter of a list", f"{listing.MAX_VALUES} values"),
        ("one parameter of a list", f"{listing.MAX_ORDERINGS} orderings"),
        ("page of a list", f"{listing.MAX_LIMIT} rows"),
        ("operations in one bulk request", f"{MOST_OPERATIONS:,}"),
        (
            "parts of a form",
            f"{upload.MAX_PARTS}, each text of at most {upload.MAX_TEXT >> 10} KiB",
        ),
        ("errors in one answer", f"{body.MAX_ERRORS}"),
        ("`Idempotency-Key`", f"{idempotency.MAX_KEY} printable"),
        ("import: rows", f"{READ.rows:,}"),
        ("import: columns", f"{READ.columns}"),
        ("import: one cell", f"{tables.MAX_CELL:,} characters"),
        ("import: one line of a CSV", f"{READ.line_bytes // MEBIBYTE} MiB"),
        ("import: an XLSX unpacked", f"{READ.unpacked_bytes // MEBIBYTE} MiB in {READ.entries:,} "),
        ("import: an XLSX unpacked", f"at most {READ.ratio} times"),
        ("import: used area of a sheet", f"{READ.cells:,} cells, {READ.text_bytes >> 20} MiB"),
        ("import: problems listed in the result", f"{report.KEPT:,}"),
        ("requests of an account", f"{int(limits.CALLER.removesuffix('/minute')):,} a minute"),
        ("requests from an address", f"{int(limits.STRANGER.removesuffix('/minute')):,} a minute"),
        ("password", f"{passwords.SHORTEST} to {passwords.LONGEST} characters"),
        ("life of an API token", f"{api_tokens.LONGEST_LIFE.days} days"),
    ],
)
def test_every_limit_of_the_api_is_documented_as_it_is(row: str, most: str) -> None:
    text = (REFERENCE / "api-conventions.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {row}")]
    assert most in line


@pytest.mark.parametrize(
    "error",
    [
        found
        for found in vars(errors).values()
        if inspect.isclass(found)
        and issubclass(found, errors.CalibrifyError)
        and 400 <= found.status < 600
        and found.status != 500
    ],
    ids=lambda error: error.__name__,
)
def test_every_error_of_the_api_is_documented(error: type[errors.CalibrifyError]) -> None:
    text = (REFERENCE / "api-conventions.md").read_text(encoding="utf-8")
    assert f"| {error.status} | `{error.code}` |" in text


ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)")
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("plugins/*/README.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_readme_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    lost = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not lost, lost
