"""Every set of shipped plugins whose needs it holds is a whole installation, and shows no other."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from jinja2.bccache import Bucket, BytecodeCache
from packaging.requirements import Requirement
from pyramid.interfaces import IRoutesMapper
from pyramid_jinja2 import IJinja2Environment
from webtest import TestApp

from calibrify_core import app as root
from calibrify_core import contributions
from calibrify_core.api.boot import endpoints
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.permissions import EVERYBODYS
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.roles import Roles
from calibrify_core.auth.tokens import Tokens
from calibrify_core.auth.users import Users
from calibrify_core.cli.database import bring_up
from calibrify_core.hooks import specs
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.lineages import differences, downgrade, states
from calibrify_core.testing.client import HTTPS, ApiClient
from calibrify_core.work.platform import Platform

SHIPPED = ("equipment", "calibration", "maintenance", "integration")
PASSWORD = "nine torque wrenches in a drawer"
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
LINK = re.compile(r'\b(?:href|action)="(/[^"#]*)')
NO_DECLARATIONS = {"calibrify_manifest", "calibrify_hookspecs", "calibrify_configure"}
# What a required parameter of a query is given, by the type in its description.
SAMPLES = {"string": "a", "integer": "1", "boolean": "true", "array": "a"}


def needs(name: str) -> set[str]:
    """Returns the shipped plugins that one needs, from its requirements."""
    named = {Requirement(line).name for line in installed()[name].requires}
    return {other for other in SHIPPED if f"calibrify-{other}" in named}


def closed_sets() -> list[tuple[str, ...]]:
    """Returns the sets of shipped plugins that hold whatever their members need."""
    every = itertools.chain.from_iterable(
        itertools.combinations(SHIPPED, size) for size in range(len(SHIPPED) + 1)
    )
    return [chosen for chosen in every if all(needs(name) <= set(chosen) for name in chosen)]


def hooks(plugins: Plugins) -> list[str]:
    """Returns the hooks by which something is declared: the core's, and those that plugins add."""
    modules = [specs, *plugins.values("calibrify_hookspecs")]
    names = [name for one in modules for name in vars(one) if name.startswith("calibrify_")]
    return [name for name in names if name not in NO_DECLARATIONS]


@cache
def whole() -> Plugins:
    """Returns all shipped plugins."""
    return Plugins(contributions, {name: installed()[name] for name in SHIPPED})


def declared(plugins: Plugins, hook: str) -> list[tuple[str, Any]]:
    """Returns what is declared for a hook: by whom, and which."""
    return [
        (one.plugin, getattr(one.value, "name", None) or repr(one.value))
        for one in plugins.collect(hook)
    ]


class Compiled(BytecodeCache):
    """Templates that were compiled for one installation serve the next."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


@dataclass
class Installation:
    """An installation with some of the plugins, and somebody who may do everything."""

    chosen: tuple[str, ...]
    platform: Platform
    router: Any
    api: ApiClient
    browser: TestApp

    @property
    def absent(self) -> set[str]:
        """The shipped plugins that do not run here."""
        return set(SHIPPED) - set(self.chosen)

    def routes(self) -> dict[str, str]:
        """Returns the patterns of all routes by name."""
        mapper = self.router.registry.getUtility(IRoutesMapper)
        return {route.name: route.pattern for route in mapper.get_routes()}


def settle(platform: Platform) -> tuple[str, str]:
    """Makes an administrator who holds whatever else is declared; returns name and token."""
    with platform.unit() as unit:
        permissions = [one.name for one in platform.plugins.values("calibrify_permissions")]
        everything = Roles(unit).create("everything", "Everything", permissions=permissions)
        administrator = Roles(unit).named("administrator")
        assert administrator is not None
        user = Users(unit).create(username="everybody", password=PASSWORD)
        for role in (everything, administrator):
            Grants(unit).give(role.id, user_id=user.id)
    return "everybody", Tokens(platform).issue("everybody", PASSWORD, Visit()).access_token


def tables(platform: Platform) -> set[str]:
    """Returns the names of the tables in the database."""
    with platform.database.reader.connect() as connection:
        return set(sa.inspect(connection).get_table_names())


@pytest.fixture(scope="module", params=KINDS)
def make_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Makes addresses of empty databases."""
    made: list[str] = []

    def make() -> str:
        if request.param == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('database') / 'calibrify.sqlite3'}"
        server = request.getfixturevalue("postgres_server")
        made.append(server.create_database())
        return str(server.url(made[-1]))

    yield make
    for name in made:
        request.getfixturevalue("postgres_server").drop_database(name)


