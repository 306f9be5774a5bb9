"""``calibrify plugin``: what is installed and what runs, a new one, and the standard."""

from __future__ import annotations

import json

import click

from calibrify_core.cli import plugin_check, plugin_new
from calibrify_core.cli.setup import platform_of
from calibrify_core.hooks.manager import installed


@click.group("plugin")
def command() -> None:
    """Plugins."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def list_command(as_json: bool) -> None:
    """Lists installed plugins, and says which of them run."""
    running = set(platform_of().plugins.names)
    rows = [
        {
            "name": name,
            "version": found.version,
            "distribution": found.distribution,
            "enabled": name in running,
        }
        for name, found in sorted(installed().items())
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        state = "runs" if row["enabled"] else "installed, not enabled"
        click.echo(f"{row['name']} {row['version']} ({row['distribution']}): {state}")


command.add_command(plugin_new.command)
command.add_command(plugin_check.command)
