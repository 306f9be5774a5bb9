"""``calibrify outbox``: background work that waits, and running it here and now."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import sqlalchemy as sa

from calibrify_core.cli.setup import ready_platform
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.worker import make_runner


@click.group("outbox")
def command() -> None:
    """Background work: show, drain, retry."""


@command.command("show")
def show_command() -> None:
    """Counts background work that waits, and lists what was given up."""
    with ready_platform().session(write=False) as session:
        waiting = session.execute(
            sa.select(OutboxRow.task, sa.func.count())
            .where(OutboxRow.state == "open")
            .group_by(OutboxRow.task)
        )
        for task, count in waiting:
            click.echo(f"{task}: {count} waiting")
        parked = sa.select(OutboxRow).where(OutboxRow.state == "parked").limit(100)
        for row in session.scalars(parked):
            click.echo(f"{row.task} {row.id}: given up after {row.tries} tries: {row.error}")


@command.command("retry")
@click.argument("task")
def retry_command(task: str) -> None:
    """Lets what was given up of a task run again, for example once its plugin runs again."""
    with ready_platform().session(write=True) as session, session.begin():
        found = session.execute(
            sa.update(OutboxRow)
            .where(OutboxRow.state == "parked", OutboxRow.task == task)
            .values(state="open", tries=0, lease_until=None, not_before=datetime.now(UTC))
            .returning(OutboxRow.id)
        ).all()
    click.echo(f"{len(found)} rows wait again.")


@command.command("drain")
def drain_command() -> None:
    """Runs background work that is due, here and now, until nothing is left."""
    count = make_runner(ready_platform()).drain()
    click.echo(f"{count} runs.")
