"""Webhooks: what stands in the way of one hurts that one alone, and nothing is lost."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from standardwebhooks import Webhook as Verifier
from structlog.testing import capture_logs

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.manager import Candidate
from calibrify_core.hooks.news import Event
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_core.kernel.ids import new_id
from calibrify_core.observability.faults import FAULTS
from calibrify_core.persistence.scoping import Scope, scoped
from calibrify_core.work.vault import Vault
from calibrify_integration.models.webhook import Webhook
from plugins.integration.tests.line import HOOKS, ONE, Line
from plugins.integration.tests.plant import API, Plant
from plugins.integration.tests.receiver import Receiver, answer, receiving

RULES: list[Exception] = []


class Base(DeclarativeBase):
    pass


class Scale(Base):
    __tablename__ = "shaky_scale"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[uuid.UUID]


@dataclass(frozen=True, slots=True)
class Shaken:
    scale_id: uuid.UUID


def rule(_scope: Scope) -> sa.ColumnElement[bool]:
    if RULES:
        raise RULES[0]
    return sa.true()


@hookimpl
def calibrify_manifest() -> declare.Manifest:
    return declare.Manifest("shaky", "Shaky", "Fails.", CORE_API, "tests.functional.kit.migrations")


@hookimpl
def calibrify_events() -> list[Event]:
    seen = "equipment.equipment:view"
    return [Event(Shaken, "shaky.shaken", "Scale shaken", seen, Scale, "scale_id")]


@pytest.fixture(scope="module")
def shaken(make_plant: Any) -> Plant:
    """A plant with a plugin whose rule of who may see a scale can be made to fail."""
    scoped(Scale, rule)
    module = ModuleType("tests.functional.kit.shaky")
    module.calibrify_manifest = calibrify_manifest  # type: ignore[attr-defined]
    module.calibrify_events = calibrify_events  # type: ignore[attr-defined]
    shaky = Candidate("shaky", "shaky", "1", (), lambda: module)
    own = {"allowed_networks": "127.0.0.0/8"}
    plant: Plant = make_plant(
        "equipment", "integration", more={"shaky": shaky}, plugin_settings={"integration": own}
    )
    return plant


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged meanwhile."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def line(shaken: Plant, logged: list[Any]) -> Iterator[Line]:
    """A webhook of an administrator, and its receiver."""
    with receiving() as receiver:
        made = Line(shaken, receiver)
        made.pass_on()
        receiver.heard.clear()
        yield made
        RULES.clear()
        shaken.administrator.delete(made.url, status=204)


@pytest.fixture
def other() -> Iterator[Receiver]:
    """Another receiver."""
    with receiving() as made:
        yield made


def lock(line: Line) -> None:
    """Seals the secret of a webhook with a key that is not there any more."""
    table: Any = Webhook.__table__
    sealed = Vault({"gone": b"g" * 32}).seal(line.hook["secret"], "anywhere")
    with line.plant.platform.unit() as unit:
        mine = sa.update(table).where(table.c.id == uuid.UUID(line.hook["id"]))
        unit.session.connection().execute(mine.values(secret=sealed))


def test_a_secret_that_does_not_open_stops_its_own_webhook_alone(
    line: Line, other: Receiver
) -> None:
    client = line.plant.administrator
    hook = client.post_json(HOOKS, {"url": other.url(), **ONE}, status=201).json
    lock(line)
    line.plant.instrument()
    line.pass_on()
    assert len(other.heard) == 1
    assert line.receiver.heard == []
    (waiting,) = line.deliveries(state="pending")
    assert waiting["tries"] == 1
    assert "secret of the webhook does not open" in waiting["last_error"]
    detail = client.get(f"{API}deliveries/{waiting['id']}/")
    (attempt,) = detail.json["attempts"]
    assert (attempt["request_headers"], attempt["response_status"]) == ({}, None)
    assert line.hook["secret"] not in detail.text

    fresh = client.post_json(f"{line.url}rotate-secret/", {}).json["secret"]
    line.let_pass(timedelta(minutes=1))
    line.pass_on()
    (heard,) = line.receiver.heard
    assert Verifier(fresh).verify(heard.body, heard.headers)
    client.delete(f"{HOOKS}{hook['id']}/", status=204)


def local_hook(line: Line, other: Receiver, site: str) -> tuple[Any, str]:
    """Sets a webhook up for somebody who reaches one site; also returns its address."""
    person = line.plant.person("administrator", "location", site)
    body = {"url": other.url(), "event_types": [*ONE["event_types"], "shaky.shaken"]}
    hook = person.post_json(HOOKS, body, status=201).json
    return person, f"{HOOKS}{hook['id']}/"


def test_a_rule_that_fails_holds_its_own_webhook_back_and_nothing_is_lost(
    line: Line, other: Receiver, logged: list[Any]
) -> None:
    site = line.plant.site()
    person, url = local_hook(line, other, site)
    RULES.append(RuntimeError("the scale is out of balance"))
    first = line.plant.instrument(location_id=site)
    line.pass_on()
    assert [event["subject"] for event in line.heard()] == [first["id"]]
    assert other.heard == []
    (untold,) = person.get(f"{url}deliveries/").json["results"]
    assert (untold["type"], untold["state"], untold["event_id"]) == (
        "integration.untold",
        "pending",
        None,
    )
    assert "a rule of shaky failed" in untold["last_error"]
    fault = FAULTS.last("shaky")
    assert fault is not None
    assert "out of balance" in fault.error
    assert "shaky" in [entry.get("plugin") for entry in logged]

    # The rule holds again, but makes a statement that the database refuses.
    RULES.clear()
    line.let_pass(timedelta(hours=1))
    second = line.plant.instrument(location_id=site)
    line.pass_on()
    assert [event["subject"] for event in line.heard()] == [first["id"], second["id"]]
    assert other.heard == []
    (again,) = person.get(f"{url}deliveries/").json["results"]
    assert (again["id"], again["tries"]) == (untold["id"], 2)

    Base.metadata.create_all(line.plant.platform.database.writer)
    line.let_pass(timedelta(hours=1))
    line.pass_on()
    assert [json.loads(heard.body)["subject"] for heard in other.heard] == [
        first["id"],
        second["id"],
    ]
    told = person.get(f"{url}deliveries/").json["results"]
    assert {row["state"] for row in told} == {"delivered"}
    person.delete(url, status=204)


def test_what_cannot_be_told_for_days_is_given_up_in_the_log_and_asked_for_again(
    line: Line, other: Receiver
) -> None:
    Base.metadata.create_all(line.plant.platform.database.writer)
    site = line.plant.site()
    person, url = local_hook(line, other, site)
    RULES.append(RuntimeError("the scale is out of balance"))
    made = line.plant.instrument(location_id=site)
    for _ in range(10):
        line.pass_on()
        line.let_pass(timedelta(days=2))
    (dead,) = person.get(f"{url}deliveries/").json["results"]
    assert (dead["state"], dead["tries"]) == ("dead", 10)
    page = line.plant.browser("administrator").get(f"/admin/webhooks/deliveries/{dead['id']}")
    assert "Events from here on were not sent" in page

    RULES.clear()
    later = line.plant.instrument(location_id=site)
    line.pass_on()
    assert [json.loads(heard.body)["subject"] for heard in other.heard] == [later["id"]]
    person.post_json(f"{API}deliveries/{dead['id']}/replay/", {}, status=202)
    line.pass_on()
    assert [json.loads(heard.body)["subject"] for heard in other.heard] == [
        later["id"],
        made["id"],
    ]
    person.delete(url, status=204)


def test_a_rule_that_fails_when_it_is_sent_is_a_failed_try(line: Line, other: Receiver) -> None:
    Base.metadata.create_all(line.plant.platform.database.writer)
    person, url = local_hook(line, other, line.plant.site())
    other.behaviour = answer(500)
    with line.plant.platform.unit() as unit:
        scale = Scale(id=new_id(), organisation_id=unit.organisation.id)
        unit.session.add(scale)
        unit.publish(Shaken(scale.id))
    line.pass_on()
    assert len(other.heard) == 1
    RULES.append(RuntimeError("the scale is out of balance"))
    line.let_pass(timedelta(minutes=1))
    line.plant.instrument()
    line.pass_on()
    assert len(line.heard()) == 1
    (waiting,) = [
        row
        for row in person.get(f"{url}deliveries/").json["results"]
        if row["type"] == "shaky.shaken"
    ]
    assert (waiting["tries"], "a rule of shaky" in waiting["last_error"]) == (2, True)

    RULES.clear()
    other.behaviour = answer()
    line.let_pass(timedelta(hours=1))
    line.pass_on()
    assert json.loads(other.heard[-1].body)["type"] == "shaky.shaken"
    person.delete(url, status=204)


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_time_gets_it_for_all_that_waits(line: Line, status: int) -> None:
    line.receiver.behaviour = answer(status, headers={"Retry-After": "7200"})
    for _ in range(2):
        line.plant.instrument()
    assert line.pass_on() == 1
    shown = line.plant.administrator.get(line.url).json
    assert shown["held_until"] > shown["failing_since"]

    line.receiver.behaviour = answer()
    line.plant.instrument()
    line.let_pass(timedelta(minutes=110))
    assert line.pass_on() == 0
    line.let_pass(timedelta(minutes=11))
    assert line.pass_on() == 3
