"""The application with the doors of people and rights, and an administrator who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from calibrify_core.auth.grants import Grants
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.user import User
from calibrify_core.auth.users import Users
from calibrify_core.hooks.specs import hookimpl
from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import build
from calibrify_core.testing.plugin import MakePlatform
from calibrify_core.work.platform import Platform
from tests.functional.kit.core import bare_core

PASSWORD = "seven gauges on a green bench"
NOUNS = ("token", "user", "group", "role", "grant", "api_token")
PAGES = (
    "dashboard",
    "sign_in",
    "account",
    "user",
    "role",
    "api_token",
    "audit",
    "audit_entry",
    "job",
    "search",
    "plugin",
    "policy",
)
BASE_PATH = "/api/v1/"


@dataclass
class Office:
    """A running application with accounts."""

    platform: Platform
    client: ApiClient
    password: str = PASSWORD

    def hire(self, username: str, role: str | None = None) -> User:
        """Makes an account with a role everywhere; the same name twice is the same account."""
        with self.platform.unit() as unit:
            user = Users(unit).create(
                username=username, email=f"{username}@example.com", password=self.password
            )
            if role is not None:
                found = Roles(unit).named(role)
                assert found is not None
                Grants(unit).give(found.id, user_id=user.id)
        return user

    def sign_in(self, username: str, password: str = PASSWORD) -> dict[str, Any]:
        """Returns a pair of tokens."""
        body = {"username": username, "password": password}
        answer: dict[str, Any] = self.client.post_json(f"{BASE_PATH}auth/token/", body).json
        return answer

    def as_user(self, username: str, password: str = PASSWORD) -> ApiClient:
        """Returns a client of an account."""
        return self.client.signed_in(self.sign_in(username, password)["access_token"])


@hookimpl
def configure(config: Any) -> None:
    for noun in NOUNS:
        config.include(f"calibrify_core.api.resources.{noun}")
    for noun in PAGES:
        config.include(f"calibrify_core.web.pages.{noun}")


def people_core() -> Any:
    """Returns the core with the doors of people and rights alone."""
    module = bare_core()
    module.calibrify_configure = configure
    return module


@pytest.fixture(scope="module")
def office(make_platform: MakePlatform) -> Office:
    platform = make_platform(core=people_core(), names=())
    office = Office(platform, ApiClient(build(platform)))
    office.hire("anna", "administrator")
    return office


@pytest.fixture(scope="module")
def admin(office: Office) -> ApiClient:
    return office.as_user("anna")
