"""A platform over the core's tables alone, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from calibrify_core.app import make_platform
from calibrify_core.auth.organisations import Organisations
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.base import Base
from calibrify_core.work.organisation import OrganisationFacts
from calibrify_core.work.platform import Platform


@pytest.fixture
def core_platform(database_url: str, tmp_path: Path) -> Iterator[Platform]:
    """The shared services, with the core as the only plugin."""
    settings = Settings(
        environment="testing",
        data_dir=tmp_path / "var",
        database_url=database_url,
        secret_key="k" * 64,
        plugins=(),
    )
    made = make_platform(settings)
    tables = [t for t in Base.metadata.sorted_tables if t.name.startswith("core_")]
    Base.metadata.create_all(made.database.writer, tables=tables)
    yield made
    made.database.dispose()


@pytest.fixture
def house(core_platform: Platform) -> OrganisationFacts:
    """The one organisation on it."""
    return Organisations(core_platform).create("main", "Main laboratory")
