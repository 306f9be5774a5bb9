"""The feed: every change once, in an order that misses nothing, and only what one may see."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from calibrify_core.kernel.errors import Conflict
from calibrify_core.kernel.ids import new_id
from calibrify_core.worker import make_runner
from calibrify_equipment.events import EquipmentRetired
from calibrify_integration.services.sequence import draw_positions
from plugins.integration.tests.log import FEED, feed, insert, ordered
from plugins.integration.tests.plant import API, Plant


def test_a_change_is_told_as_a_cloud_event(plant: Plant) -> None:
    start = ordered(plant)
    made = plant.instrument(name="Caliper")
    ordered(plant)

    batch = feed(plant.manager, after=start, type="equipment.registered")
    (event,) = batch["results"]
    assert event["specversion"] == "1.0"
    assert event["type"] == "equipment.registered"
    assert event["subject"] == made["id"]
    assert event["source"] == "https://lab.example/organisations/main"
    assert event["data"]["asset_tag"] == made["asset_tag"]
    assert event["actorid"] == str(plant.manager.user_id)
    assert batch["next"] is None
    assert feed(plant.manager, after=batch["cursor"])["results"] == []


def test_the_same_cursor_gives_the_same_events_and_pages_join_without_a_gap(plant: Plant) -> None:
    start = ordered(plant)
    for _ in range(5):
        plant.instrument()
    ordered(plant)

    whole = feed(plant.manager, after=start)["results"]
    assert whole == feed(plant.manager, after=start)["results"]
    pieces, address = [], f"{FEED}?after={start}&limit=2"
    while address:
        page = plant.manager.get(address).json
        pieces += page["results"]
        address = page["next"]
    assert pieces == whole
    back, address = page["results"], page["previous"]
    while len(back) < len(whole):
        page = plant.manager.get(address).json
        back, address = page["results"] + back, page["previous"]
    assert back == whole
    assert feed(plant.manager, limit=1)["previous"] is None
    positions = [int(event["sequence"]) for event in whole]
    assert positions == list(range(positions[0], positions[0] + len(whole)))


def test_types_and_one_object_can_be_asked_for(plant: Plant) -> None:
    start = ordered(plant)
    one, other = plant.instrument(), plant.instrument()
    path = f"{API}equipment/{one['id']}/transitions/"
    plant.manager.post_json(path, {"to": "quarantined", "reason": "Dropped"})
    ordered(plant)

    def types(**asked: Any) -> list[str]:
        return [event["type"] for event in feed(plant.manager, after=start, **asked)["results"]]

    assert "equipment.transitioned" in types(type="equipment.*")
    assert set(types(type="equipment.registered")) == {"equipment.registered"}
    assert types(type="maintenance.*") == []
    assert types(subject=one["id"], type="equipment.transitioned") == ["equipment.transitioned"]
    assert types(subject=other["id"], type="equipment.transitioned") == []


def test_what_is_undone_is_not_told(plant: Plant) -> None:
    start = ordered(plant)

    def change_and_fail() -> None:
        with plant.platform.unit() as unit:
            unit.publish(EquipmentRetired(uuid.uuid4(), "never"))
            raise Conflict

    with pytest.raises(Conflict):
        change_and_fail()
    ordered(plant)

    assert feed(plant.manager, after=start)["results"] == []


def test_what_commits_late_comes_after_every_cursor_that_was_handed_out(plant: Plant) -> None:
    begun = new_id()
    plant.instrument()
    start = ordered(plant)
    insert(plant.platform, begun, datetime.now(UTC))
    ordered(plant)

    assert [event["id"] for event in feed(plant.manager, after=start)["results"]] == [str(begun)]


def test_readers_miss_nothing_while_many_write_and_two_draw(plant: Plant) -> None:
    cursor = ordered(plant)
    wanted = [uuid.uuid4() for _ in range(60)]
    done = threading.Event()

    def write(ids: list[uuid.UUID]) -> None:
        for identifier in ids:
            with plant.platform.unit() as unit:
                unit.publish(EquipmentRetired(identifier, "worn out"))
                unit.publish(EquipmentRetired(identifier, "again"))

    def draw() -> None:
        while not done.is_set():
            draw_positions(plant.platform)

    def read() -> Iterator[str]:
        nonlocal cursor
        batch = feed(plant.manager, after=cursor, type="equipment.retired", limit=7)
        cursor = batch["cursor"]
        for event in batch["results"]:
            yield event["data"]["equipment_id"]

    writers = [threading.Thread(target=write, args=(wanted[n::4],)) for n in range(4)]
    drawers = [threading.Thread(target=draw) for _ in range(2)]
    for thread in (*writers, *drawers):
        thread.start()
    seen: list[str] = []
    while any(writer.is_alive() for writer in writers):
        seen += read()
    done.set()
    for thread in drawers:
        thread.join()
    ordered(plant)
    while piece := list(read()):
        seen += piece

    assert sorted(seen) == sorted(str(identifier) for identifier in wanted for _ in range(2))


def test_an_event_of_an_object_out_of_scope_is_absent(plant: Plant) -> None:
    here, there = plant.site(), plant.site()
    start = ordered(plant)
    ours = plant.instrument(location_id=here)
    theirs = plant.instrument(location_id=there)
    plant.due(datetime(2026, 9, 1, tzinfo=UTC).date(), location_id=there)
    ordered(plant)
    local = plant.person("metrology_manager", "location", here)

    seen = feed(local, after=start)
    assert {event["subject"] for event in seen["results"]} == {ours["id"]}
    assert feed(local, after=start, subject=theirs["id"])["results"] == []
    assert theirs["id"] in {
        event["subject"] for event in feed(plant.manager, after=start)["results"]
    }
    # Rights are those of the moment: what moves into reach is seen, with all that happened to it.
    path = f"{API}equipment/{theirs['id']}/"
    plant.manager.patch_json(path, {"location_id": here})
    assert feed(local, after=start, subject=theirs["id"])["results"]


def test_an_import_is_told_once_and_to_who_sees_the_whole_organisation(plant: Plant) -> None:
    here = plant.site()
    local = plant.person("metrology_manager", "location", here)
    start = ordered(plant)
    register = "asset_tag,name\n" + "".join(f"{plant.unique('IMP')},Gauge\n" for _ in range(20))
    plant.manager.post(
        f"{API}equipment/import/", upload_files=[("file", "r.csv", register.encode())], status=202
    )
    make_runner(plant.platform).drain()
    ordered(plant)

    (event,) = feed(plant.manager, after=start, type="equipment.imported")["results"]
    assert len(event["data"]["created"]) == 20
    assert "subject" not in event
    assert feed(local, after=start, type="equipment.imported")["results"] == []


def test_the_feed_asks_for_its_permission(plant: Plant) -> None:
    plant.person("technician").get(FEED, status=403)
    plant.client.signed_in(None).get(FEED, status=401)


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=-1",
        "after=9999999999999999999",
        "type=Equipment",
        "type=*.x",
        "limit=0",
        "limit=x",
        "subject=x",
        "before=1",
        "after=1&after=2",
    ],
)
def test_a_wrong_question_is_refused(plant: Plant, query: str) -> None:
    plant.manager.get(f"{FEED}?{query}", status=422)


def test_a_limit_above_the_most_is_cut(plant: Plant) -> None:
    plant.manager.get(f"{FEED}?limit=100000", status=200)


def test_live_events_are_not_served_here(plant: Plant) -> None:
    answer = plant.manager.get(f"{FEED}stream", status=503)

    assert int(answer.headers["Retry-After"]) > 0
