"""``calibrify sessions``: end the sign-ins of a person, everywhere and at once."""

from __future__ import annotations

import click

from calibrify_core.auth import revocation
from calibrify_core.cli.setup import ready_platform
from calibrify_core.cli.user import SHELL, user_named


@click.group("sessions")
def command() -> None:
    """Sign-ins."""


@command.command("revoke", epilog="Example: calibrify sessions revoke anna")
@click.argument("login", help="Username or e-mail.")
def revoke_command(login: str) -> None:
    """Signs a person out of every browser and client."""
    platform = ready_platform()
    with platform.session(write=False) as session:
        user = user_named(session, login)
    with platform.unit(user.organisation_id, actor=SHELL) as unit:
        revocation.end_all(unit.session, user.id)
        unit.audit("revoke_sessions", "user", user.id, user.username)
    click.echo(f"{user.username} is signed out everywhere.")
