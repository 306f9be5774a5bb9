"""The real application with maintenance, on both databases, with calibration and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from calibrify_core import app as root
from calibrify_core import contributions
from calibrify_core.auth.organisations import Organisations
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.lineages import upgrade
from calibrify_core.testing.client import ApiClient
from plugins.calibration.tests.laboratory import NOW
from plugins.maintenance.tests.conftest import KINDS
from plugins.maintenance.tests.plant import Plant


@contextmanager
def running(
    request: pytest.FixtureRequest, folder: Path, *names: str, **more: object
) -> Iterator[Plant]:
    """An application with some plugins on the database that a test asks for."""
    url, drop = f"sqlite:///{folder / 'calibrify.sqlite3'}", None
    if request.param != "sqlite":
        server = request.getfixturevalue("postgres_server")
        drop = server.create_database()
        url = server.url(drop)
    settings = Settings(
        data_dir=folder,
        database_url=url,
        secret_key="k" * 64,
        rate_limits=False,
        environment="testing",
        clock=NOW,
        **more,
    )
    ours = {name: installed()[name] for name in names}
    platform = root.make_platform(settings, Plugins(contributions, ours))
    upgrade(platform.database, root.lineages(platform.plugins))
    Organisations(platform).prepare()
    app = root.make_app(platform.settings, platform)
    try:
        yield Plant(platform, app, ApiClient(app))
    finally:
        platform.database.dispose()
        if drop is not None:
            server.drop_database(drop)


@pytest.fixture(scope="module", params=KINDS)
def plant(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    """Equipment, calibration and maintenance at a fixed moment."""
    folder = tmp_path_factory.mktemp("data")
    with running(request, folder, "equipment", "calibration", "maintenance") as found:
        yield found


@pytest.fixture(scope="module", params=KINDS)
def bare_plant(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    """Equipment and maintenance, nothing of calibration."""
    with running(request, tmp_path_factory.mktemp("data"), "equipment", "maintenance") as found:
        yield found
