"""Domain events: heard within the transaction or after it, and whole either way."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrify_core import contributions
from calibrify_core.app import make_platform
from calibrify_core.auth.organisations import Organisations
from calibrify_core.events.bus import from_data, to_data
from calibrify_core.hooks.declarations import Manifest, Subscriber
from calibrify_core.hooks.manager import Candidate, Plugins
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_core.kernel.errors import Conflict
from calibrify_core.kernel.settings import Settings
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.work.platform import Platform
from calibrify_core.worker import make_runner

HEARD: list[tuple[str, Any]] = []


@dataclass(frozen=True, slots=True)
class ThingHappened:
    """One member of each kind that an event may hold."""

    id: uuid.UUID
    on: date
    at: datetime
    value: Decimal
    text: str = ""
    number: int = 0
    ready: bool = False
    due_on: date | None = None
    owner_id: uuid.UUID | None = None
    limit: Decimal | None = None
    ids: tuple[uuid.UUID, ...] = ()
    limits: tuple[Decimal, ...] | None = None


@dataclass(frozen=True, slots=True)
class ThingRefused:
    """Makes the subscriber within the transaction fail."""

    reason: str = field(default="no")


def note_within(event: ThingHappened, unit: Any) -> None:
    HEARD.append(("within", event))
    assert unit.session.in_transaction()


def note_after(event: ThingHappened, unit: Any) -> None:
    HEARD.append(("after", event))
    unit.audit("noted", "thing", event.id)


def refuse(event: ThingRefused, _unit: Any) -> None:
    raise Conflict(event.reason)


@hookimpl
def calibrify_manifest() -> Manifest:
    return Manifest("things", "Things", "For tests.", CORE_API, "things.migrations")


@hookimpl
def calibrify_subscribers() -> list[Subscriber]:
    return [
        Subscriber(ThingHappened, note_within, when="within"),
        Subscriber(ThingHappened, note_after),
        Subscriber(ThingRefused, refuse, when="within"),
    ]


def here() -> ModuleType:
    return sys.modules[__name__]


@pytest.fixture
def platform(core_url: str, tmp_path: Path) -> Iterator[Platform]:
    """A platform on which this module runs as a plugin."""
    settings = Settings(
        environment="testing",
        data_dir=tmp_path / "var",
        database_url=core_url,
        secret_key="k" * 64,
        plugins=("things",),
    )
    candidate = Candidate("things", "calibrify-things", "0.1.0", (), here)
    made = make_platform(settings, Plugins(contributions, {"things": candidate}, ("things",)))
    Organisations(made).create("main")
    HEARD.clear()
    yield made
    made.database.dispose()


def happened() -> ThingHappened:
    return ThingHappened(
        uuid.uuid4(), date(2026, 2, 28), datetime(2026, 2, 28, 12, tzinfo=UTC), Decimal("1.0010")
    )


def outbox(platform: Platform) -> list[OutboxRow]:
    with platform.session(write=False) as session:
        return list(session.scalars(sa.select(OutboxRow)))


def test_one_hears_at_once_and_the_other_after_the_commit(platform: Platform) -> None:
    event = happened()
    with platform.unit() as unit:
        unit.publish(event)
        assert [("within", event)] == HEARD
    assert [("within", event)] == HEARD, "what comes after is for the background"
    assert make_runner(platform).drain() == 1
    assert [("within", event), ("after", event)] == HEARD
    assert str(HEARD[1][1].value) == "1.0010"
    assert [row.state for row in outbox(platform)] == ["done"]


def test_who_cannot_take_it_within_undoes_the_change_too(platform: Platform) -> None:
    def work() -> None:
        with platform.unit() as unit:
            unit.enqueue("things.sweep", {})
            unit.publish(happened())
            unit.publish(ThingRefused("not today"))

    with pytest.raises(Conflict, match="not today"):
        work()
    assert outbox(platform) == []
    assert make_runner(platform).drain() == 0
    assert [when for when, _ in HEARD] == ["within"]


def test_nobody_hears_afterwards_of_what_was_undone(platform: Platform) -> None:
    def work() -> None:
        with platform.unit() as unit:
            unit.publish(happened())
            raise RuntimeError("undo")

    with pytest.raises(RuntimeError, match="undo"):
        work()
    assert make_runner(platform).drain() == 0
    assert [when for when, _ in HEARD] == ["within"]


def test_a_delivery_to_a_subscriber_that_is_gone_is_parked(platform: Platform) -> None:
    with platform.unit() as unit:
        unit.enqueue("core.deliver_event", {"subscriber": "gone.module.f:Event", "event": {}})
    make_runner(platform).drain()
    (row,) = outbox(platform)
    assert row.state == "parked"
    assert "gone.module.f:Event" in row.error


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)


# Making a value is slow where the machine is busy, which says nothing about the test.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.builds(
        ThingHappened,
        id=st.uuids(),
        on=st.dates(),
        at=st.datetimes(timezones=ZONES),
        value=DECIMALS,
        text=st.text() | st.dates().map(date.isoformat) | st.uuids().map(str),
        number=st.integers(),
        ready=st.booleans(),
        due_on=st.none() | st.dates(),
        owner_id=st.none() | st.uuids(),
        limit=st.none() | DECIMALS,
        ids=st.lists(st.uuids(), max_size=3).map(tuple),
        limits=st.none() | st.lists(DECIMALS, max_size=3).map(tuple),
    )
)
def test_an_event_comes_back_as_it_went(event: ThingHappened) -> None:
    returned = from_data(ThingHappened, to_data(event))
    assert returned == event
    assert repr(returned.value) == repr(event.value), "digit for digit"
    assert [type(getattr(returned, n)) for n in to_data(event)] == [
        type(getattr(event, n)) for n in to_data(event)
    ]


def test_an_event_that_was_written_before_an_upgrade_is_still_read() -> None:
    data = to_data(happened()) | {"colour": "green"}
    del data["limits"]
    assert from_data(ThingHappened, data).limits is None
