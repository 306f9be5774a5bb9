from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from icalendar import Calendar

from calibrify_core.auth.grant import Grant
from calibrify_core.auth.grants import Grants
from calibrify_core.auth.users import Users
from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.calendars import CalendarSource
from calibrify_core.hooks.manager import Candidate
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.testing.client import ApiClient
from plugins.integration.tests.plant import API, NOW, Plant

FEEDS = f"{API}calendar-feeds/"
TODAY = NOW.date()


def subscribe(client: ApiClient, **values: Any) -> Any:
    return client.post_json(FEEDS, {"name": "Due", **values}).json


def path(feed: Any) -> str:
    return feed["address"].removeprefix("https://lab.example")


def read(plant: Plant, feed: Any, status: int = 200, **headers: str) -> Any:
    return plant.client.get(path(feed), status=status, headers=headers)


def titles(plant: Plant, feed: Any) -> list[str]:
    calendar = Calendar.from_ical(read(plant, feed).body)
    return [str(event["summary"]) for event in calendar.walk("VEVENT")]


def of(plant: Plant, feed: Any, instrument: Any) -> list[str]:
    return [title for title in titles(plant, feed) if f" {instrument['asset_tag']} " in title]


def test_a_due_day_is_an_entry_that_a_strict_parser_accepts(plant: Plant) -> None:
    name = "Gauge, “0–10 bar”; wet\\dry " + "ü" * 90
    made = plant.due(TODAY + timedelta(days=20), name=name)
    feed = subscribe(plant.manager, kinds=["calibration.due"])
    answer = read(plant, feed)

    assert answer.content_type == "text/calendar"
    text = answer.body
    assert b"\n" not in text.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))
    assert text.endswith(b"END:VCALENDAR\r\n")
    calendar = Calendar.from_ical(text)
    assert calendar.errors == []
    assert (calendar["version"], calendar["calscale"]) == ("2.0", "GREGORIAN")
    assert calendar["prodid"]
    (event,) = [event for event in calendar.walk("VEVENT") if made["asset_tag"] in event["summary"]]
    assert event.errors == []
    assert event["summary"] == f"Calibration due: {made['asset_tag']} {name}"
    assert event["dtstart"].dt == TODAY + timedelta(days=20)
    assert event["dtstart"].params["VALUE"] == "DATE"
    assert event["dtend"].dt == TODAY + timedelta(days=21)
    assert event["url"] == f"https://lab.example/equipment/{made['id']}"
    assert event["sequence"] == 0
    assert event["dtstamp"].dt.tzinfo is not None
    assert event["uid"].endswith("@calibrify")


def test_entries_of_one_address_have_one_uid_each_and_keep_it(plant: Plant) -> None:
    plant.due(TODAY + timedelta(days=3))
    feed = subscribe(plant.manager)

    def uids() -> list[str]:
        return [str(e["uid"]) for e in Calendar.from_ical(read(plant, feed).body).walk("VEVENT")]

    first = uids()
    assert len(first) == len(set(first))
    assert uids() == first


@pytest.mark.parametrize(
    ("days", "shown"), [(-31, False), (-30, True), (0, True), (396, True), (397, False)]
)
def test_the_window_reaches_from_a_month_back_to_thirteen_ahead(
    plant: Plant, days: int, shown: bool
) -> None:
    made = plant.due(TODAY + timedelta(days=days))
    assert bool(of(plant, subscribe(plant.manager), made)) is shown


def test_what_is_not_in_service_is_not_due(plant: Plant) -> None:
    made = plant.due(TODAY)
    feed = subscribe(plant.manager)
    assert of(plant, feed, made)
    to = {"to": "out_of_service", "reason": "broken"}
    plant.manager.post_json(f"{API}equipment/{made['id']}/transitions/", to)
    assert not of(plant, feed, made)


