from __future__ import annotations

import json
import threading
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.auth.users import Users
from calibrify_core.tasks.queue import enqueue
from calibrify_core.testing.client import ApiClient
from calibrify_core.worker import make_runner
from calibrify_integration.models.connector import Connector
from calibrify_integration.services import watched_folder
from plugins.integration.tests.plant import API, CONNECTORS, KEYED, Plant, last_run, run, tags


@pytest.fixture
def folder(connected: Plant, inbox: Path) -> Path:
    made = inbox / "main" / connected.unique("folder")
    made.mkdir()
    return made


def watch(client: ApiClient, folder: Path, status: int = 201, **values: Any) -> Any:
    body = {
        "name": "Torque bench",
        "kind": "integration.folder",
        "importer": "equipment.equipment",
        "settings": {"folder": folder.name},
        **values,
    }
    return client.post_json(CONNECTORS, body, status=status).json


def test_a_file_in_the_folder_becomes_records_once(connected: Plant, folder: Path) -> None:
    made = watch(connected.manager, folder)
    tag = connected.unique("WF")
    text = f"Asset tag,Name\n{tag},Wrench\n"
    (folder / "first.csv").write_text(text)
    first = run(connected, made)
    assert (first["state"], first["files"], first["created"]) == ("succeeded", 1, 1)
    assert tags(connected.manager, tag) == [tag]
    (report,) = (folder / "done").glob("*.report.json")
    assert json.loads(report.read_text())["created"] == 1
    assert not (folder / "first.csv").exists()

    (folder / "again.csv").write_text(text)
    again = run(connected, made)
    assert (again["files"], again["known"], again["created"]) == (0, 1, 0)
    assert "imported before" in again["log"][-1]["text"]
    assert len(list((folder / "done").glob("*again.csv"))) == 1


def test_a_connector_is_set_up_once_for_each_key(connected: Plant, folder: Path) -> None:
    key = {"Idempotency-Key": connected.unique("key")}
    client = connected.manager
    body = {
        "name": connected.unique("Once"),
        "kind": "integration.folder",
        "importer": "equipment.equipment",
        "settings": {"folder": folder.name},
    }
    first, again = (client.post_json(CONNECTORS, body, headers=key, status=201) for _ in "12")
    assert again.json["id"] == first.json["id"]
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_file_without_any_key_is_not_entered_twice_either(connected: Plant, folder: Path) -> None:
    made = watch(connected.manager, folder)
    name = connected.unique("Keyless")
    for file in ("a.csv", "b.csv"):
        (folder / file).write_text(f"Name,Notes\n{name},new\n")
    run(connected, made)
    assert len(tags(connected.manager, name)) == 1


def test_rows_that_fail_are_told_beside_the_file(connected: Plant, folder: Path) -> None:
    made = watch(connected.manager, folder)
    good, bad = connected.unique("WF"), connected.unique("WF")
    text = f"Asset tag,Name,Status\n{good},Wrench,in_service\n{bad},Wrench,melted\n"
    (folder / "mixed.csv").write_text(text)
    found = run(connected, made)
    assert (found["state"], found["created"], found["failed"]) == ("succeeded", 1, 1)
    assert found["errors"][0]["file"] == "mixed.csv"
    (errors,) = (folder / "failed").glob("*.errors.csv")
    assert bad in errors.read_text()
    assert good not in errors.read_text()


