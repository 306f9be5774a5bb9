"""``calibrify plugin check``: whether a plugin keeps to the plugin standard."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import click

from calibrify_core.hooks.manager import Candidate, installed
from calibrify_core.kernel.errors import ConfigurationError, NotFound

STANDARD = "tests/contract/test_standard.py"
CONTRACT = '''"""The plugin standard."""

from calibrify_core.testing.contract import PluginContract


class TestStandard(PluginContract):
    plugin = "{name}"
'''
MOST_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the standard asks for.

    Attributes:
        name: what it asks for.
        ok: whether the plugin does so.
        detail: what is wrong.
    """

    name: str
    ok: bool
    detail: str = ""


def run_standard(candidate: Candidate, folder: Path, databases: str) -> list[Check]:
    """Runs the plugin standard on an installed plugin.

    Its own subclass of the contract is taken where the source is at hand, since that says which
    pages are meant for everybody; else a bare one.

    Args:
        candidate: the plugin.
        folder: an empty folder for what the run needs.
        databases: kinds of database, with spaces between them.

    Raises:
        ConfigurationError: the testing kit is not installed, or the tests did not run.
    """
    if find_spec("pytest") is None or find_spec("jsonschema") is None:
        raise ConfigurationError(
            "The testing kit is not installed: pip install 'calibrify-core[testing]'."
        )
    test = _own_test(candidate)
    if test is None:
        test = folder / "test_standard.py"
        test.write_text(CONTRACT.format(name=candidate.name), encoding="utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    report = folder / "report.xml"
    options = ["-q", "-p", "calibrify_core.testing.plugin", "-p", "no:cacheprovider"]
    options += ["-o", f"calibrify_databases={databases}"]
    done = subprocess.run(  # noqa: S603 - our own interpreter, and a file that we name
        [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", str(test)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1} or not report.exists():
        said = (done.stdout + done.stderr).strip()[-MOST_TEXT:]
        raise ConfigurationError(f"The plugin standard could not be run: {said}")
    return _checks(report)


def _own_test(candidate: Candidate) -> Path | None:
    """Returns the plugin's own test of the standard, None where it is not at hand."""
    spec = find_spec(f"calibrify_{candidate.name}")
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(next(iter(spec.submodule_search_locations)))
    if len(package.parents) < 2 or package.parent.name != "src":
        return None
    test = package.parents[1] / STANDARD
    return test if test.is_file() else None


def _checks(report: Path) -> list[Check]:
    """Reads what the tests said; the file was just written by our own pytest."""
    found = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314
        name = case.get("name", "").removeprefix("test_").replace("_", " ")
        faults = [*case.iter("failure"), *case.iter("error")]
        detail = (faults[0].get("message") or "")[:MOST_TEXT] if faults else ""
        found.append(Check(name, not faults, detail))
    return found


@click.command("check")
@click.argument("name")
@click.option("--postgresql", is_flag=True, help="On a private PostgreSQL, besides SQLite.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.pass_context
def command(context: click.Context, name: str, postgresql: bool, as_json: bool) -> None:
    """Says whether an installed plugin keeps to the plugin standard."""
    known = installed()
    if name not in known:
        raise NotFound(f"There is no plugin {name}; installed are: {', '.join(sorted(known))}.")
    with tempfile.TemporaryDirectory() as folder:
        databases = "sqlite postgresql" if postgresql else "sqlite"
        checks = run_standard(known[name], Path(folder), databases)
    wrong = [check for check in checks if not check.ok]
    if as_json:
        shown = [asdict(check) for check in checks]
        click.echo(json.dumps({"plugin": name, "ok": not wrong, "checks": shown}, indent=2))
    else:
        for check in wrong:
            click.echo(f"✗ {check.name}\n  {check.detail}")
        keeps = "does not keep" if wrong else "keeps"
        click.echo(
            f"{name} {keeps} to the plugin standard: {len(checks) - len(wrong)} of "
            f"{len(checks)} checks."
        )
    if wrong:
        context.exit(1)
