"""The real application with equipment and maintenance, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from calibrify_core import app as root
from calibrify_core import contributions
from calibrify_core.auth.organisations import Organisations
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.lineages import upgrade
from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.postgres import PostgresServer, running_postgres
from plugins.maintenance.tests.workshop import NOW, Workshop

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


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
def shop(fresh_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """The core with both plugins at a fixed moment."""
    folder: Path = tmp_path_factory.mktemp("data")
    settings = Settings(
        data_dir=folder,
        database_url=fresh_url,
        secret_key="k" * 64,
        rate_limits=False,
        environment="testing",
        clock=NOW,
    )
    ours = {name: installed()[name] for name in ("equipment", "maintenance")}
    platform = root.make_platform(settings, Plugins(contributions, ours))
    upgrade(platform.database, root.lineages(platform.plugins))
    Organisations(platform).prepare()
    app = root.make_app(platform.settings, platform)
    try:
        yield Workshop(platform, app, ApiClient(app))
    finally:
        platform.database.dispose()
