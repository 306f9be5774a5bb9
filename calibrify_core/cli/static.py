"""``calibrify static``: lay the static files out for a web server or a CDN."""

from __future__ import annotations

from pathlib import Path

import click

from calibrify_core.cli.setup import platform_of
from calibrify_core.web.assets import find_assets


@click.group("static")
def command() -> None:
    """Static files."""


@command.command("collect", epilog="Example: calibrify static collect /var/www/calibrify")
@click.argument(
    "directory", type=click.Path(path_type=Path), help="The folder; it is made if it is not there."
)
def collect_command(directory: Path) -> None:
    """Copies the static files of core and plugins below a folder."""
    assets = find_assets(platform_of().plugins)
    count = assets.copy_to(directory)
    click.echo(f"{count} files below {directory}/static/{assets.build}.")
