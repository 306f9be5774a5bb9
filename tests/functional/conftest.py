"""The real application on both databases, with accounts and a small plugin of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from calibrify_core import app as root
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.organisations import Organisations
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.tokens import Tokens
from calibrify_core.auth.users import Users
from calibrify_core.hooks.manager import Plugins
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.lineages import upgrade
from calibrify_core.testing.client import ApiClient
from calibrify_core.work.platform import Platform
from tests.functional.kit import widget
from tests.functional.kit.core import bare_core

# Imported by name; a second import under another name would map its tables twice.
collect_ignore = ["kit"]
PASSWORD = "nine torque wrenches in a drawer"
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@dataclass
class House:
    """A running application, and people in it."""

    platform: Platform
    app: Any
    client: ApiClient
    _count: Iterator[int] = field(default_factory=itertools.count)

    def person(self, *permissions: str) -> str:
        """Makes an account that holds these permissions everywhere; returns its token."""
        name = f"person{next(self._count)}"
        with self.platform.unit() as unit:
            user = Users(unit).create(username=name, password=PASSWORD)
            if permissions:
                role = Roles(unit).create(name=name, title=name, permissions=permissions)
                Grants(unit).give(role.id, user_id=user.id)
        pair = Tokens(self.platform).issue(name, PASSWORD, Visit())
        return pair.access_token

    def somebody(self, *permissions: str) -> ApiClient:
        """Returns a client of a new account."""
        return self.client.signed_in(self.person(*permissions))

    def unique(self, word: str = "W") -> str:
        """Returns a name that is not in use."""
        return f"{word}-{os.getpid()}-{next(self._count)}"


def build(platform: Platform) -> Any:
    """Migrates the database and makes the application."""
    upgrade(platform.database, root.lineages(platform.plugins))
    Organisations(platform).prepare()
    return root.make_app(platform.settings, platform)


@pytest.fixture(scope="module", params=KINDS)
def fresh_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of an empty database for a module of tests."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'calibrify.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create_database()
    try:
        yield server.url(name)
    finally:
        server.drop_database(name)


@pytest.fixture(scope="module")
def make_settings(
    fresh_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Settings]:
    """Makes settings of an installation with that database."""

    def make(**more: Any) -> Settings:
        folder: Path = tmp_path_factory.mktemp("data")
        given = {"rate_limits": False, "environment": "testing", **more}
        return Settings(data_dir=folder, database_url=fresh_url, secret_key="k" * 64, **given)

    return make


@pytest.fixture(scope="module")
def house(make_settings: Callable[..., Settings]) -> Iterator[House]:
    """The core alone with the widgets, on each database."""
    settings = make_settings()
    plugins = Plugins(bare_core(), {"widget": widget.CANDIDATE})
    platform = root.make_platform(settings, plugins)
    app = build(platform)
    try:
        yield House(platform, app, ApiClient(app))
    finally:
        platform.database.dispose()


@pytest.fixture(scope="module")
def editor(house: House) -> ApiClient:
    """A client that may see and edit widgets."""
    return house.somebody(widget.VIEW, widget.EDIT)
