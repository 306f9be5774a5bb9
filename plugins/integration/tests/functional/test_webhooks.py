"""Webhooks: what they hear, how it is signed, and what becomes of deliveries that fail."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from calibrify_core.persistence.base import utc_now
from calibrify_core.worker import make_runner
from calibrify_integration.models.delivery import Delivery
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.services import courier
from calibrify_integration.services.sequence import draw_positions
from plugins.integration.tests.line import Line
from plugins.integration.tests.plant import API, Plant
from plugins.integration.tests.receiver import answer, hang_up


def quarantine(plant: Plant, instrument: Any, to: str = "quarantined") -> None:
    path = f"{API}equipment/{instrument['id']}/transitions/"
    plant.manager.post_json(path, {"to": to, "reason": "Dropped"})


def test_an_event_arrives_signed_as_the_feed_shows_it(line: Line) -> None:
    made = line.plant.instrument(name="Caliper")
    assert line.pass_on() == 1

    (event,) = line.heard()
    assert event["type"] == "equipment.registered"
    assert event["subject"] == made["id"]
    asked = {"type": "equipment.registered", "subject": made["id"]}
    (shown,) = line.plant.manager.get(f"{API}events/", asked).json["results"]
    assert shown == event

    (request,) = line.receiver.heard
    (delivery,) = line.deliveries()
    assert request.headers["webhook-id"] == delivery["id"]
    assert request.headers["content-type"].startswith("application/cloudevents+json")
    assert (delivery["state"], delivery["tries"], delivery["last_status"]) == ("delivered", 1, 200)
    detail = line.plant.administrator.get(f"{API}deliveries/{delivery['id']}/").json
    (attempt,) = detail["attempts"]
    assert attempt["response_status"] == 200
    assert attempt["request_headers"]["webhook-id"] == delivery["id"]
    assert "webhook-signature" not in attempt["request_headers"]
    with pytest.raises(WebhookVerificationError):
        Verifier(line.hook["secret"]).verify(request.body + b" ", request.headers)


def test_only_what_it_asked_for_and_nothing_from_before(line: Line) -> None:
    made = line.plant.instrument()
    line.plant.manager.patch_json(f"{API}equipment/{made['id']}/", {"name": "Renamed"})
    quarantine(line.plant, made)
    line.pass_on()
    assert [event["type"] for event in line.heard()] == [
        "equipment.registered",
        "equipment.transitioned",
    ]


def test_a_receiver_that_was_down_gets_everything_in_order_for_each_object(line: Line) -> None:
    line.receiver.behaviour = answer(500, b"not now")
    first, second = line.plant.instrument(), line.plant.instrument()
    quarantine(line.plant, first)
    for _ in range(3):
        line.pass_on()
        line.let_pass(timedelta(hours=1))
    # What came later to the first waits for what came before.
    tried = [json.loads(one.body) for one in line.receiver.heard]
    assert {event["type"] for event in tried} == {"equipment.registered"}
    failing = line.plant.administrator.get(line.url).json["failing_since"]
    assert failing is not None

    line.receiver.heard.clear()
    line.receiver.behaviour = answer()
    line.pass_on()
    told = [(event["subject"], event["type"]) for event in line.heard()]
    assert sorted(told) == sorted(
        [
            (first["id"], "equipment.registered"),
            (first["id"], "equipment.transitioned"),
            (second["id"], "equipment.registered"),
        ]
    )
    of_first = [kind for subject, kind in told if subject == first["id"]]
    assert of_first == ["equipment.registered", "equipment.transitioned"]
    assert {row["state"] for row in line.deliveries()} == {"delivered"}
    assert line.plant.administrator.get(line.url).json["failing_since"] is None


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (answer(302, headers={"Location": "http://127.0.0.1:1/"}), "redirects are not followed"),
        (answer(500), "It answered 500."),
        (hang_up, "The connection failed"),
    ],
)
def test_what_fails_says_why_and_comes_again_under_the_same_id(
    line: Line, behaviour: Any, error: str
) -> None:
    line.receiver.behaviour = behaviour
    line.plant.instrument()
    assert line.pass_on() == 1
    (waiting,) = line.deliveries(state="pending")
    assert error in waiting["last_error"]
    assert waiting["next_attempt_at"] > waiting["created_at"]
    assert line.pass_on() == 0

    line.receiver.behaviour = answer()
    line.let_pass(timedelta(minutes=1))
    assert line.pass_on() == 1
    assert [one.headers["webhook-id"] for one in line.receiver.heard] == [waiting["id"]] * 2
    detail = line.plant.administrator.get(f"{API}deliveries/{waiting['id']}/").json
    assert [attempt["error"] == "" for attempt in detail["attempts"]] == [False, True]


def test_a_receiver_that_asks_for_time_gets_it(line: Line) -> None:
    line.receiver.behaviour = answer(503, headers={"Retry-After": "7200"})
    line.plant.instrument()
    line.pass_on()
    line.let_pass(timedelta(minutes=110))
    assert line.pass_on() == 0
    line.let_pass(timedelta(minutes=11))
    assert line.pass_on() == 1


def test_one_that_fails_holds_one_courier_at_most(line: Line) -> None:
    line.plant.instrument()
    line.plant.instrument()
    draw_positions(line.plant.platform)
    platform = line.plant.platform
    assert [courier.claim(platform) is not None for _ in range(3)] == [True, True, False]
    table: Any = Delivery.__table__
    with platform.unit() as unit:
        unit.session.connection().execute(sa.update(table).values(lease_until=None))

    line.receiver.behaviour = answer(500)
    line.plant.instrument()
    line.pass_on()
    line.let_pass(timedelta(minutes=10))
    first = courier.claim(platform)
    assert first is not None
    assert courier.claim(platform) is None
    line.receiver.behaviour = answer()
    courier.deliver(platform, courier.Egress.of(platform), first)
    assert line.pass_on() == 2


def test_after_the_last_try_it_is_dead_frees_its_object_and_can_be_sent_again(line: Line) -> None:
    line.receiver.behaviour = answer(500)
    made = line.plant.instrument()
    for _ in range(12):
        line.pass_on()
        line.let_pass(timedelta(days=2))
    (dead,) = line.deliveries()
    assert (dead["state"], dead["tries"], dead["next_attempt_at"]) == ("dead", 10, None)

    line.receiver.behaviour = answer()
    quarantine(line.plant, made)
    line.pass_on()
    line.receiver.heard.clear()
    again = f"{API}deliveries/{dead['id']}/replay/"
    line.plant.administrator.post_json(again, {}, status=202)
    line.plant.administrator.post_json(again, {}, status=409)
    line.pass_on()
    assert [one.headers["webhook-id"] for one in line.receiver.heard] == [dead["id"]]
    assert line.heard()[0]["subject"] == made["id"]
    line.plant.administrator.post_json(again, {}, status=202)
    assert line.pass_on() == 1


def test_gone_switches_it_off_and_on_again_it_goes_on(line: Line) -> None:
    line.receiver.behaviour = answer(410)
    line.plant.instrument()
    line.pass_on()
    shown = line.plant.administrator.get(line.url).json
    assert (shown["active"], "410" in shown["disabled_reason"]) == (False, True)
    line.let_pass(timedelta(hours=1))
    assert line.pass_on() == 0
    line.plant.administrator.post_json(f"{line.url}test/", {}, status=409)

    line.receiver.behaviour = answer()
    client = line.plant.administrator
    shown = client.patch_json(line.url, {"active": True}).json
    assert (shown["active"], shown["disabled_reason"]) == (True, "")
    assert line.pass_on() == 1


def test_one_is_replaced_and_keeps_its_secret(line: Line) -> None:
    client = line.plant.administrator
    body = {"url": line.hook["url"], "event_types": ["equipment.registered"]}
    client.patch_json(line.url, {"description": "ERP"})
    shown = client.put_json(line.url, body).json
    assert shown | body == shown
    assert (shown["description"], shown["active"]) == ("", True)
    refused = client.put_json(line.url, {"description": "x"}, status=422).json
    assert {error["pointer"] for error in refused["errors"]} == {"/url", "/event_types"}
    wrong = {"url": "ftp://erp.example", "event_types": ["no.such"]}
    refused = client.put_json(line.url, wrong, status=422).json
    assert {error["pointer"] for error in refused["errors"]} == {"/url", "/event_types/0"}


def test_one_that_failed_for_days_is_switched_off(line: Line) -> None:
    line.receiver.behaviour = answer(500)
    line.plant.instrument()
    line.pass_on()
    table: Any = Webhook.__table__
    with line.plant.platform.unit() as unit:
        since = sa.update(table).where(table.c.id == uuid.UUID(line.hook["id"]))
        long_ago = utc_now() - timedelta(days=6)
        unit.session.connection().execute(since.values(failing_since=long_ago))
    line.let_pass(timedelta(hours=1))
    line.pass_on()
    shown = line.plant.administrator.get(line.url).json
    assert not shown["active"]
    assert shown["disabled_reason"].startswith("Every try failed for 5 days")


def test_a_test_is_sent_whatever_it_hears_of(line: Line) -> None:
    asked = line.plant.administrator.post_json(f"{line.url}test/", {}, status=202)
    assert line.pass_on() == 1
    (event,) = line.heard()
    assert event["type"] == "integration.test"
    detail = line.plant.administrator.get(asked.headers["Location"]).json
    assert (detail["state"], detail["event_id"]) == ("delivered", None)


def test_requests_are_not_slowed_by_a_receiver_that_does_not_answer(line: Line) -> None:
    release = threading.Event()

    def hold(handler: Any, heard: Any) -> None:
        release.wait(10)
        answer()(handler, heard)

    line.receiver.behaviour = hold
    line.plant.instrument()
    draw_positions(line.plant.platform)
    courier.look_after(line.plant.platform)
    until = time.monotonic() + 5
    while not line.receiver.heard and time.monotonic() < until:
        time.sleep(0.01)
    started = time.monotonic()
    # The receiver still holds the line, and no transaction is open on our side.
    line.plant.instrument()
    make_runner(line.plant.platform).drain()
    assert time.monotonic() - started < 3
    release.set()
    while line.deliveries(state="pending") and time.monotonic() < until + 5:
        time.sleep(0.02)
        courier.look_after(line.plant.platform)
    assert line.deliveries(state="pending") == []
