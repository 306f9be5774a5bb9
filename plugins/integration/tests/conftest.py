"""The real application with integration beside equipment and calibration, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from calibrify_core import app as root
from calibrify_core import contributions
from calibrify_core.auth.organisations import Organisations
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_core.kernel.settings import Settings
from calibrify_core.persistence.lineages import upgrade
from calibrify_core.testing.client import ApiClient
from plugins.integration.tests.line import Line
from plugins.integration.tests.plant import NOW, Plant
from plugins.integration.tests.receiver import receiving

MakePlant = Callable[..., Plant]


@pytest.fixture(scope="module")
def make_plant(fresh_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakePlant]:
    """Makes the application with some plugins and settings."""
    made: list[Plant] = []

    def make(*plugins: str, more: Any = None, **settings: Any) -> Plant:
        folder: Path = tmp_path_factory.mktemp("data")
        given = {"rate_limits": False, "environment": "testing", "clock": NOW, **settings}
        options = Settings(data_dir=folder, database_url=fresh_url, secret_key="k" * 64, **given)
        ours = {name: installed()[name] for name in plugins} | (more or {})
        platform = root.make_platform(options, Plugins(contributions, ours))
        upgrade(platform.database, root.lineages(platform.plugins))
        Organisations(platform).prepare()
        app = root.make_app(platform.settings, platform)
        made.append(Plant(platform, app, ApiClient(app)))
        return made[-1]

    yield make
    for plant in made:
        plant.platform.database.dispose()


@pytest.fixture(scope="module")
def plant(make_plant: MakePlant, tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """The core with all four plugins at a fixed moment."""
    addresses = {"public_url": "https://lab.example", "live_url": "https://live.example"}
    return make_plant("equipment", "calibration", "maintenance", "integration", **addresses)


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder below which connectors watch theirs."""
    made = tmp_path_factory.mktemp("inbox")
    (made / "main").mkdir()
    return made


@pytest.fixture(scope="module")
def connected(make_plant: MakePlant, inbox: Path) -> Plant:
    """The core with equipment and integration, an inbox, and this machine as another system."""
    own = {"inbox_dir": str(inbox), "allowed_networks": "127.0.0.0/8"}
    return make_plant("equipment", "integration", plugin_settings={"integration": own})


@pytest.fixture
def line(connected: Plant) -> Iterator[Line]:
    """A webhook of that plant, and a receiver on loopback."""
    with receiving() as receiver:
        made = Line(connected, receiver)
        made.pass_on()
        receiver.heard.clear()
        yield made
        connected.administrator.delete(made.url, status=204)
