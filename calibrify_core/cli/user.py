"""``calibrify user``: accounts, made and mended from a shell."""

from __future__ import annotations

import sys
import uuid

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.auth.grants import Grants
from calibrify_core.auth.organisations import Organisations
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.user import User, account_key
from calibrify_core.auth.users import Users
from calibrify_core.cli.setup import ready_platform
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.errors import NotFound
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork

SHELL = Actor.system("Command line")


@click.group("user")
def command() -> None:
    """Accounts."""


@command.command(
    "create", epilog="Example: calibrify user create anna@example.com --role technician"
)
@click.argument("email", help="The person's address.")
@click.option("--role", default="viewer", show_default=True, help="Role in the organisation.")
@click.option("--username", help="For signing in; the part before the @ by default.")
@click.option("--name", default="", help="As colleagues know them.")
@click.option("--organisation", default="main", show_default=True, help="Where they work.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create_command(
    email: str, role: str, username: str | None, name: str, organisation: str, password_stdin: bool
) -> None:
    """Makes an account with a role in the whole organisation."""
    password = read_password(password_stdin)
    login = username or email.partition("@")[0]
    platform = ready_platform()
    make_user(platform, organisation, email, login, name or login, password, role)
    click.echo(f"Account {login} made, with the role {role}.")


@command.command("reset-password", epilog="Example: calibrify user reset-password anna")
@click.argument("login", help="Username or e-mail.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def reset_command(login: str, password_stdin: bool) -> None:
    """Gives somebody a new password and signs them out everywhere."""
    password = read_password(password_stdin)
    platform = ready_platform()
    with platform.session(write=False) as session:
        found = user_named(session, login)
    with platform.unit(found.organisation_id, actor=SHELL) as unit:
        users = Users(unit)
        users.set_password(users.get(found.id), password)
    click.echo(f"{login} has a new password and is signed out everywhere.")


def read_password(from_stdin: bool) -> str:
    """Returns a password from standard input, or asks for it twice."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def make_user(
    platform: Platform,
    organisation: str,
    email: str,
    username: str,
    name: str,
    password: str,
    role: str,
) -> uuid.UUID:
    """Makes an account with a role in the whole organisation, and returns its id.

    Raises:
        NotFound: there is no such organisation or role.
    """
    houses = {facts.name: facts.id for facts in Organisations(platform).all()}
    if organisation not in houses:
        raise NotFound(f"There is no organisation {organisation}; there are: {', '.join(houses)}.")
    with platform.unit(houses[organisation], actor=SHELL) as unit:
        return add_user(unit, email, username, name, password, role)


def add_user(
    unit: UnitOfWork, email: str, username: str, name: str, password: str, role: str
) -> uuid.UUID:
    """Adds an account with a role in the whole organisation, and returns its id.

    Raises:
        NotFound: there is no such role.
    """
    found = Roles(unit).named(role)
    if found is None:
        raise NotFound(f"There is no role {role}.")
    user = Users(unit).create(username=username, email=email, name=name, password=password)
    Grants(unit).give(found.id, user_id=user.id)
    return user.id


def user_named(session: Session, login: str) -> User:
    """Returns an account by username or e-mail, in whichever organisation.

    Raises:
        NotFound: there is none.
    """
    key = account_key(login)
    statement = sa.select(User).where(sa.or_(User.username_key == key, User.email_key == key))
    because = "a shell on the machine administers every organisation"
    found = session.scalars(unscoped(statement, User, because=because)).first()
    if found is None:
        raise NotFound(f"There is no account {login}.")
    return found
