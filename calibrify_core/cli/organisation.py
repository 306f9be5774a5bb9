"""``calibrify organisation``: the houses of this installation."""

from __future__ import annotations

import click

from calibrify_core.auth.organisations import Organisations
from calibrify_core.cli.setup import ready_platform


@click.group("organisation")
def command() -> None:
    """Organisations."""


@command.command(
    "create", epilog="Example: calibrify organisation create north --time-zone Europe/Oslo"
)
@click.argument("name", help="Short name, for addresses and commands.")
@click.option("--title", default="", help="As it is printed on certificates.")
@click.option("--time-zone", help="IANA name; the installation's by default.")
def create_command(name: str, title: str, time_zone: str | None) -> None:
    """Makes an organisation with the default roles."""
    made = Organisations(ready_platform()).create(name, title, time_zone)
    click.echo(f"Organisation {made.name} made: {made.id}")


@command.command("list")
def list_command() -> None:
    """Lists all organisations."""
    for facts in Organisations(ready_platform()).all():
        click.echo(f"{facts.name}  {facts.title}  {facts.zone.key}  {facts.id}")
