"""``calibrify scheduler``: starts what the clock starts, and seals the audit trail."""

from __future__ import annotations

import click

from calibrify_core.cli.setup import ready_platform, redis_of, run_turns
from calibrify_core.worker import make_scheduler


@click.command("scheduler")
def command() -> None:
    """Starts schedules, each once per slot however many schedulers run."""
    platform = ready_platform()
    redis_of(platform)
    run_turns(platform, make_scheduler(platform))
