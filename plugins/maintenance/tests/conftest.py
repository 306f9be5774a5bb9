"""The real application with equipment and maintenance, on both databases."""

from __future__ import annotations

import pytest

from calibrify_core.testing.house import NOW, build
from calibrify_core.testing.plugin import MakePlatform
from plugins.maintenance.tests.workshop import Workshop


@pytest.fixture(scope="module")
def shop(make_platform: MakePlatform) -> Workshop:
    """The core with equipment and maintenance at a fixed moment."""
    platform = make_platform(names=("equipment", "maintenance"), clock=NOW)
    return Workshop(platform, build(platform))
