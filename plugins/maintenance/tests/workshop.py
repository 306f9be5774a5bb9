"""A workshop for tests: the application, people in it, instruments, orders and parts."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from webtest import TestApp

from calibrify_core.auth.grants import Grants
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.tokens import Tokens
from calibrify_core.auth.users import Users
from calibrify_core.testing.client import HTTPS, ApiClient
from calibrify_core.work.organisation import Organisation
from calibrify_core.work.platform import Platform
from calibrify_maintenance.models.work_order import WorkOrder

PASSWORD = "seven blue torque wrenches on a shelf"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
API = "/api/v1/"


@dataclass
class Workshop:
    """A running application at a fixed moment, and people in it.

    Attributes:
        manager: may do everything with parts and meters.
        technician: may move parts and read meters.
        viewer: may look.
    """

    platform: Platform
    app: Any
    client: ApiClient
    manager: ApiClient = field(init=False)
    technician: ApiClient = field(init=False)
    viewer: ApiClient = field(init=False)
    _count: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.manager = self.api("metrology_manager")
        self.technician = self.api("technician")
        self.viewer = self.api("viewer")

    def unique(self, word: str = "X") -> str:
        """Returns a text that is not in use."""
        return f"{word}-{next(self._count)}"

    def hire(self, role: str, *scope: Any) -> str:
        """Makes an account with a role, perhaps for a part only; its name."""
        name = self.unique(role)
        with self.platform.unit() as unit:
            user = Users(unit).create(username=name, password=PASSWORD, name=name.title())
            found = Roles(unit).named(role)
            assert found is not None
            limits = dict(zip(("scope_type", "scope_id"), scope, strict=False))
            Grants(unit).give(found.id, user_id=user.id, **limits)
        return name

    def api(self, role: str, *scope: Any) -> ApiClient:
        """Returns an API client of a new account."""
        pair = Tokens(self.platform).issue(self.hire(role, *scope), PASSWORD, Visit())
        return self.client.signed_in(pair.access_token)

    def stranger(self) -> TestApp:
        """Returns a browser, without scripts, in which nobody is signed in."""
        return TestApp(self.app, extra_environ=dict(HTTPS))

    def browser(self, role: str, *scope: Any) -> TestApp:
        """Returns a browser in which a new account is signed in."""
        browser = self.stranger()
        form = browser.get("/login").forms[0]
        form["email"], form["password"] = self.hire(role, *scope), PASSWORD
        form.submit(status=303)
        return browser

    def policy(self, **values: Any) -> None:
        """Sets policies of the organisation."""
        with self.platform.unit() as unit:
            organisation = unit.session.get(Organisation, unit.organisation.id)
            assert organisation is not None
            organisation.policies = {**organisation.policies, **values}

    def place(self, name: str, parent_id: str | None = None) -> str:
        """Makes a location; its id."""
        body = {"name": name, "parent_id": parent_id}
        return str(self.api("administrator").post_json(f"{API}locations/", body).json["id"])

    def instrument(self, **values: Any) -> str:
        """Enters an instrument; its id."""
        body = {"name": "Compressor", "asset_tag": self.unique("EQ"), **values}
        return str(self.manager.post_json(f"{API}equipment/", body).json["id"])

    def order(self, equipment_id: str | None = None, **values: Any) -> str:
        """Opens a work order; its id."""
        instrument = equipment_id or self.instrument()
        with self.platform.unit() as unit:
            made = unit.add(
                WorkOrder(
                    organisation_id=unit.organisation.id,
                    number=self.unique("WO"),
                    equipment_id=uuid.UUID(instrument),
                    **{
                        "type": "corrective",
                        "title": "It leaks",
                        "status": "in_progress",
                        **values,
                    },
                )
            )
            unit.session.flush()
            return str(made.id)

    def part(self, **values: Any) -> Any:
        """Enters a part; as the API shows it."""
        body = {"name": "Seal", "number": self.unique("P"), **values}
        return self.manager.post_json(f"{API}parts/", body).json
