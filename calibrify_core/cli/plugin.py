"""``calibrify plugin``: what is installed and what runs, a new one, and the standard."""

from __future__ import annotations

import json
from typing import Any

import click

from calibrify_core.cli import plugin_check, plugin_new
from calibrify_core.cli.setup import settings_of
from calibrify_core.hooks.manager import installed
from calibrify_core.hooks.requirements import needed, why_not


@click.group("plugin")
def command() -> None:
    """Plugins."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def list_command(as_json: bool) -> None:
    """Lists installed plugins: which are enabled, what each needs, and why one cannot run."""
    candidates = installed()
    enabled = settings_of().plugins
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "version": found.version,
            "distribution": found.distribution,
            "enabled": enabled is None or name in enabled,
            "needs": sorted(needed(found, candidates)),
            "reason": why_not(name, candidates) or "",
        }
        for name, found in sorted(candidates.items())
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        state = "enabled" if row["enabled"] else "installed, not enabled"
        if row["reason"]:
            state = f"cannot run: {row['reason']}"
        elif row["needs"]:
            state += f"; needs {', '.join(row['needs'])}"
        click.echo(f"{row['name']} {row['version']} ({row['distribution']}): {state}")


command.add_command(plugin_new.command)
command.add_command(plugin_check.command)
