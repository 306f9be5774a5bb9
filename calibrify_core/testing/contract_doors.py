"""What the addresses of every plugin keep to: names, permissions, and who gets which answer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pyramid.interfaces import IRoutesMapper
from pyramid.security import NO_PERMISSION_REQUIRED
from webtest import TestApp

from calibrify_core import app as root
from calibrify_core.api.boot import endpoints
from calibrify_core.api.configurator import PERMISSIONS, ROUTES
from calibrify_core.api.endpoint import PUBLIC, Endpoint
from calibrify_core.auth.permissions import EVERYBODYS
from calibrify_core.testing.client import HTTPS, ApiClient
from calibrify_core.testing.house import House
from calibrify_core.testing.subject import Subject

API = "api "  # begins the name of a route of the API
PARAMETER = re.compile(r"\{([a-z_]\w*)[:}]")
FORBIDDEN = {403, 404}


@dataclass(frozen=True)
class Doors:
    """The addresses of one plugin in a running application.

    Attributes:
        house: the application.
        registry: everything that it registered.
        name: the plugin.
    """

    house: House
    registry: Any
    name: str

    @property
    def routes(self) -> list[str]:
        """Names of the routes that the plugin added."""
        return [name for name, plugin in self.registry[ROUTES].items() if plugin == self.name]

    @property
    def endpoints(self) -> list[Endpoint]:
        """What the plugin added to the API."""
        ours = set(self.routes)
        found = endpoints(self.registry.introspector)
        return [one for one in found if f"{API}{one.address}" in ours]

    @property
    def public(self) -> set[str]:
        """Names of the pages that ask for no permission."""
        return {
            route
            for plugin, route, permission in self.registry[PERMISSIONS]
            if plugin == self.name and permission == NO_PERMISSION_REQUIRED
        } - {route for route in self.routes if route.startswith(API)}

    def pages(self) -> Iterator[tuple[str, str, bool]]:
        """Yields (route, address, whether something stands in it) of what can be opened."""
        mapper = self.registry.getUtility(IRoutesMapper)
        opened = {
            entry["introspectable"]["route_name"]
            for entry in self.registry.introspector.get_category("views")
            if "GET" in (entry["introspectable"]["request_methods"] or ("GET",))
        }
        for name in self.routes:
            if name in opened and not name.startswith(API):
                route = mapper.get_route(name)
                names = PARAMETER.findall(route.pattern)
                yield name, route.generate({one: _value(one) for one in names}), bool(names)


def open_doors(house: House, subject: Subject) -> Doors:
    """Returns the addresses of a plugin in a house."""
    return Doors(house, root.make_router(house.platform).registry, subject.name)


class DoorsContract:
    """Tests of pages and API; see `calibrify_core.testing.contract.PluginContract`."""

    public_routes: frozenset[str] = frozenset()

    def addresses(self, _house: House) -> Sequence[str]:
        """Returns further addresses of pages that must answer an administrator; for overriding.

        Args:
            _house: the application; make the records there whose pages are meant.
        """
        return ()

    def test_pages_are_named_for_plugin_noun_and_verb(self, doors: Doors) -> None:
        """``<plugin>.<noun>.<verb>``."""
        pattern = re.compile(rf"{doors.name}\.[a-z0-9_]+\.[a-z0-9_]+")
        names = [name for name in doors.routes if not name.startswith(API)]
        assert [name for name in names if not pattern.fullmatch(name)] == []

    def test_whatever_is_open_to_everybody_is_meant_to_be(self, doors: Doors) -> None:
        """Every other page asks for a permission."""
        assert doors.public <= self.public_routes

    def test_the_api_is_described_and_asks_for_permissions(self, doors: Doors) -> None:
        """A sentence for each endpoint, and a permission that the plugin or its needs declare."""
        for endpoint in doors.endpoints:
            assert endpoint.summary.endswith("."), endpoint.name
            assert endpoint.permission not in EVERYBODYS | {PUBLIC}, endpoint.name
            assert endpoint.address in doors.house.client.document["paths"], endpoint.name

    def test_the_api_refuses_who_is_not_signed_in(self, doors: Doors) -> None:
        """With 401, whatever was asked."""
        assert _answers(doors, doors.house.client, {401}) == []

    def test_the_api_refuses_who_may_nothing(self, doors: Doors) -> None:
        """With 403, whatever was asked."""
        assert _answers(doors, doors.house.api(None), {403}) == []

    def test_every_page_leads_strangers_to_the_sign_in(self, doors: Doors) -> None:
        """And back afterwards."""
        stranger = TestApp(doors.house.app, extra_environ=dict(HTTPS))
        wrong = []
        for name, address, _ in doors.pages():
            if name not in doors.public:
                answer = stranger.get(address, status="*")
                if answer.status_int != 303 or "/login" not in answer.headers["Location"]:
                    wrong.append(f"{address} answered {answer.status_int}")
        assert wrong == []

    def test_every_page_refuses_who_may_nothing(self, doors: Doors) -> None:
        """With 403, or as if nothing were there."""
        browser = doors.house.browser(None)
        wrong = []
        for name, address, _ in doors.pages():
            if name not in doors.public:
                status = browser.get(address, status="*").status_int
                if status not in FORBIDDEN:
                    wrong.append(f"{address} answered {status}")
        assert wrong == []

    def test_every_page_answers_an_administrator(self, doors: Doors) -> None:
        """In the frame; an id of nothing is not found, and nothing is ever a fault."""
        browser = doors.house.browser("administrator")
        wrong = []
        for _, address, filled in doors.pages():
            answer = browser.get(address, status="*")
            good = answer.status_int in ({200, 303, 404, 422} if filled else {200, 303, 422})
            if not good:
                wrong.append(f"{address} answered {answer.status_int}")
        for address in self.addresses(doors.house):
            answer = browser.get(address, status="*")
            if answer.status_int != 200 or "<main" not in answer.text:
                wrong.append(f"{address} answered {answer.status_int}")
        assert wrong == []


def _answers(doors: Doors, client: ApiClient, wanted: set[int]) -> list[str]:
    """Asks every endpoint; returns those whose answer is another than what is wanted."""
    wrong = []
    for endpoint in doors.endpoints:
        address = re.sub(r"\{(\w+)\}", lambda hit: _value(hit[1]), endpoint.address)
        send = getattr(client, endpoint.method.lower())
        status = send(address, status="*").status_int
        if status not in wanted:
            wrong.append(f"{endpoint.method} {endpoint.address} answered {status}")
    return wrong


def _value(name: str) -> str:
    """Returns what is put for a part of an address that stands for something."""
    return str(uuid.uuid4()) if name == "id" or name.endswith("_id") else "x"
