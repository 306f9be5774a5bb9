"""``calibrify audit``: check the trail, and hand it out."""

from __future__ import annotations

import json

import click
import sqlalchemy as sa

from calibrify_core.audit.entry import AuditEntry
from calibrify_core.audit.seal import verify
from calibrify_core.audit.trail import plain
from calibrify_core.cli.setup import ready_platform


@click.group("audit")
def command() -> None:
    """The audit trail: verify, export."""


@command.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.pass_context
def verify_command(ctx: click.Context, as_json: bool) -> None:
    """Seals the tail, checks every entry, and names the first bad one."""
    platform = ready_platform()
    verdict = verify(platform.database, platform.keys.audit)
    if as_json:
        report = {
            "intact": verdict.intact,
            "entries": verdict.entries,
            "sealed": verdict.sealed,
            "head": verdict.head,
            "broken": verdict.broken,
            "entry_id": verdict.entry_id,
        }
        click.echo(json.dumps(report))
    elif verdict.intact:
        click.echo(f"{verdict.entries} entries, sealed up to {verdict.sealed}: intact.")
        click.echo(f"Head: {verdict.head}")
    else:
        click.echo(f"{verdict.broken} First bad entry: {verdict.entry_id}.", err=True)
    ctx.exit(0 if verdict.intact else 1)


@command.command("export")
def export_command() -> None:
    """Writes all entries to standard output, one JSON object a line, oldest first."""
    platform = ready_platform()
    table = AuditEntry.__table__
    with platform.database.snapshot.connect() as connection:
        rows = connection.execution_options(yield_per=1000).execute(
            sa.select(table).order_by(table.c.id)
        )
        for row in rows.mappings():
            entry = {name: plain(value) for name, value in row.items()}
            click.echo(json.dumps(entry, ensure_ascii=False))
