"""A plant for tests: the application, people in it, and instruments that fall due."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from webtest import TestApp

from calibrify_core.auth.grants import Grants
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.tokens import Tokens
from calibrify_core.auth.users import Users
from calibrify_core.testing.client import HTTPS, ApiClient
from calibrify_core.work.platform import Platform
from calibrify_core.worker import make_runner

PASSWORD = "eleven green torque wrenches on a rack"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
API = "/api/v1/"
CONNECTORS = f"{API}connectors/"
KEYED = {"match_on": "asset_tag"}
_COUNT = itertools.count()


@dataclass
class Plant:
    """A running application at a fixed moment, and people in it.

    Attributes:
        administrator: may do everything with people and rights.
        manager: may do everything with instruments and calendars.
    """

    platform: Platform
    app: Any
    client: ApiClient
    administrator: ApiClient = field(init=False)
    manager: ApiClient = field(init=False)

    def __post_init__(self) -> None:
        self.administrator = self.person("administrator")
        self.manager = self.person("metrology_manager")

    def unique(self, word: str = "X") -> str:
        """Returns a text that is not in use."""
        return f"{word}-{next(_COUNT)}"

    def person(self, role: str, *scope: str) -> ApiClient:
        """Returns an API client of a new account with a role, perhaps for a part only."""
        name = self.unique(role)
        with self.platform.unit() as unit:
            user = Users(unit).create(username=name, password=PASSWORD, name=name.title())
            found = Roles(unit).named(role)
            assert found is not None
            limits: dict[str, Any] = (
                {"scope_type": scope[0], "scope_id": uuid.UUID(scope[1])} if scope else {}
            )
            Grants(unit).give(found.id, user_id=user.id, **limits)
        pair = Tokens(self.platform).issue(name, PASSWORD, Visit())
        client = self.client.signed_in(pair.access_token)
        client.user_id, client.username = user.id, name
        return client

    def browser(self, role: str) -> TestApp:
        """Returns a browser without scripts in which a new account with a role is signed in."""
        client = self.person(role)
        made = TestApp(self.app, extra_environ=dict(HTTPS))
        form = made.get("/login").forms[0]
        form["email"], form["password"] = client.username, PASSWORD
        form.submit(status=303)
        return made

    def site(self) -> str:
        """Adds a site; its id."""
        body = {"name": self.unique("Site"), "kind": "site"}
        return str(self.manager.post_json(f"{API}locations/", body).json["id"])

    def instrument(self, **values: Any) -> Any:
        """Enters an instrument; as the API shows it."""
        body = {"name": "Multimeter", "asset_tag": self.unique("EQ"), **values}
        return self.manager.post_json(f"{API}equipment/", body).json

    def due(self, day: date, **values: Any) -> Any:
        """Enters an instrument that falls due on a day; as the API shows it."""
        made = self.instrument(**values)
        body = {"equipment_id": made["id"], "opening_due_on": day.isoformat()}
        self.manager.post_json(f"{API}calibration-schedules/", body)
        return made


def table_pull(plant: Plant, address: str) -> Any:
    """Sets a connector up that reads tables over HTTP; as the API shows it."""
    body = {
        "name": "Table",
        "kind": "integration.http",
        "importer": "equipment.equipment",
        "settings": {"url": address, "format": "csv"},
        "mapping": {"tag": "asset_tag", "name": "name"},
        "options": KEYED,
    }
    return plant.manager.post_json(CONNECTORS, body).json


def run(plant: Plant, connector: Any, by: ApiClient | None = None) -> Any:
    """Starts a connector and runs what is enqueued; returns the run."""
    (by or plant.manager).post_json(f"{CONNECTORS}{connector['id']}/run/", {}, status=202)
    make_runner(plant.platform).drain()
    return last_run(plant, connector)


def last_run(plant: Plant, connector: Any) -> Any:
    """Returns the newest run of a connector."""
    listed = plant.administrator.get(f"{API}connector-runs/?connector_id={connector['id']}")
    return listed.json["results"][0]


def tags(client: ApiClient, word: str) -> list[str]:
    """Returns the tags of the instruments that a word finds."""
    found = client.get(f"{API}equipment/?q={word}&ordering=asset_tag").json["results"]
    return [row["asset_tag"] for row in found]
