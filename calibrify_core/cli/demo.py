"""``calibrify demo``: the demonstration laboratory, loaded once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import click

from calibrify_core.auth.organisations import Organisations
from calibrify_core.cli.setup import ready_platform
from calibrify_core.cli.user import add_user
from calibrify_core.kernel.actor import Actor
from calibrify_core.work.organisation import Organisation, OrganisationFacts
from calibrify_core.work.platform import Platform

CREDENTIALS = "demo-credentials"
TITLE = "Northfield Instruments"
ADDRESS = "Measuring laboratory\n12 Gauge Lane\nNorthfield"
PEOPLE = (
    ("admin", "admin@example.com", "Ada Lindqvist", "administrator"),
    ("manager", "manager@example.com", "Mira Keller", "metrology_manager"),
    ("technician", "technician@example.com", "Jun Tanaka", "technician"),
    ("viewer", "viewer@example.com", "Sam Osei", "viewer"),
)


@click.command("demo")
def command() -> None:
    """Loads the demonstration laboratory, once, and prints how to sign in."""
    platform = ready_platform()
    load_demo(platform)
    show_credentials(platform)


def load_demo(platform: Platform) -> bool:
    """Loads people and the plugins' demonstrations into the organisation ``main``, once.

    Returns:
        Whether something was loaded.
    """
    path = _path(platform)
    if path.exists():
        return False
    password = secrets.token_urlsafe(12)
    memory: dict[str, Any] = {"people": {}}
    main = next(facts for facts in Organisations(platform).all() if facts.name == "main")
    # All or nothing: a start that is broken off leaves nothing behind, and the next one works.
    with platform.unit(main.id, actor=Actor.system("Demonstration")) as unit:
        house = unit.session.get_one(Organisation, main.id)
        house.title, house.address = TITLE, ADDRESS
        unit.organisation = OrganisationFacts.of(house)
        for username, email, name, role in PEOPLE:
            memory["people"][username] = add_user(unit, email, username, name, password, role)
        for demo in platform.plugins.values("calibrify_demo"):
            demo.load(unit, memory)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(password)
    return True


def show_credentials(platform: Platform) -> None:
    """Prints how to sign in to the demonstration."""
    path = _path(platform)
    if not path.exists():
        return
    password = path.read_text(encoding="utf-8").strip()
    click.echo("Sign in as one of:")
    for username, _, name, role in PEOPLE:
        click.echo(f"  {username:<11} {password}   ({name}, {role.replace('_', ' ')})")


def _path(platform: Platform) -> Path:
    """Returns the file that keeps the password of the demonstration."""
    return platform.settings.data_dir / CREDENTIALS
