"""``calibrify config``: what the settings came to."""

from __future__ import annotations

import json

import click

from calibrify_core.cli.setup import platform_of, settings_of


@click.group("config")
def command() -> None:
    """Settings."""


@command.command("check")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def check_command(as_json: bool) -> None:
    """Shows the effective settings, secrets masked; fails on one with which nothing starts."""
    shown = settings_of().masked()
    platform_of()
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    width = max(map(len, shown))
    for name, value in shown.items():
        click.echo(f"{name:<{width}}  {value}")
