"""``calibrify worker``: runs background work that the relay announces on Redis."""

from __future__ import annotations

import click

from calibrify_core.cli.setup import ready_platform, redis_of
from calibrify_core.worker import run_worker


@click.command("worker")
@click.option("--concurrency", default=2, show_default=True, help="How many runs at a time.")
@click.pass_context
def command(ctx: click.Context, concurrency: int) -> None:
    """Runs background work; SIGTERM lets the runs at hand finish."""
    platform = ready_platform()
    ctx.exit(run_worker(platform, redis_of(platform), concurrency))
