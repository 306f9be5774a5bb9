"""The testing kit as a pytest plugin: databases, platforms, and a house with people in it.

It loads only where it is asked for: ``-p calibrify_core.testing.plugin`` among the options of
pytest, or ``pytest_plugins = ["calibrify_core.testing.plugin"]`` in the topmost ``conftest.py``.

A plugin's own ``conftest.py`` says what it tests by a fixture ``plugins_under_test``, and may
fix the clock by a fixture ``settings_under_test``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from argon2.profiles import CHEAPEST

from calibrify_core import app as root
from calibrify_core import contributions
from calibrify_core.auth import passwords
from calibrify_core.hooks.manager import Candidate, Plugins, installed
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.engine import Database, open_database
from calibrify_core.testing.house import House, build
from calibrify_core.testing.postgres import (
    PostgresServer,
    PostgresUnavailable,
    find_programs,
    running_postgres,
)
from calibrify_core.work.platform import Platform

pytest.register_assert_rewrite(
    *(f"calibrify_core.testing.contract{part}" for part in ("", "_doors", "_names", "_source")),
    "calibrify_core.testing.storage_contract",
)
MakeSettings = Callable[..., Settings]
MakePlatform = Callable[..., Platform]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option that says on which databases tests run."""
    parser.addini(
        "calibrify_databases",
        "sqlite, postgresql or both; unset: SQLite, and PostgreSQL where its programs are",
        type="args",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Says what the mark ``postgres`` is."""
    config.addinivalue_line(
        "markers", "postgres: needs the private PostgreSQL server that the tests start themselves"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs whatever needs a database once on each kind of database."""
    if "database_kind" in metafunc.fixturenames:
        marks = {"postgresql": [pytest.mark.postgres]}
        kinds = metafunc.config.getini("calibrify_databases") or _kinds_here()
        metafunc.parametrize(
            "database_kind",
            [pytest.param(kind, marks=marks.get(kind, [])) for kind in kinds],
            scope="module",
        )


def _kinds_here() -> list[str]:
    """Returns the kinds of database that this machine can run."""
    try:
        find_programs()
    except PostgresUnavailable:
        return ["sqlite"]
    return ["sqlite", "postgresql"]


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Passwords are hashed at next to no cost: the many people of tests guard nothing."""
    with passwords.costing(CHEAPEST):
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A private PostgreSQL server, one for each worker of the test run."""
    with running_postgres() as server:
        yield server


def _empty(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Yields the address of an empty database of a kind; it is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'calibrify.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    try:
        yield server.url(name)
    finally:
        server.drop_database(name)


@pytest.fixture
def database_url(
    database_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """The address of an empty database for one test."""
    yield from _empty(database_kind, request, tmp_path)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same empty database, opened."""
    opened = open_database(database_url)
    try:
        yield opened
    finally:
        opened.dispose()


@pytest.fixture(scope="module")
def fresh_url(
    database_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of an empty database for a module of tests."""
    yield from _empty(database_kind, request, tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="module")
def settings_under_test() -> Mapping[str, Any]:
    """Settings of the houses of a module, for example ``{"clock": NOW}``; for overriding."""
    return {}


@pytest.fixture(scope="module")
def plugins_under_test() -> tuple[str, ...] | None:
    """Names of the plugins that a house runs, None for all installed ones; for overriding."""
    return None


@pytest.fixture(scope="module")
def make_settings(
    fresh_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    settings_under_test: Mapping[str, Any],
) -> MakeSettings:
    """Makes settings of an installation with that database, and a data folder of its own."""

    def make(**more: Any) -> Settings:
        given = {"rate_limits": False, "environment": "testing", **settings_under_test, **more}
        return Settings(
            data_dir=tmp_path_factory.mktemp("data"),
            database_url=fresh_url,
            secret_key="k" * 64,
            **given,
        )

    return make


@pytest.fixture(scope="module")
def make_platform(
    make_settings: MakeSettings, plugins_under_test: tuple[str, ...] | None
) -> Iterator[MakePlatform]:
    """Makes platforms on that database, not migrated yet; they are closed with the module.

    Called with further plugins by name (`Candidate`), the ``core`` in place of ours, the
    ``names`` of the installed plugins to run, and settings.
    """
    made: list[Platform] = []

    def make(
        more: Mapping[str, Candidate] | None = None,
        *,
        core: Any = contributions,
        names: tuple[str, ...] | None = plugins_under_test,
        **settings: Any,
    ) -> Platform:
        here = installed()
        chosen = here if names is None else {name: here[name] for name in names}
        plugins = Plugins(core, {**chosen, **(more or {})})
        platform = root.make_platform(make_settings(**settings), plugins)
        made.append(platform)
        return platform

    yield make
    for platform in made:
        platform.database.dispose()


@pytest.fixture(scope="module")
def house(make_platform: MakePlatform) -> House:
    """A running application with the plugins under test."""
    platform = make_platform()
    return House(platform, build(platform))
