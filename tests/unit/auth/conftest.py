"""A platform over an empty database, and the people of a small laboratory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from calibrify_core.app import make_platform
from calibrify_core.audit.entry import AuditEntry
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.organisations import Organisations
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.user import User
from calibrify_core.auth.users import Users
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.base import Base
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.organisation import OrganisationFacts
from calibrify_core.work.platform import Platform

T = TypeVar("T")
PASSWORD = "seven gauges on a green bench"
VISIT = Visit("request-0001", "192.0.2.7")


@pytest.fixture
def platform(core_url: str, tmp_path: Path) -> Iterator[Platform]:
    """The shared services, over the core's tables alone."""
    settings = Settings(
        environment="testing",
        data_dir=tmp_path / "var",
        database_url=core_url,
        secret_key="k" * 64,
        plugins=(),
        time_zone=ZoneInfo("Europe/Berlin"),
    )
    made = make_platform(settings)
    yield made
    made.database.dispose()


@dataclass(frozen=True)
class Laboratory:
    """An organisation with an administrator whose password is known."""

    platform: Platform
    facts: OrganisationFacts
    admin: User
    password: str = PASSWORD
    visit: Visit = VISIT

    def hire(self, username: str, role: str | None = None, password: str | None = None) -> User:
        with self.platform.unit(self.facts.id) as unit:
            user = Users(unit).create(
                username=username, email=f"{username}@example.com", password=password
            )
            if role is not None:
                found = Roles(unit).named(role)
                assert found is not None
                Grants(unit).give(found.id, user_id=user.id)
        return user

    def role_id(self, name: str) -> uuid.UUID:
        with self.platform.unit(self.facts.id) as unit:
            found = Roles(unit).named(name)
            assert found is not None
            return found.id

    def trail(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Returns (action, label, changes) of each entry, in order."""
        with self.platform.session(write=False) as session:
            statement = sa.select(AuditEntry).order_by(AuditEntry.id)
            entries = session.scalars(unscoped(statement, AuditEntry, because="a test reads all"))
            return [(entry.action, entry.label, entry.changes) for entry in entries]

    def count(self, model: type[Base]) -> int:
        with self.platform.session(write=False) as session:
            counting = sa.select(sa.func.count()).select_from(model.__table__)
            return session.connection().execute(counting).scalar_one()

    def as_user(self, user: User, work: Callable[..., T]) -> T:
        with self.platform.unit(self.facts.id, user_id=user.id) as unit:
            return work(unit)


@pytest.fixture
def laboratory(platform: Platform) -> Laboratory:
    facts = Organisations(platform).create("main", "Main laboratory")
    with platform.unit(facts.id) as unit:
        admin = Users(unit).create(
            username="Anna", email="Anna.Berg@example.com", name="Anna Berg", password=PASSWORD
        )
        role = Roles(unit).named("administrator")
        assert role is not None
        Grants(unit).give(role.id, user_id=admin.id)
    return Laboratory(platform, facts, admin)
