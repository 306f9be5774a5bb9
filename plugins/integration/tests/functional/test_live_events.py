"""Live events: told as they happen, to who may see them, once, and to nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.auth.bearer import Bearers
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.signed_in import RefreshFamily
from calibrify_core.kernel.ids import new_id
from calibrify_core.testing.client import ApiClient
from calibrify_integration.live.hub import Limits
from calibrify_integration.models.event import Event
from calibrify_integration.services import live_tickets
from plugins.integration.tests.live import QUICK, STREAM, Stream, running_hub
from plugins.integration.tests.log import feed, ordered
from plugins.integration.tests.plant import API, Plant

TICKETS = f"{API}events/tickets/"
Connect = Callable[..., Stream]


@pytest.fixture(scope="module")
def hub(plant: Plant) -> Iterator[int]:
    """The port of a hub beside the application."""
    with running_hub(plant.platform) as port:
        yield port


@pytest.fixture
def connect(hub: int) -> Iterator[Connect]:
    """Opens connections that end with the test."""
    made: list[Stream] = []

    def connect(port: int = hub) -> Stream:
        made.append(Stream(port))
        return made[-1]

    yield connect
    for stream in made:
        stream.close()


def bearer(client: ApiClient) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.token}"}


def test_an_event_arrives_as_it_stands_in_the_feed(plant: Plant, connect: Connect) -> None:
    start = ordered(plant)
    by_ticket = connect().ask(ticket=plant.manager.post_json(TICKETS).json["ticket"])
    by_token = connect().ask(headers=bearer(plant.manager))
    assert (by_ticket.status, by_token.status) == (200, 200)
    assert by_ticket.headers["content-type"] == "text/event-stream"

    plant.instrument(name="Caliper")
    ordered(plant)

    (told,) = feed(plant.manager, after=start, type="equipment.registered")["results"]
    assert by_ticket.next() == told
    assert by_token.next() == told
    assert by_token.cursor == told["sequence"]


def test_what_happened_meanwhile_is_told_to_who_comes_back_and_nothing_twice(
    plant: Plant, connect: Connect
) -> None:
    start = ordered(plant)
    first = connect().ask(headers=bearer(plant.manager), type="equipment.registered")
    tags = [plant.instrument()["asset_tag"]]
    ordered(plant)
    seen = [first.next()]
    first.close()
    tags += [plant.instrument()["asset_tag"] for _ in range(3)]
    ordered(plant)

    again = {**bearer(plant.manager), "Last-Event-ID": first.cursor}
    second = connect().ask(headers=again, type="equipment.registered")
    seen += [second.next() for _ in range(3)]
    tags.append(plant.instrument()["asset_tag"])
    ordered(plant)
    seen.append(second.next())

    assert [event["data"]["asset_tag"] for event in seen] == tags
    whole = connect().ask(headers=bearer(plant.manager), after=start, type="equipment.registered")
    assert [whole.next() for _ in tags] == seen


def test_what_lies_out_of_scope_is_never_told(plant: Plant, connect: Connect) -> None:
    here, there = plant.site(), plant.site()
    local = plant.person("metrology_manager", "location", here)
    start = ordered(plant)
    stream = connect().ask(headers=bearer(local), after=start)

    plant.instrument(location_id=there)
    ours = plant.instrument(location_id=here)
    ordered(plant)

    assert stream.next()["subject"] == ours["id"]


def test_a_page_hears_that_there_is_news_and_no_more(plant: Plant, connect: Connect) -> None:
    href = plant.browser("viewer").get("/ui/live").json["href"]
    assert href.startswith(f"https://live.example{STREAM}?ticket=")
    stream = connect().ask(ticket=href.partition("=")[2])
    plant.instrument()
    ordered(plant)

    assert next(stream.messages()) == ("news", {})


@pytest.mark.parametrize(
    "query",
    [{}, {"ticket": "x"}, {"ticket": "é" * 150}, {"ticket": "A" * 98}],
    ids=["nothing", "short", "foreign", "forged"],
)
def test_who_brings_nothing_that_is_good_is_refused(connect: Connect, query: Any) -> None:
    stream = connect().ask(**query)
    assert stream.status == 401
    assert stream.headers["www-authenticate"] == 'Bearer realm="calibrify"'


def test_a_ticket_is_good_once_and_for_half_a_minute(plant: Plant, connect: Connect) -> None:
    ticket = plant.manager.post_json(TICKETS).json["ticket"]
    assert connect().ask(ticket=ticket).status == 200
    assert connect().ask(ticket=ticket).status == 401

    past = plant.platform.clock.now() - live_tickets.LIFE - timedelta(seconds=1)
    header = bearer(plant.manager)["Authorization"]
    with plant.platform.session(write=False) as session:
        who = Bearers(plant.platform).recognise(session.connection(), header, Visit())
    assert who is not None
    stale = live_tickets.issue(plant.platform, who, past)
    assert connect().ask(ticket=stale).status == 401


def test_who_may_not_read_the_feed_gets_no_stream_of_it(plant: Plant, connect: Connect) -> None:
    viewer = plant.person("viewer")
    viewer.post_json(TICKETS, status=403)
    assert connect().ask(headers=bearer(viewer)).status == 403


def test_a_sign_in_that_ends_ends_its_stream(plant: Plant, connect: Connect) -> None:
    person = plant.person("metrology_manager")
    stream = connect().ask(headers=bearer(person))
    with plant.platform.session(write=True) as session, session.begin():
        session.execute(sa.delete(RefreshFamily).where(RefreshFamily.user_id == person.user_id))
    assert stream.ended()


def test_an_account_has_so_many_streams_and_the_hub_too(plant: Plant, connect: Connect) -> None:
    with running_hub(plant.platform, Limits(streams=3, streams_each=2)) as port:
        one, other = plant.manager, plant.administrator
        first, second = (connect(port).ask(headers=bearer(one)) for _ in range(2))
        assert (first.status, second.status) == (200, 200)
        refused = connect(port).ask(headers=bearer(one))
        assert (refused.status, refused.headers["retry-after"]) == (429, "30")
        assert connect(port).ask(headers=bearer(other)).status == 200
        assert connect(port).ask(headers=bearer(other)).status == 503


def test_a_stream_that_went_away_makes_room(plant: Plant, connect: Connect) -> None:
    with running_hub(plant.platform, Limits(streams_each=1)) as port:
        stream = connect(port).ask(headers=bearer(plant.manager))
        stream.close()
        tries = (connect(port).ask(headers=bearer(plant.manager)).status for _ in range(100))
        assert 200 in tries


def test_who_does_not_take_what_is_sent_is_dropped(plant: Plant, connect: Connect) -> None:
    with running_hub(plant.platform, replace(QUICK, streams_each=1)) as port:
        slow = connect(port).ask(headers=bearer(plant.manager))
        fill(plant, events=60, size=20_000)
        ordered(plant)
        # Its place is free while its connection is still open at this end.
        assert 200 in (connect(port).ask(headers=bearer(plant.manager)).status for _ in range(999))
        assert sum(1 for _ in slow.messages()) < 60


def test_a_head_is_bounded_in_size_and_time(connect: Connect) -> None:
    large = connect()
    large.send(b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000)
    assert large.answer().status in {0, 431}
    silent = connect()
    silent.send(b"GET / HTTP/1.1\r\n")
    assert silent.answer().status == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", STREAM, 405),
        ("GET", "/api/v1/users/", 404),
        ("GET", "/health/live", 200),
        ("GET", f"{STREAM}?type=No!", 422),
        ("GET", f"{STREAM}?after=x", 422),
        ("GET", "no-path", 400),
    ],
)
def test_other_questions_are_answered_shortly(
    plant: Plant, connect: Connect, method: str, path: str, status: int
) -> None:
    assert connect().ask(method, path, bearer(plant.manager)).status == status


def test_pages_of_this_installation_alone_may_read_the_answer(connect: Connect) -> None:
    ours = connect().ask("OPTIONS", headers={"Origin": "https://lab.example"})
    assert ours.status == 204
    assert ours.headers["access-control-allow-origin"] == "https://lab.example"
    theirs = connect().ask("OPTIONS", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in theirs.headers


def test_sigterm_ends_the_command_and_its_streams(plant: Plant, connect: Connect) -> None:
    settings = plant.platform.settings
    environ = {
        **os.environ,
        "CALIBRIFY_DATABASE_URL": settings.database_url,
        "CALIBRIFY_DATA_DIR": str(settings.data_dir),
        "CALIBRIFY_SECRET_KEY": settings.secret_key,
    }
    command = [Path(sys.executable).with_name("calibrify"), "live", "--port", "0"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        stream = connect(int(said.rsplit(":", 1)[1])).ask(headers=bearer(plant.manager))
        assert stream.status == 200
        process.send_signal(signal.SIGTERM)
        assert stream.ended()
        assert process.wait(10) == 0


def fill(plant: Plant, events: int, size: int) -> None:
    """Writes large events into the log."""
    with plant.platform.unit() as unit:
        rows = [
            {
                "id": new_id(),
                "organisation_id": unit.organisation.id,
                "type": "equipment.registered",
                "subject_id": uuid.uuid4(),
                "data": {"text": "x" * size},
                "at": unit.clock.now(),
                "actor_kind": "system",
                "actor_name": "Calibrify",
            }
            for _ in range(events)
        ]
        unit.session.execute(sa.insert(Event.__table__), rows)  # type: ignore[arg-type]
