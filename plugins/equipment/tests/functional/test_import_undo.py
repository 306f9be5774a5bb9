"""Undoing an import: what goes, what comes back, what stays, and who may."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.hooks.declarations import Task, TaskContext
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.tasks.job import Job
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.tasks.runner import Runner
from calibrify_core.testing.client import ApiClient
from calibrify_core.worker import make_runner
from calibrify_equipment.services.import_trail import UNDO_TASK
from calibrify_equipment.tasks.undo_import import undo_import

E = "/api/v1/equipment/"
MAKING = {"create_missing": ["category", "location", "manufacturer", "model"]}


def table(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def bring(lab: Any, client: ApiClient, content: bytes, **options: Any) -> dict[str, Any]:
    """Imports a file and returns the job."""
    job = client.post(
        f"{E}import/",
        params=[("options", json.dumps(MAKING | options))],
        upload_files=[("file", "plant.csv", content)],
        status=202,
    ).json
    make_runner(lab.platform).drain()
    return client.get(f"/api/v1/jobs/{job['id']}/").json


def address(job: dict[str, Any]) -> str:
    return f"{E}import/{job['id']}/undo/"


def undone(lab: Any, client: ApiClient, job: dict[str, Any]) -> dict[str, Any]:
    """Undoes an import and returns the result."""
    asked = client.post(address(job), status=202)
    make_runner(lab.platform).drain()
    found = client.get(asked.headers["Location"]).json
    assert found["state"] == "succeeded", found["errors"]
    return found["result"]


def counts(result: dict[str, Any]) -> tuple[int, int, int]:
    return result["removed"], result["restored"], result["left"]


def found(client: ApiClient, tag: str) -> list[dict[str, Any]]:
    return client.get(f"{E}?q={tag}&ordering=asset_tag").json["results"]


@pytest.fixture(scope="module")
def manager(lab: Any) -> ApiClient:
    return lab.api("metrology_manager")


def test_a_person_undoes_an_import_from_the_page_of_its_job(lab: Any) -> None:
    name = lab.hire("metrology_manager")
    client, browser = lab.client_of(name), lab.browser_of(name)
    tag = lab.unique("PAGE")
    old = client.post_json(E, {"name": "Old", "asset_tag": f"{tag}-0", "status": "lost"}).json
    content = table(
        "tag,name,maker,status", f"{tag}-0,Known,Tessera,retired", f"{tag}-1,New,Tessera,"
    )
    job = bring(lab, client, content)
    page = browser.get(f"/jobs/{job['id']}")
    page = page.click("Undo this import")
    text = page.html.select_one("main").get_text(" ", strip=True)
    assert "1 instrument that it entered will be deleted" in text
    assert "1 instrument that it changed will be as before" in text
    assert "1 name that it added" in text
    form = next(form for form in page.forms.values() if form.action.endswith("/undo"))
    running = form.submit(status=303)
    make_runner(lab.platform).drain()
    result = running.follow().click("Show what was undone")
    assert f"was undone by {name.title()}" in result
    form.submit(status=409)
    assert (
        browser.get(f"/jobs/{job['id']}").click("See its undo").request.path == result.request.path
    )

    (row,) = found(client, tag)
    assert (row["name"], row["manufacturer"], row["status"]) == ("Old", "", "lost")
    history = client.get(f"{E}{old['id']}/history/").json["results"]
    assert f"Undo of the import of plant.csv ({job['id']})" == history[0]["reason"]
    again = bring(lab, client, content)["result"]
    assert (again["created"], again["updated"]) == (1, 1)


def test_what_somebody_built_on_stays_and_is_named(lab: Any, manager: ApiClient) -> None:
    tag = lab.unique("KEEP")
    known = manager.post_json(E, {"name": "Old", "asset_tag": f"{tag}-9"}).json
    rows = [f"{tag}-{number},Gauge,Yard {tag}" for number in range(5)]
    job = bring(lab, manager, table("tag,name,location", *rows, f"{tag}-9,Known,"))
    ids = {row["asset_tag"][-1]: row["id"] for row in found(manager, tag)}
    manager.patch_json(f"{E}{ids['0']}/", {"notes": "looked at"})
    manager.post_json(f"{E}{ids['1']}/checkout/", {})
    manager.post(
        "/api/v1/files/",
        params=[("object_type", "equipment"), ("object_id", ids["2"])],
        upload_files=[("file", "note.txt", b"hello")],
    )
    manager.post_json(E, {"name": "Part", "parent_id": ids["3"], "asset_tag": f"{tag}-8"})
    manager.patch_json(f"{E}{known['id']}/", {"department": "QA"})

    plan = manager.get(address(job)).json
    assert counts(plan) == (1, 0, 5)
    result = undone(lab, manager, job)
    assert counts(result) == counts(plan)
    assert {item["label"][: len(tag) + 2]: item["detail"] for item in result["reasons"]} == {
        f"{tag}-0": "Somebody changed it since.",
        f"{tag}-1": "Somebody changed it since.",
        f"{tag}-2": "It is in use: file.",
        f"{tag}-3": "It is in use: equipment.",
        f"{tag}-9": "Somebody changed it since.",
    }
    assert (result["names_removed"], result["names_left"]) == (0, 1)
    assert "4" not in {row["asset_tag"][-1] for row in found(manager, tag)}


def test_imports_are_undone_one_after_the_other(lab: Any, manager: ApiClient) -> None:
    tag = lab.unique("LIFO")
    first = bring(lab, manager, table("tag,name", f"{tag}-1,One"))
    second = bring(lab, manager, table("tag,name,notes", f"{tag}-1,Two,n", f"{tag}-2,New,"))
    assert counts(manager.get(address(first)).json) == (0, 0, 1)
    assert counts(undone(lab, manager, second)) == (1, 1, 0)
    assert found(manager, tag)[0]["name"] == "One"
    assert counts(undone(lab, manager, first)) == (1, 0, 0)
    assert found(manager, tag) == []


def test_a_tag_that_was_given_away_since_is_not_taken_back(lab: Any, manager: ApiClient) -> None:
    tag = lab.unique("TAG")
    for number in (1, 2):
        body = {"name": "Gauge", "asset_tag": f"{tag}-{number}", "serial_number": f"{tag}{number}"}
        manager.post_json(E, body | {"manufacturer": "Tessera", "model": "T"})
    rows = [f"{tag}-{number}x,Tessera,T,{tag}{number},n" for number in (1, 2)]
    content = table("tag,maker,model,serial,notes", *rows)
    job = bring(lab, manager, content, match_on="serial_number")
    manager.post_json(E, {"name": "Other", "asset_tag": f"{tag}-1"})
    result = undone(lab, manager, job)
    assert counts(result) == (0, 1, 1)
    assert result["reasons"][0]["label"].startswith(f"{tag}-1x")
    assert [row["asset_tag"] for row in found(manager, tag)] == [
        f"{tag}-1",
        f"{tag}-1x",
        f"{tag}-2",
    ]


def test_only_who_imported_or_may_import_everywhere_undoes(lab: Any, manager: ApiClient) -> None:
    name = lab.hire("metrology_manager", "location", lab.places["B"])
    mine = lab.client_of(name)
    tag = lab.unique("OWN")
    job = bring(
        lab,
        mine,
        table("tag,name,location", f"{tag}-1,Gauge,B / B1", f"{tag}-2,Gauge,B / B1"),
    )
    lab.api("metrology_manager", "location", lab.places["B"]).post(address(job), status=404)
    lab.api("technician").post(address(job), status=403)
    moved = {row["asset_tag"]: row["id"] for row in found(manager, tag)}[f"{tag}-1"]
    manager.patch_json(f"{E}{moved}/", {"location_id": str(lab.places["A1"])})
    assert counts(mine.get(address(job)).json) == (1, 0, 1)
    result = undone(lab, manager, job)
    assert counts(result) == (1, 0, 1)
    mine.post(address(job), status=409)


def test_what_cannot_be_undone_is_a_conflict(lab: Any, manager: ApiClient) -> None:
    tag = lab.unique("NOT")
    content = table("tag,name", f"{tag}-1,Gauge")
    job = bring(lab, manager, content)
    unchanged = bring(lab, manager, content)
    assert "changed nothing" in manager.post(address(unchanged), status=409).json["detail"]
    manager.post(f"{E}import/{lab.places['A']}/undo/", status=404)
    with lab.platform.session(write=True) as session, session.begin():
        past = datetime.now(UTC) - timedelta(hours=24, seconds=1)
        late = sa.update(Job).where(Job.id == uuid.UUID(job["id"])).values(finished_at=past)
        session.execute(unscoped(late, Job, because="test"))
    assert "24 hours" in manager.post(address(job), status=409).json["detail"]
    manager.get(address(job), status=409)
    assert found(manager, tag) != []


def test_an_undo_that_broke_off_goes_on_behind_its_last_batch(lab: Any, manager: ApiClient) -> None:
    tag = lab.unique("CUT")
    rows = [f"{tag}-{number:03d},Gauge,Hall {tag}" for number in range(420)]
    job = bring(lab, manager, table("tag,name,location", *rows))
    asked = manager.post(address(job), status=202).headers["Location"]
    opened = []

    def cut_off(context: TaskContext) -> None:
        def unit(**more: Any) -> Any:
            opened.append(more)
            if len(opened) > 3:
                raise ConnectionError
            return context.unit(**more)

        undo_import(TaskContext(context.id, context.payload, context.attempt, unit, context.job))

    tasks = {UNDO_TASK: Task(UNDO_TASK, cut_off)}
    Runner(lambda: lab.platform.session(write=True), lab.platform.unit, tasks).drain()
    half = manager.get(asked).json
    assert (half["state"], half["result"]["removed"]) == ("running", 200)
    manager.post(address(job), status=409)
    with lab.platform.session(write=True) as session, session.begin():
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(sa.update(OutboxRow).values(not_before=past, lease_until=None))
    make_runner(lab.platform).drain()
    whole = manager.get(asked).json
    assert (whole["state"], whole["result"]["removed"]) == ("succeeded", 420)
    assert (whole["progress"]["done"], whole["progress"]["total"]) == (421, 421)
    assert found(manager, tag) == []


def test_a_cancelled_undo_is_gone_on_with(lab: Any, manager: ApiClient) -> None:
    tag = lab.unique("STOP")
    job = bring(lab, manager, table("tag,name", f"{tag}-1,Gauge"))
    asked = manager.post(address(job), status=202).headers["Location"]
    manager.delete(asked)
    make_runner(lab.platform).drain()
    assert manager.get(asked).json["state"] == "cancelled"
    assert counts(undone(lab, manager, job)) == (1, 0, 0)
