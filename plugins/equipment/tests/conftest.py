"""The real application with the equipment plugin, on both databases, and people in it."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from calibrify_core import app as root
from calibrify_core import contributions
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.organisations import Organisations
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.tokens import Tokens
from calibrify_core.auth.users import Users
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.lineages import upgrade
from calibrify_core.testing.client import HTTPS, ApiClient
from calibrify_core.testing.postgres import PostgresServer, running_postgres
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.services import categories, equipment, locations

PASSWORD = "seven blue torque wrenches on a shelf"
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@dataclass
class Lab:
    """A running application, people in it, and a small register."""

    platform: Platform
    app: Any
    client: ApiClient
    places: dict[str, uuid.UUID] = field(default_factory=dict)
    kinds: dict[str, uuid.UUID] = field(default_factory=dict)
    people: dict[str, uuid.UUID] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)

    def unit(self, **more: Any) -> Any:
        """Opens a unit of work of the system itself."""
        return self.platform.unit(**more)

    def hire(
        self, role: str | None, scope_type: str = "organisation", scope_id: uuid.UUID | None = None
    ) -> str:
        """Makes an account with a default role, for a part of the organisation; its name."""
        name = f"{role}{next(self._count)}"
        with self.unit() as unit:
            user = Users(unit).create(username=name, password=PASSWORD, name=name.title())
            self.people[name] = user.id
            if role is None:
                return name
            found = Roles(unit).named(role)
            assert found is not None
            Grants(unit).give(found.id, user_id=user.id, scope_type=scope_type, scope_id=scope_id)
        return name

    def api(self, role: str | None, *scope: Any) -> ApiClient:
        """Returns an API client of a new account with a role."""
        return self.client_of(self.hire(role, *scope))

    def client_of(self, name: str) -> ApiClient:
        """Returns an API client of an account."""
        pair = Tokens(self.platform).issue(name, PASSWORD, Visit())
        return self.client.signed_in(pair.access_token)

    def id_of(self, name: str) -> uuid.UUID:
        """Returns the id of an account."""
        return self.people[name]

    def browser(self, role: str, *scope: Any) -> TestApp:
        """Returns a browser, without scripts, in which a new account is signed in."""
        name = self.hire(role, *scope)
        browser = TestApp(self.app, extra_environ=dict(HTTPS))
        form = browser.get("/login").forms[0]
        form["email"], form["password"] = name, PASSWORD
        form.submit(status=303)
        return browser

    def user_id(self, role: str = "technician") -> str:
        """Returns the id of a new account."""
        return str(self.api(role).get("/api/v1/users/me/").json["id"])

    def enter(self, unit: UnitOfWork, **values: Any) -> uuid.UUID:
        """Registers an instrument."""
        values.setdefault("name", f"Instrument {next(self._count)}")
        return equipment.register(unit, values).id

    def unique(self, word: str = "X") -> str:
        """Returns a text that is not in use."""
        return f"{word}-{next(self._count)}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A private PostgreSQL server, one for each worker of the test run."""
    with running_postgres() as server:
        yield server


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
def make_platform(
    fresh_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Platform]]:
    """Makes platforms on that database, migrated; further plugins may be given."""
    made: list[Platform] = []

    def make(more: dict[str, Any] | None = None, **settings: Any) -> Platform:
        folder: Path = tmp_path_factory.mktemp("data")
        given = {"rate_limits": False, "environment": "testing", **settings}
        effective = Settings(data_dir=folder, database_url=fresh_url, secret_key="k" * 64, **given)
        candidates = {"equipment": installed()["equipment"], **(more or {})}
        platform = root.make_platform(effective, Plugins(contributions, candidates))
        upgrade(platform.database, root.lineages(platform.plugins))
        Organisations(platform).prepare()
        made.append(platform)
        return platform

    yield make
    for platform in made:
        platform.database.dispose()


def furnish(lab: Lab) -> None:
    """Adds two sites with rooms, and some categories."""
    with lab.unit() as unit:
        for name, parent in (
            ("A", None),
            ("A1", "A"),
            ("A2", "A"),
            ("B", None),
            ("B1", "B"),
        ):
            values = {"name": name, "parent_id": lab.places.get(parent or "")}
            lab.places[name] = locations.add(unit, values).id
        for name, parent in (("Electrical", None), ("DMM", "Electrical"), ("Mechanical", None)):
            values = {"name": name, "parent_id": lab.kinds.get(parent or "")}
            lab.kinds[name] = categories.add(unit, values).id


@pytest.fixture(scope="module")
def lab(make_platform: Callable[..., Platform]) -> Lab:
    """The core with the equipment plugin alone, two sites and some categories."""
    platform = make_platform()
    app = root.make_app(platform.settings, platform)
    made = Lab(platform, app, ApiClient(app))
    furnish(made)
    return made


@pytest.fixture(scope="session")
def lab_of() -> type[Lab]:
    """The class of a laboratory, for modules that furnish their own."""
    return Lab
