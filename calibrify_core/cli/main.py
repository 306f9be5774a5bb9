"""The ``calibrify`` command: one door for everything that is done from a shell."""

from __future__ import annotations

from typing import Any

import click

from calibrify_core.cli import (
    audit,
    config,
    database,
    demo,
    doctor,
    files,
    organisation,
    outbox,
    plugin,
    relay,
    routes,
    scheduler,
    serve,
    sessions,
    static,
    token,
    user,
    worker,
)
from calibrify_core.cli.setup import platform_of
from calibrify_core.kernel.errors import CalibrifyError


class Door(click.Group):
    """The top group: finds plugins' commands, and tells errors in one sentence."""

    complete = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands, the plugins' included."""
        _add_plugin_commands(self)
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a command by name, a plugin's too."""
        found = super().get_command(ctx, cmd_name)
        if found is None:
            _add_plugin_commands(self)
            found = super().get_command(ctx, cmd_name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; an error that we know becomes one sentence and exit code 1."""
        try:
            return super().invoke(ctx)
        except CalibrifyError as error:
            click.echo(f"calibrify: {error.detail}", err=True)
            for problem in getattr(error, "errors", ()):
                click.echo(f"  {problem.pointer}: {problem.detail}", err=True)
            ctx.exit(1)


@click.group(cls=Door)
@click.version_option(package_name="calibrify-core", prog_name="calibrify")
def main() -> None:
    """Calibrify: calibration management. Exit codes: 0 done, 1 failed, 2 wrong usage."""


def _add_plugin_commands(door: Door) -> None:
    """Adds the commands that the enabled plugins declare, once."""
    if door.complete:
        return
    door.complete = True
    for declared in platform_of().plugins.values("calibrify_commands"):
        group: click.Group = door
        if declared.group:
            found = door.commands.get(declared.group)
            if not isinstance(found, click.Group):
                found = click.Group(declared.group, help=f"{declared.group.capitalize()} records.")
                door.add_command(found)
            group = found
        group.add_command(declared.command)


for _module in (
    audit,
    config,
    database,
    demo,
    doctor,
    files,
    organisation,
    outbox,
    plugin,
    relay,
    routes,
    scheduler,
    serve,
    sessions,
    static,
    token,
    user,
    worker,
):
    main.add_command(_module.command)