def test_only_what_is_in_ones_own_hands_if_that_is_asked_for(plant: Plant) -> None:
    technician = plant.person("technician")
    theirs = plant.due(TODAY, custodian_id=str(technician.user_id))
    others = plant.due(TODAY)
    feed = subscribe(technician, only_own=True)
    assert of(plant, feed, theirs)
    assert not of(plant, feed, others)
    assert of(plant, subscribe(technician), others)


def test_planned_work_keeps_its_entry_when_it_is_moved(plant: Plant) -> None:
    made = plant.instrument()
    body = {"equipment_id": made["id"], "type": "preventive", "title": "Grease the screw"}
    day = (TODAY + timedelta(days=4)).isoformat()
    order = plant.manager.post_json(f"{API}maintenance/", {**body, "scheduled_date": day}).json
    feed = subscribe(plant.manager, kinds=["maintenance.planned"])

    def event() -> Any:
        events = Calendar.from_ical(read(plant, feed).body).walk("VEVENT")
        return next(event for event in events if order["number"] in event["summary"])

    before = event()
    assert before["dtstart"].dt == TODAY + timedelta(days=4)
    later = {"scheduled_date": (TODAY + timedelta(days=6)).isoformat()}
    plant.manager.patch_json(f"{API}maintenance/{order['id']}/", later)
    after = event()
    assert after["dtstart"].dt == TODAY + timedelta(days=6)
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    mine = subscribe(plant.person("technician"), kinds=["maintenance.planned"], only_own=True)
    assert not titles(plant, mine)


def test_an_owner_of_one_site_reads_that_site_alone(plant: Plant) -> None:
    ours, theirs = plant.site(), plant.site()
    seen, hidden = plant.due(TODAY, location_id=ours), plant.due(TODAY, location_id=theirs)
    feed = subscribe(plant.person("viewer", "location", ours))
    assert of(plant, feed, seen)
    assert not of(plant, feed, hidden)


def test_rights_that_are_taken_away_are_gone_at_the_next_reading(plant: Plant) -> None:
    made = plant.due(TODAY)
    viewer = plant.person("viewer")
    feed = subscribe(viewer)
    assert of(plant, feed, made)
    with plant.platform.unit() as unit:
        statement = sa.select(Grant).where(Grant.user_id == viewer.user_id)
        marked = unscoped(statement, Grant, because="a test takes it away")
        for grant in unit.session.scalars(marked):
            Grants(unit).take_away(grant)
    read(plant, feed, 404)


def test_a_disabled_owner_has_no_calendar(plant: Plant) -> None:
    viewer = plant.person("viewer")
    feed = subscribe(viewer)
    read(plant, feed)
    with plant.platform.unit() as unit:
        users = Users(unit)
        users.disable(users.get(viewer.user_id))
    read(plant, feed, 404)
    plant.client.get(f"/calendar/calf_{'x' * 43}.ics", status=404)
    plant.client.get("/calendar/nothing.ics", status=404)


def test_the_address_is_shown_once_and_kept_as_a_digest(plant: Plant) -> None:
    feed = subscribe(plant.manager)
    secret = feed["address"].rpartition("/")[2].removesuffix(".ics")
    shown = plant.manager.get(f"{FEEDS}{feed['id']}/").json
    assert "address" not in shown
    assert secret.startswith(shown["prefix"])
    listed = plant.manager.get(FEEDS).text
    trail = plant.administrator.get(f"{API}audit/?object_type=calendar_feed").text
    assert secret not in listed + trail


def test_a_new_address_ends_the_old_one(plant: Plant) -> None:
    feed = subscribe(plant.manager)
    new = plant.manager.post_json(f"{FEEDS}{feed['id']}/rotate/", {}).json
    assert new["address"] != feed["address"]
    read(plant, feed, 404)
    read(plant, new)
    plant.manager.delete(f"{FEEDS}{feed['id']}/")
    read(plant, new, 404)


