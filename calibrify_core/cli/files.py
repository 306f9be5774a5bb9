"""``calibrify files``: whether the files of records are what they were when they were attached."""

from __future__ import annotations

from collections.abc import Iterator

import click
import sqlalchemy as sa

from calibrify_core.cli.setup import ready_platform
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.files import StoredFile
from calibrify_core.work.platform import Platform


@click.group("files")
def command() -> None:
    """Files of records."""


@command.command("verify")
@click.pass_context
def verify_command(ctx: click.Context) -> None:
    """Reads every file that a record has, and names those that are lost or damaged."""
    platform = ready_platform()
    count = broken = 0
    for file in _files(platform):
        count += 1
        if not platform.storage.verify(file.sha256):
            broken += 1
            click.echo(
                f"{file.id} {file.name} of {file.object_type} {file.object_id}: lost or damaged"
            )
    click.echo(f"{count} files, {broken} lost or damaged.")
    ctx.exit(1 if broken else 0)


def _files(platform: Platform) -> Iterator[StoredFile]:
    """Yields the files of all organisations, without holding them all."""
    statement = sa.select(StoredFile).order_by(StoredFile.id).execution_options(yield_per=500)
    marked = unscoped(statement, StoredFile, because="a command looks after all files")
    with platform.snapshot() as session:
        yield from session.scalars(marked)
