"""``calibrify token``: API tokens from a shell."""

from __future__ import annotations

from datetime import timedelta

import click

from calibrify_core.auth.api_tokens import ApiTokens
from calibrify_core.auth.permissions import EVERYBODYS
from calibrify_core.cli.setup import ready_platform
from calibrify_core.cli.user import user_named


@click.group("token")
def command() -> None:
    """API tokens."""


@command.command(
    "create",
    epilog="Example: calibrify token create anna --days 30 --scope equipment.equipment:view",
)
@click.argument("login", help="Username or e-mail of the person for whom it acts.")
@click.option("--name", default="command line", show_default=True, help="What it is for.")
@click.option("--days", default=90, show_default=True, help="After which it expires.")
@click.option("--scope", "scopes", multiple=True, help="A permission; all of the person's if none.")
def create_command(login: str, name: str, days: int, scopes: tuple[str, ...]) -> None:
    """Makes a token that acts for a person; it is printed once."""
    platform = ready_platform()
    with platform.session(write=False) as session:
        found = user_named(session, login)
    with platform.unit(found.organisation_id, user_id=found.id) as unit:
        expires = platform.clock.now() + timedelta(days=days)
        wanted = scopes or tuple(sorted(unit.access.permissions - EVERYBODYS))
        _, secret = ApiTokens(unit).create(name=name, scopes=wanted, expires_at=expires)
    click.echo(secret)
