"""``calibrify doctor``: what is wrong here, and the cure."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import click

from calibrify_core.app import lineages, make_platform
from calibrify_core.cli.setup import settings_of
from calibrify_core.kernel.errors import CalibrifyError
from calibrify_core.observability.health import run_checks
from calibrify_core.persistence.lineages import states
from calibrify_core.work.platform import Platform

ENOUGH_DISK = 500 * 2**20
DATABASE = "database"


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Looks for what keeps Calibrify from working, and says what to do."""
    problems = list(_problems())
    if as_json:
        click.echo(json.dumps({"problems": problems}, indent=2))
    else:
        click.echo("\n".join(f"- {problem}" for problem in problems) or "All is well.")
    ctx.exit(1 if problems else 0)


def _problems() -> Iterator[str]:
    """Yields what is wrong, each with its cure."""
    try:
        settings = settings_of()
        platform = make_platform(settings)
    except CalibrifyError as error:
        yield error.detail
        return
    free = shutil.disk_usage(settings.data_dir).free
    if free < ENOUGH_DISK:
        yield f"Only {free // 2**20} MiB are free at {settings.data_dir}: make room."
    yield from _database_problems(platform)
    if not settings.public_url.startswith("https") and settings.environment == "production":
        yield "CALIBRIFY_PUBLIC_URL is not https: people would sign in over plain http."


def _database_problems(platform: Platform) -> Iterator[str]:
    """Yields what is wrong with the database and the dependencies."""
    away = set()
    for result in run_checks(platform, platform.plugins.values("calibrify_health_checks")).checks:
        if not result.ok:
            away.add(result.name)
            yield f"{result.name} does not answer: {result.detail}"
    if DATABASE in away:
        return
    for state in states(platform.database, lineages(platform.plugins)):
        if not state.up_to_date:
            yield f"The tables of {state.lineage.name} are not current: run `calibrify db upgrade`."
