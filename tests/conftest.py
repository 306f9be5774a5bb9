"""Fixtures that all tests of the house share: an empty database of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from calibrify_core.persistence.engine import Database, open_database
from calibrify_core.testing.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A private PostgreSQL server, one for each worker of the test run."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, once of each kind; it is gone after the test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'calibrify.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    try:
        yield server.url(name)
    finally:
        server.drop_database(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same empty database, opened."""
    opened = open_database(database_url)
    try:
        yield opened
    finally:
        opened.dispose()
