"""The real application with equipment, calibration and maintenance, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from calibrify_core.testing.house import NOW, build
from calibrify_core.testing.plugin import MakePlatform
from plugins.maintenance.tests.plant import Plant


@pytest.fixture(scope="module")
def plugins_under_test() -> tuple[str, ...]:
    """Maintenance beside calibration, and equipment on which both stand."""
    return ("equipment", "calibration", "maintenance")


@pytest.fixture(scope="module")
def settings_under_test() -> dict[str, Any]:
    """A clock that stands still."""
    return {"clock": NOW}


@pytest.fixture(scope="module")
def plant(make_platform: MakePlatform) -> Plant:
    """The core with those plugins at a fixed moment."""
    platform = make_platform()
    return Plant(platform, build(platform))