def test_feeds_of_others_are_absent_except_for_who_manages_them(plant: Plant) -> None:
    feed = subscribe(plant.person("viewer"))
    stranger = plant.person("viewer")
    stranger.get(f"{FEEDS}{feed['id']}/", status=404)
    stranger.delete(f"{FEEDS}{feed['id']}/", status=404)
    assert feed["id"] not in stranger.get(FEEDS).text
    plant.administrator.post_json(f"{FEEDS}{feed['id']}/rotate/", {}, status=403)
    plant.administrator.delete(f"{FEEDS}{feed['id']}/")
    read(plant, feed, 404)


def test_a_token_makes_no_address(plant: Plant) -> None:
    tomorrow = plant.platform.clock.now() + timedelta(days=1)
    more = {"scopes": ["integration.calendar_feed:change"]}
    made = plant.administrator.post_json(
        f"{API}api-tokens/", {"name": "t", "expires_at": tomorrow.isoformat(), **more}
    ).json
    token = plant.client.signed_in(made["token"])
    token.post_json(FEEDS, {"name": "x"}, status=403)


def test_a_kind_that_there_is_not_is_refused_by_its_place(plant: Plant) -> None:
    body = {"name": "x", "kinds": ["calibration.due", "calibration.moon"]}
    answer = plant.manager.post_json(FEEDS, body, status=422).json
    assert answer["errors"][0]["pointer"] == "/kinds/1"


def test_an_unchanged_calendar_is_304_and_none_is_kept_by_others(plant: Plant) -> None:
    feed = subscribe(plant.manager)
    first = read(plant, feed)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "noindex" in first.headers["X-Robots-Tag"]
    tag = first.headers["ETag"]
    again = read(plant, feed, 304, **{"If-None-Match": tag})
    assert not again.body
    plant.due(TODAY + timedelta(days=9))
    assert read(plant, feed, 200, **{"If-None-Match": tag}).headers["ETag"] != tag


def test_a_calendar_without_entries_is_whole(plant: Plant) -> None:
    ours = plant.site()
    feed = subscribe(plant.person("viewer", "location", ours))
    calendar = Calendar.from_ical(read(plant, feed).body)
    assert not calendar.walk("VEVENT")
    assert calendar.subcomponents


def _entries(_unit: Any, _window: Any) -> Iterator[Any]:
    raise RuntimeError("the source is dry")
    yield


@hookimpl
def calibrify_manifest() -> declare.Manifest:
    return declare.Manifest("dry", "Dry", "Fails.", CORE_API, "tests.functional.kit.migrations")


@hookimpl
def calibrify_calendar_sources() -> list[CalendarSource]:
    return [CalendarSource("dry.source", "Dry", "core.session:use", _entries)]


def test_a_source_that_fails_is_named_and_the_others_go_on(make_plant: Any) -> None:
    module = ModuleType("tests.functional.kit.dry")
    module.calibrify_manifest = calibrify_manifest  # type: ignore[attr-defined]
    module.calibrify_calendar_sources = calibrify_calendar_sources  # type: ignore[attr-defined]
    dry = Candidate("dry", "dry", "1", (), lambda: module)
    plant = make_plant(
        "equipment",
        "calibration",
        "integration",
        more={"dry": dry},
        public_url="https://lab.example",
    )
    made = plant.due(date(2026, 3, 9))
    assert of(plant, subscribe(plant.manager), made)


def test_when_it_was_last_read_is_noted(make_plant: Any) -> None:
    plant = make_plant("integration", public_url="https://lab.example")
    feed = subscribe(plant.manager)
    assert feed["last_fetched_at"] is None
    read(plant, feed)
    assert plant.manager.get(f"{FEEDS}{feed['id']}/").json["last_fetched_at"] is not None


def test_readers_are_held_to_a_rate(make_plant: Any) -> None:
    plant = make_plant("integration", rate_limits=True)
    statuses = {
        plant.client.get(f"/calendar/calf_{'y' * 43}.ics", expect_errors=True).status_int
        for _ in range(125)
    }
    assert statuses == {404, 429}