def test_a_file_that_is_no_table_fails_the_run_and_may_come_again(
    connected: Plant, folder: Path
) -> None:
    made = watch(connected.manager, folder, every_minutes=5)
    (folder / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
    found = run(connected, made)
    assert found["state"] == "failed"
    shown = connected.manager.get(f"{CONNECTORS}{made['id']}/").json
    assert (shown["failures"], bool(shown["last_failure"])) == (1, True)
    (report,) = (folder / "failed").glob("*.report.json")
    assert "picture" in report.read_text()


def test_links_and_other_patterns_are_left_alone(connected: Plant, folder: Path) -> None:
    made = watch(connected.manager, folder)
    secret = folder.parent.parent / "outside.csv"
    secret.write_text("Asset tag,Name\nLEAK-1,Wrench\n")
    (folder / "link.csv").symlink_to(secret)
    (folder / "notes.txt").write_text("no table")
    (folder / ".part.csv").write_text("Asset tag,Name\nHALF-1,Wrench\n")
    assert run(connected, made)["files"] == 0
    assert (folder / "link.csv").is_symlink()


@pytest.mark.parametrize("named", ["../main", "/etc", "a/../b", ".", "absent", "a\\b", ""])
def test_a_folder_that_leads_out_of_the_inbox_is_refused(
    connected: Plant, folder: Path, named: str
) -> None:
    answer = watch(connected.manager, folder, 422, settings={"folder": named})
    assert answer["errors"][0]["pointer"] == "/settings/folder"


def test_a_folder_that_is_a_link_is_refused(connected: Plant, folder: Path) -> None:
    link = folder.parent / connected.unique("link")
    link.symlink_to("/tmp")
    assert watch(connected.manager, link, 422)["errors"][0]["pointer"] == "/settings/folder"


def test_a_file_that_still_grows_waits(connected: Plant, folder: Path) -> None:
    made = watch(connected.manager, folder)
    growing, stop = folder / "growing.csv", threading.Event()
    growing.write_text("Asset tag,Name\n")

    def grow() -> None:
        while not stop.wait(watched_folder.SETTLE_SECONDS / 10):
            with growing.open("a") as file:
                file.write(f"{connected.unique('GR')},Wrench\n")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert run(connected, made)["files"] == 0
    finally:
        stop.set()
        writer.join()
    assert run(connected, made)["files"] == 1


def test_a_connector_of_one_site_changes_that_site_alone(connected: Plant, folder: Path) -> None:
    ours, theirs = connected.site(), connected.site()
    seen = connected.instrument(location_id=ours)["asset_tag"]
    hidden = connected.instrument(location_id=theirs)["asset_tag"]
    keeper = connected.person("metrology_manager", "location", ours)
    made = watch(keeper, folder, options=KEYED)
    text = f"Asset tag,Name\n{seen},Renamed\n{hidden},Renamed\n"
    (folder / "names.csv").write_text(text)
    found = run(connected, made, keeper)
    assert (found["updated"], found["failed"]) == (1, 1)
    names = {
        row["asset_tag"]: row["name"]
        for row in connected.manager.get(f"{API}equipment/?q=EQ").json["results"]
    }
    assert names[seen] == "Renamed"
    assert names[hidden] == "Multimeter"
    stranger = connected.person("metrology_manager", "location", theirs)
    stranger.get(f"{CONNECTORS}{made['id']}/", status=404)
    assert not stranger.get(f"{API}connector-runs/").json["results"]


def test_a_connector_of_a_disabled_person_fails_and_rests(connected: Plant, folder: Path) -> None:
    person = connected.person("metrology_manager")
    made = watch(person, folder)
    (folder / "x.csv").write_text("Asset tag,Name\nNO-1,Wrench\n")
    with connected.platform.unit() as unit:
        users = Users(unit)
        users.disable(users.get(person.user_id))
    assert run(connected, made)["state"] == "failed"
    assert (folder / "x.csv").exists()


def test_one_run_at_a_time(connected: Plant, folder: Path) -> None:
    made = watch(connected.manager, folder)
    connected.manager.post_json(f"{CONNECTORS}{made['id']}/run/", {}, status=202)
    connected.manager.post_json(f"{CONNECTORS}{made['id']}/run/", {}, status=409)
    connected.manager.delete(f"{CONNECTORS}{made['id']}/", status=409)
    make_runner(connected.platform).drain()
    connected.manager.delete(f"{CONNECTORS}{made['id']}/")
    connected.manager.get(f"{CONNECTORS}{made['id']}/", status=404)


def make_due(connected: Plant, made: Any) -> datetime:
    """Lets the time of a connector have come years ago; returns when."""
    table: Any = Connector.__table__
    past = connected.platform.clock.now().replace(year=2020)
    with connected.platform.session(write=True) as session, session.begin():
        statement = sa.update(table).where(table.c.id == uuid.UUID(made["id"]))
        session.connection().execute(statement.values(next_run_at=past))
    return past


def start_by_the_clock(connected: Plant) -> None:
    """Starts what is due, and runs it."""
    with connected.platform.session(write=True) as session, session.begin():
        enqueue(session, "integration.start_connectors", {}, organisation_id=None, user_id=None)
    make_runner(connected.platform).drain()


def test_the_clock_starts_what_is_due_and_only_that(connected: Plant, folder: Path) -> None:
    due = watch(connected.manager, folder, every_minutes=5)
    later = watch(connected.manager, folder, every_minutes=5)
    off = watch(connected.manager, folder, every_minutes=5, enabled=False)
    assert off["next_run_at"] is None
    past = make_due(connected, due)
    start_by_the_clock(connected)
    assert last_run(connected, due)["state"] == "succeeded"
    listed = connected.administrator.get(f"{API}connector-runs/?connector_id={later['id']}")
    assert not listed.json["results"]
    shown = connected.manager.get(f"{CONNECTORS}{due['id']}/").json
    assert shown["next_run_at"] > past.isoformat()


def test_nothing_is_started_where_the_plugin_is_switched_off(
    connected: Plant, folder: Path
) -> None:
    made = watch(connected.manager, folder, every_minutes=5)
    make_due(connected, made)
    switch = f"{API}plugins/integration/"
    connected.administrator.patch_json(switch, {"enabled": False})
    start_by_the_clock(connected)
    connected.administrator.patch_json(switch, {"enabled": True})
    runs = f"{API}connector-runs/?connector_id={made['id']}"
    assert not connected.administrator.get(runs).json["results"]
    start_by_the_clock(connected)
    assert connected.administrator.get(runs).json["results"]


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"kind": "integration.moon"}, "/kind"),
        ({"importer": "moon.rocks"}, "/importer"),
        ({"settings": {"folder": "x", "colour": "red"}}, "/settings/colour"),
        ({"options": {"match": "x"}}, "/options/match"),
        ({"secret": "x"}, "/secret"),
        ({"every_minutes": 0}, "/every_minutes"),
    ],
)
def test_what_does_not_fit_is_named(
    connected: Plant, folder: Path, values: Any, pointer: str
) -> None:
    answer = watch(connected.manager, folder, 422, **values)
    assert pointer in [error["pointer"] for error in answer["errors"]]