@pytest.fixture(scope="module", params=closed_sets(), ids=lambda chosen: "+".join(chosen) or "core")
def installation(
    request: pytest.FixtureRequest,
    make_url: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    """Each set of plugins, its tables taken up, down and up again."""
    folder: Path = tmp_path_factory.mktemp("data")
    settings = Settings(
        data_dir=folder,
        database_url=make_url(),
        secret_key="k" * 64,
        rate_limits=False,
        environment="testing",
        plugins=request.param,
    )
    platform = root.make_platform(settings)
    try:
        bring_up(platform)
        for lineage in reversed(root.lineages(platform.plugins)):
            downgrade(platform.database, lineage)
        left = tables(platform)
        assert left == {f"{name}_schema_version" for name in platform.plugins.names}
        bring_up(platform)
        router = root.make_router(platform)
        templates = router.registry.getUtility(IJinja2Environment, name=".html")
        templates.bytecode_cache = COMPILED
        name, token = settle(platform)
        browser = TestApp(router, extra_environ=dict(HTTPS))
        form = browser.get("/login").forms[0]
        form["email"], form["password"] = name, PASSWORD
        form.submit(status=303)
        yield Installation(request.param, platform, router, ApiClient(router, token), browser)
    finally:
        platform.database.dispose()


def test_there_are_ten() -> None:
    assert len(closed_sets()) == 10
    assert closed_sets()[0] == ()
    assert set(closed_sets()[-1]) == set(SHIPPED)


def test_its_tables_are_those_that_the_code_expects(installation: Installation) -> None:
    lineages = root.lineages(installation.platform.plugins)
    assert all(state.up_to_date for state in states(installation.platform.database, lineages))
    assert differences(installation.platform.database, lineages) == []
    names = tables(installation.platform)
    assert [one for one in names if one.partition("_")[0] in installation.absent] == []


def test_it_declares_what_its_plugins_declare_and_nothing_else(installation: Installation) -> None:
    plugins = installation.platform.plugins
    assert set(plugins.names) == {"core", *installation.chosen}
    for hook in hooks(plugins):
        expected = [one for one in declared(whole(), hook) if one[0] in plugins.names]
        assert declared(plugins, hook) == expected, hook


def test_every_link_of_its_pages_leads_somewhere(installation: Installation) -> None:
    routes = [entry.route for entry in values(installation, "calibrify_navigation")]
    start = installation.browser.get("/", status=200)
    menu = {link["href"] for link in start.html.select("nav a[href^='/']")}
    assert {installation.routes()[name] for name in routes} <= menu
    linked: set[str] = set()
    for address in sorted(menu):
        page = installation.browser.get(address, status=200)
        linked |= {unescape(found) for found in LINK.findall(page.text)}
    patterns = [expression(pattern) for pattern in installation.routes().values()]
    paths = {link.partition("?")[0] for link in linked if not link.startswith("/static/")}
    assert [one for one in paths if not any(known.fullmatch(one) for known in patterns)] == []


def values(installation: Installation, hook: str) -> list[Any]:
    """Returns what is declared for a hook here."""
    return installation.platform.plugins.values(hook)


def expression(pattern: str) -> re.Pattern[str]:
    """Returns what addresses of a route look like."""
    return re.compile(re.sub(r"\\\{.*?(?:\\\}|\}\\\})(?=/|\\\.|$)", "[^/]+", re.escape(pattern)))


def test_every_list_of_its_interface_answers_as_described(installation: Installation) -> None:
    asked = []
    for path, methods in installation.api.document["paths"].items():
        if "get" not in methods or "{" in path or path.endswith("openapi.json"):
            continue
        parameters = {
            found["name"]: sample(found["schema"])
            for found in methods["get"]["parameters"]
            if found["in"] == "query" and found["required"]
        }
        answer = installation.api.get(path, parameters, expect_errors=True)
        # A stream is served by the hub; without one its address says so, and when to ask again.
        waits = answer.status_int == 503 and "Retry-After" in answer.headers
        assert answer.status_int == 200 or waits, (path, answer.text)
        asked.append(path)
    assert "/api/v1/users/me/" in asked


def sample(schema: Mapping[str, Any]) -> str:
    """Returns a value that a required parameter takes."""
    return str(schema["enum"][0]) if "enum" in schema else SAMPLES[schema["type"]]


def test_it_shows_nothing_of_the_others(installation: Installation) -> None:
    absent = installation.absent
    assert [n for n in installation.routes() if n.partition(".")[0] in absent] == []
    views = [
        entry["introspectable"]["callable"]
        for entry in installation.router.registry.introspector.get_category("views")
    ]
    packages = {f"calibrify_{name}" for name in absent}
    assert [one for one in views if getattr(one, "__module__", "").split(".")[0] in packages] == []
    held = installation.api.get("/api/v1/users/me/").json["permissions"]
    assert [name for name in held if name.partition(".")[0] in absent] == []
    described = installation.api.get("/api/v1/plugins/").json["results"]
    assert [one["name"] for one in described] == list(installation.platform.plugins.names)
    found = endpoints(installation.router.registry.introspector)
    known = {one.name for one in values(installation, "calibrify_permissions")}
    assert {one.permission for one in found} <= known | EVERYBODYS | {"public"}


def test_filters_of_the_others_are_unknown(installation: Installation) -> None:
    if "equipment" in installation.absent:
        installation.api.get("/api/v1/equipment/", status=404)
        return
    for one in whole().collect("calibrify_equipment_list_facets"):
        fields = [f.name for f in one.value.fields if f.filterable and f.choices]
        for name in fields:
            status = 422 if one.plugin in installation.absent else 200
            choice = next(f for f in one.value.fields if f.name == name).choices[0]
            installation.api.get("/api/v1/equipment/", {name: choice}, status=status)
