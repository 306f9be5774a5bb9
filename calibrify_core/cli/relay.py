"""``calibrify relay``: tells the workers on Redis which background work is due."""

from __future__ import annotations

import click

from calibrify_core.cli.setup import ready_platform, redis_of, run_turns
from calibrify_core.worker import make_announcer


@click.command("relay")
def command() -> None:
    """Announces due background work to the workers; a second one does no harm."""
    platform = ready_platform()
    run_turns(platform, make_announcer(platform, redis_of(platform)))
