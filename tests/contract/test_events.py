"""Every domain event is declared for other systems, and stands in the reference of the feed."""

from __future__ import annotations

import dataclasses
from importlib import import_module
from pathlib import Path

import pytest

from calibrify_core import contributions
from calibrify_core.hooks.declarations import EVERY, Subscriber
from calibrify_core.hooks.manager import Plugins, installed
from calibrify_integration.domain.event_types import is_pattern

ROOT = Path(__file__).parents[2]
RUNNING = Plugins(contributions, installed())
DECLARED = RUNNING.collect("calibrify_events")
PERMISSIONS = RUNNING.named("calibrify_permissions")
EVENTS = [
    found
    for path in sorted(ROOT.glob("plugins/*/src/*/events.py"))
    for found in vars(import_module(f"{path.parent.name}.events")).values()
    if dataclasses.is_dataclass(found) and found.__module__ == f"{path.parent.name}.events"
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_is_declared_once_under_the_name_of_its_plugin(event: type) -> None:
    (found,) = [one for one in DECLARED if one.value.kind is event]
    declared = found.value
    members = {member.name for member in dataclasses.fields(event)}

    assert declared.name.startswith(f"{found.plugin}.")
    assert is_pattern(declared.name)
    assert len(declared.name) <= 100
    assert declared.permission in PERMISSIONS
    assert (declared.model is None) == (declared.subject == "")
    assert declared.subject in members | {""}
    row = f"| `{declared.name}` | {declared.title} | `{declared.permission}` |"
    page = ROOT / "docs" / "reference" / "event-feed.md"
    assert row in page.read_text(encoding="utf-8").splitlines()


def test_nothing_is_declared_that_no_plugin_tells() -> None:
    assert {one.value.kind for one in DECLARED} == set(EVENTS)


def test_who_hears_of_every_event_hears_of_it_within_the_transaction() -> None:
    with pytest.raises(ValueError, match="within the transaction"):
        Subscriber(EVERY, print)
