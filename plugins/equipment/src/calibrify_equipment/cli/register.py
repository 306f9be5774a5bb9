"""``calibrify import equipment`` and ``calibrify export equipment``: registers from a shell."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from calibrify_core.cli.setup import ready_platform
from calibrify_core.exchange.options import parse_mapping, parse_options
from calibrify_core.exchange.report import ImportReport
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.errors import Invalid
from calibrify_core.records.listing import read_request
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.services import exporting, importing
from calibrify_equipment.services.import_fields import fields_for

SHELL = Actor.system("Command line")
SHOWN = 20


def mapping_of(pairs: Sequence[str]) -> dict[str, str | None] | None:
    """Returns the mapping that pairs ``column=field`` give; None without any.

    Raises:
        Invalid: a pair has no ``=``.
    """
    mapping: dict[str, str | None] = {}
    for pair in pairs:
        column, sign, name = pair.rpartition("=")
        if not sign:
            raise Invalid.field("/mapping", f"“{pair}” is not of the form COLUMN=FIELD.")
        mapping[column] = name or None
    return mapping or None


@click.command(
    "equipment",
    epilog="Example: calibrify import equipment register.xlsx --match-on asset_tag --dry-run",
)
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The register, CSV or XLSX.",
)
@click.option(
    "--map", "pairs", multiple=True, metavar="COLUMN=FIELD", help="What a column is; repeatable."
)
@click.option("--match-on", help="Field by which a row finds its instrument.")
@click.option(
    "--options",
    "options_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON file with the options of the import; a member `mapping` may stand in it.",
)
@click.option("--dry-run", is_flag=True, help="Keep nothing, and say what would be.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def import_command(
    file: Path,
    pairs: tuple[str, ...],
    match_on: str | None,
    options_file: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Imports a register of instruments, CSV or XLSX. Exit code 1 if a row failed."""
    platform = ready_platform()
    given = _options_in(options_file) if options_file else {}
    mapping = dict(parse_mapping(given.pop("mapping", None)) or {})
    mapping.update(mapping_of(pairs) or {})
    if match_on:
        given["match_on"] = match_on
    options = parse_options(given)
    opened = partial(platform.unit, actor=SHELL)
    with opened(write=False) as unit:
        fields = fields_for(unit)
    with file.open("rb") as stream:
        with importing.open_register(fields, stream, file.name, options, mapping) as table:
            chosen, complete = importing.settled(fields, table, mapping or None, options)
        stream.seek(0)
        order = importing.ImportOrder("", file.name, chosen, complete, dry_run)
        books = importing.Books(partial(_progress, not as_json))
        report, errors = importing.run(platform, opened, stream, order, books)
    if errors is not None:
        errors.close()
    _show(report, as_json=as_json)
    if report.failed:
        sys.exit(1)


def _options_in(file: Path) -> dict[str, Any]:
    """Returns the options that stand in a file.

    Raises:
        Invalid: it is no JSON object.
    """
    try:
        found = json.loads(file.read_bytes())
    except ValueError as error:
        raise Invalid.field("/options", f"{file.name} is not JSON: {error}.") from error
    if not isinstance(found, dict) or not isinstance(found.get("mapping", {}), dict):
        raise Invalid.field(
            "/options", f"{file.name} must hold a JSON object, its mapping another."
        )
    return found


def _progress(
    wanted: bool, _unit: UnitOfWork, _report: ImportReport, done: int, total: int | None
) -> None:
    """Says on standard error how far it is, where a person looks on."""
    if wanted and sys.stderr.isatty():
        click.echo(f"\r{done:,} of {total or 0:,} rows", err=True, nl=False)


def _show(report: ImportReport, *, as_json: bool) -> None:
    """Prints the report."""
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
        return
    for line in report.notes:
        click.echo(f"Note: {line}")
    for kind, problems, total in (
        ("Error", report.errors, report.errors_total),
        ("Warning", report.warnings, report.warnings_total),
    ):
        for problem in problems[:SHOWN]:
            where = f", {problem['column']} “{problem['value']}”" if problem["column"] else ""
            click.echo(f"{kind} in row {problem['row']}{where}: {problem['detail']}")
        if total > SHOWN:
            click.echo(f"… {total - SHOWN} more of this kind.")
    would = "would be " if report.dry_run else ""
    click.echo(
        f"{report.rows} rows: {report.created} {would}created, {report.updated} {would}changed, "
        f"{report.unchanged} unchanged, {report.failed} failed."
    )


@click.command(
    "equipment", epilog="Example: calibrify export equipment --format xlsx --output register.xlsx"
)
@click.option(
    "--format",
    "form",
    type=click.Choice(exporting.FORMATS),
    default="csv",
    show_default=True,
    help="Of the file.",
)
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="As in the API.")
@click.option("--output", type=click.File("wb"), default="-", help="Standard output by default.")
def export_command(form: str, filters: tuple[str, ...], output: Any) -> None:
    """Exports the instruments as a file that can be imported again."""
    platform: Platform = ready_platform()
    pairs = [(name, value) for name, _, value in (pair.partition("=") for pair in filters)]
    asked = read_request(exporting.export_list(platform), pairs)
    with platform.unit(actor=SHELL) as unit:
        exporting.note(unit, form, asked)
        organisation, access = unit.organisation, unit.access
    with exporting.snapshot_session(platform) as session:
        reading = UnitOfWork(platform, session, SHELL, organisation, access)
        for piece in exporting.produce(reading, form, asked):
            output.write(piece)
