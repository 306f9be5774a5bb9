"""A house for tests: a running application, the people in it, and what reaches them."""

from __future__ import annotations

import itertools
import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from webtest import TestApp

from calibrify_core import app as root
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.organisations import Organisations
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.tokens import Tokens
from calibrify_core.auth.users import Users
from calibrify_core.mail.spool import Spool
from calibrify_core.persistence.lineages import upgrade
from calibrify_core.tasks.relay import tick
from calibrify_core.testing.client import BASE, HTTPS, ApiClient
from calibrify_core.work.organisation import Organisation
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_core.worker import make_runner

PASSWORD = "seven blue torque wrenches on a shelf"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A moment for clocks that stand still, a Monday."""
_NUMBERS = itertools.count()  # one for all houses: several may stand on one database


def build(platform: Platform) -> Any:
    """Migrates the database of a platform, makes its organisation, and returns its application."""
    upgrade(platform.database, root.lineages(platform.plugins))
    Organisations(platform).prepare()
    return root.make_app(platform.settings, platform)


@dataclass
class House:
    """A running application, and people in it.

    Attributes:
        platform: its shared services; ``platform.clock`` is fixed where the settings say so.
        app: the WSGI application.
        client: an API client of nobody.
        people: ids of the accounts made here, by name.
    """

    platform: Platform
    app: Any
    client: ApiClient = field(init=False)
    people: dict[str, uuid.UUID] = field(default_factory=dict)
    _administrator: ApiClient | None = None

    def __post_init__(self) -> None:
        self.client = ApiClient(self.app)

    def unique(self, word: str = "X") -> str:
        """Returns a text that is not in use."""
        return f"{word}-{next(_NUMBERS)}"

    def unit(self, **more: Any) -> AbstractContextManager[UnitOfWork]:
        """Opens a unit of work of the system itself; arguments as of `Platform.unit`."""
        return self.platform.unit(**more)

    def unit_of(self, name: str, *, write: bool = True) -> AbstractContextManager[UnitOfWork]:
        """Opens a unit of work with the present rights of an account made here."""
        return self.platform.unit(user_id=self.people[name], write=write)

    def hire(
        self,
        role: str | None = None,
        scope_type: str = "organisation",
        scope_id: uuid.UUID | None = None,
        *,
        permissions: tuple[str, ...] = (),
        username: str | None = None,
    ) -> str:
        """Makes an account and returns its name.

        Args:
            role: name of a default role, None for none.
            scope_type: kind of what the rights are limited to (``location``, ``category``).
            scope_id: its id.
            permissions: a role of its own with just these, instead of a default one.
            username: None: one that is not in use.
        """
        name = username or self.unique(role or "person")
        with self.unit() as unit:
            user = Users(unit).create(
                username=name,
                email=f"{name}@example.com",
                password=PASSWORD,
                name=name.title(),
            )
            self.people[name] = user.id
            if permissions:
                word = name.lower().replace("-", "_")
                found = Roles(unit).create(name=word, title=name, permissions=permissions)
            elif role is not None:
                known = Roles(unit).named(role)
                assert known is not None, f"there is no role {role}"
                found = known
            else:
                return name
            Grants(unit).give(found.id, user_id=user.id, scope_type=scope_type, scope_id=scope_id)
        return name

    def id_of(self, name: str) -> uuid.UUID:
        """Returns the id of an account made here."""
        return self.people[name]

    def client_of(self, name: str) -> ApiClient:
        """Returns an API client of an account made here."""
        pair = Tokens(self.platform).issue(name, PASSWORD, Visit())
        return self.client.signed_in(pair.access_token)

    def api(self, role: str | None, *scope: Any) -> ApiClient:
        """Returns an API client of a new account with a role, perhaps for a part only."""
        return self.client_of(self.hire(role, *scope))

    def somebody(self, *permissions: str) -> ApiClient:
        """Returns an API client of a new account with just these permissions, everywhere."""
        return self.client_of(self.hire(permissions=permissions))

    def browser_of(self, name: str) -> TestApp:
        """Returns a browser, without scripts, in which an account made here is signed in."""
        browser = TestApp(self.app, extra_environ=dict(HTTPS))
        form = browser.get("/login").forms[0]
        form["email"], form["password"] = name, PASSWORD
        form.submit(status=303)
        return browser

    def browser(self, role: str | None, *scope: Any) -> TestApp:
        """Returns a browser, without scripts, in which a new account is signed in."""
        return self.browser_of(self.hire(role, *scope))

    @property
    def administrator(self) -> ApiClient:
        """An API client of the one administrator of this house, made when first asked for."""
        if self._administrator is None:
            self._administrator = self.api("administrator")
        return self._administrator

    def make(self, noun: str, **members: Any) -> dict[str, Any]:
        """Makes a record of any noun through the API; returns it as the API shows it.

        So the tests of a plugin need no class of another one.

        Args:
            noun: its path, for example ``equipment``.
            members: of the body.
        """
        body = {name: _plain(value) for name, value in members.items()}
        made: dict[str, Any] = self.administrator.post_json(f"{BASE}{noun}/", body, status=201).json
        return made

    def policy(self, **values: Any) -> None:
        """Sets policies of the organisation; people notice with their next request."""
        with self.unit() as unit:
            organisation = unit.session.get_one(Organisation, unit.organisation.id)
            organisation.policies = {**organisation.policies, **values}

    def tick(self, moment: datetime | None = None) -> list[str]:
        """Starts the schedules whose slot has come; returns the names of their tasks.

        Args:
            moment: None: the real time.
        """
        schedules = self.platform.plugins.values("calibrify_schedules")
        with self.platform.session(write=True) as session, session.begin():
            return tick(session, schedules, moment or datetime.now(UTC))

    def drain(self) -> int:
        """Runs the background work that is due, here and now; returns how many runs there were."""
        return make_runner(self.platform).drain()

    def letters(self) -> list[bytes]:
        """Returns the mails that were sent, newest first, as they would have travelled."""
        spool = self.platform.mailer
        assert isinstance(spool, Spool)
        return [spool.read(mail.id) for mail in spool.list()]


def _plain(value: Any) -> Any:
    """Returns an id as JSON has it."""
    return str(value) if isinstance(value, uuid.UUID) else value
