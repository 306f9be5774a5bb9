"""The real application with both plugins, on both databases."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from calibrify_core.testing.house import NOW, build
from calibrify_core.testing.plugin import MakePlatform
from plugins.calibration.tests.laboratory import Lab


@pytest.fixture(scope="module")
def plugins_under_test() -> tuple[str, ...]:
    """Calibration, and equipment on which it stands."""
    return ("equipment", "calibration")


@pytest.fixture(scope="module")
def settings_under_test() -> dict[str, Any]:
    """A clock that stands still."""
    return {"clock": NOW}


@pytest.fixture(scope="module")
def lab(make_platform: MakePlatform) -> Lab:
    """The core with both plugins at a fixed moment."""
    platform = make_platform()
    return Lab(platform, build(platform))


@pytest.fixture
def somewhere() -> str:
    """An id that belongs to nothing."""
    return str(uuid.uuid4())
