"""A platform over the core's tables alone, on each database.

The tables are made once for each worker; every test gets a copy.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from calibrify_core.app import make_platform
from calibrify_core.auth.organisations import Organisations
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.base import Base
from calibrify_core.persistence.engine import open_database
from calibrify_core.testing.postgres import PostgresServer
from calibrify_core.work.organisation import OrganisationFacts
from calibrify_core.work.platform import Platform

CopyCore = Callable[[str, Path], Iterator[str]]


def _make_tables(url: str) -> None:
    """Makes the core's tables in an empty database."""
    database = open_database(url)
    tables = [t for t in Base.metadata.sorted_tables if t.name.startswith("core_")]
    Base.metadata.create_all(database.writer, tables=tables)
    database.dispose()


@pytest.fixture(scope="session")
def core_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the core's tables."""
    file = tmp_path_factory.mktemp("core") / "calibrify.sqlite3"
    _make_tables(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def core_name(postgres_server: PostgresServer) -> str:
    """The name of a PostgreSQL database with the core's tables."""
    name = postgres_server.create_database()
    _make_tables(postgres_server.url(name))
    return name


@pytest.fixture(scope="session")
def copy_core(request: pytest.FixtureRequest) -> CopyCore:
    """Makes a copy of the core's empty tables; yields its address."""

    def copy(kind: str, folder: Path) -> Iterator[str]:
        if kind == "sqlite":
            file = folder / "calibrify.sqlite3"
            shutil.copyfile(request.getfixturevalue("core_file"), file)
            yield f"sqlite:///{file}"
            return
        server: PostgresServer = request.getfixturevalue("postgres_server")
        name = server.create_database(template=request.getfixturevalue("core_name"))
        yield server.url(name)
        server.drop_database(name)

    return copy


@pytest.fixture
def core_url(copy_core: CopyCore, database_kind: str, tmp_path: Path) -> Iterator[str]:
    """The address of a database with the core's tables, empty, for one test."""
    yield from copy_core(database_kind, tmp_path)


def core_on(url: str, folder: Path) -> Platform:
    """Returns the shared services on a database, with the core as the only plugin."""
    settings = Settings(
        environment="testing",
        data_dir=folder / "var",
        database_url=url,
        secret_key="k" * 64,
        plugins=(),
    )
    return make_platform(settings)


@pytest.fixture
def core_platform(core_url: str, tmp_path: Path) -> Iterator[Platform]:
    """The shared services, with the core as the only plugin."""
    made = core_on(core_url, tmp_path)
    yield made
    made.database.dispose()


@pytest.fixture
def house(core_platform: Platform) -> OrganisationFacts:
    """The one organisation on it."""
    return Organisations(core_platform).create("main", "Main laboratory")
