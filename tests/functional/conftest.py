"""The real application on both databases, with accounts and a small plugin of its own."""

from __future__ import annotations

import pytest

from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import House, build
from calibrify_core.testing.plugin import MakePlatform
from tests.functional.kit import widget
from tests.functional.kit.core import bare_core

# Imported by name; a second import under another name would map its tables twice.
collect_ignore = ["kit"]


@pytest.fixture(scope="module")
def house(make_platform: MakePlatform) -> House:
    """The core alone with the widgets, on each database."""
    platform = make_platform({"widget": widget.CANDIDATE}, core=bare_core(), names=())
    return House(platform, build(platform))


@pytest.fixture(scope="module")
def editor(house: House) -> ApiClient:
    """A client that may see and edit widgets."""
    return house.somebody(widget.VIEW, widget.EDIT)
