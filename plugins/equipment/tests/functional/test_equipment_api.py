"""Instruments through the API: every verb, and what refuses it."""

from __future__ import annotations

import json
import threading
import uuid
from typing import Any

import pytest
from sqlalchemy.exc import SQLAlchemyError

from calibrify_core.auth.organisations import Organisations
from calibrify_core.kernel.errors import CalibrifyError, Conflict
from calibrify_equipment.services.catalogue import match_manufacturer

E = "/api/v1/equipment/"


@pytest.fixture(scope="module")
def manager(lab: Any) -> Any:
    return lab.api("metrology_manager")


@pytest.fixture(scope="module")
def technician(lab: Any) -> Any:
    return lab.api("technician")


def make(client: Any, lab: Any, **more: Any) -> dict[str, Any]:
    body = {"name": lab.unique("Multimeter"), **more}
    found: dict[str, Any] = client.post_json(E, body, status=201).json
    return found


def test_only_a_name_is_needed(manager: Any) -> None:
    answer = manager.post_json(E, {"name": "Torque wrench"}, status=201)
    body = answer.json
    assert body["asset_tag"].startswith("EQ-")
    assert body["status"] == "in_service"
    assert body["category"] is None
    assert body["custody"] is None
    assert answer.headers["Location"] == f"{E}{body['id']}/"
    assert answer.headers["ETag"].startswith('"v1-')
    assert manager.get(answer.headers["Location"]).json == body


def test_everything_comes_back_as_it_was_sent(manager: Any, lab: Any) -> None:
    ranges = [
        {
            "channel": None,
            "quantity": "DC voltage",
            "unit": "V",
            "min": "-0.10",
            "max": "1000.0",
            "resolution": "0.00010",
            "accuracy_text": "0.5 % + 2",
        }
    ]
    body = make(
        manager,
        lab,
        serial_number="000123",
        manufacturer="Nordmess",
        model="NM 87",
        category_id=str(lab.kinds["DMM"]),
        location_id=str(lab.places["A1"]),
        department="QA",
        ranges=ranges,
        is_reference_standard=True,
        use_limitation="DC only",
        criticality="high",
        acquired_on="2024-02-29",
        purchase_price="1200.50",
        firmware_version="1.02",
        notes="x\ny",
        custodian_id=lab.user_id(),
    )
    assert body["serial_number"] == "000123"
    assert body["category"]["name"] == "DMM"
    assert body["location"] == {"id": str(lab.places["A1"]), "name": "A1", "path": "A / A1"}
    assert body["ranges"] == ranges
    assert body["purchase_price"] == "1200.50"
    assert body["custodian"]["name"].startswith("Technician")
    assert manager.get(f"{E}{body['id']}/").json == body


@pytest.mark.parametrize(
    "more",
    [
        {"serial_number": "7", "manufacturer": "Nordmess", "model": "NM 8"},
        {"department": "QA", "acquired_on": "2024-02-29", "is_reference_standard": True},
        {"purchase_price": "1E+2"},
        {"ranges": [{"quantity": "DC voltage", "unit": "V", "max": "10"}]},
        {"status": "out_of_service", "criticality": "low", "notes": "x\ny"},
    ],
)
def test_what_is_entered_is_shown_as_it_is_read(
    manager: Any, lab: Any, more: dict[str, Any]
) -> None:
    place = {"category_id": str(lab.kinds["DMM"]), "location_id": str(lab.places["A1"])}
    body = {"name": "Multimeter", "asset_tag": lab.unique("SHOWN"), **place, **more}
    made = manager.post_json(E, body, status=201)
    read = manager.get(made.headers["Location"])
    assert (made.body, made.headers["ETag"]) == (read.body, read.headers["ETag"])


def test_who_sees_a_part_alone_is_shown_what_was_entered_there(lab: Any) -> None:
    here = lab.api("metrology_manager", "location", lab.places["A"])
    made = make(here, lab, asset_tag=lab.unique("PART"), location_id=str(lab.places["A1"]))
    assert here.get(f"{E}{made['id']}/").json == made


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "x", "id": "1"}, "/id"),
        ({"name": "x", "status": "broken"}, "/status"),
        ({"name": "x", "category_id": "01a20ab5-4d51-71d8-9bf1-4f8bd1b1bb8d"}, "/category_id"),
        ({"name": "x", "location_id": "01a20ab5-4d51-71d8-9bf1-4f8bd1b1bb8d"}, "/location_id"),
        ({"name": "x", "ranges": [{"min": "2", "max": "1"}]}, "/ranges/0"),
        ({"name": "x", "ranges": [{"min": "NaN"}]}, "/ranges/0/min"),
        ({"name": "x", "acquired_on": "2026-02-30"}, "/acquired_on"),
        ({"name": "x", "custom_fields": {"a": 1}}, "/custom_fields/a"),
        ({"name": "x", "criticality": "none"}, "/criticality"),
        ({"name": "x" * 301}, "/name"),
    ],
)
def test_bad_members_are_named(manager: Any, body: dict[str, Any], pointer: str) -> None:
    answer = manager.post_json(E, body, status=422)
    assert pointer in [error["pointer"] for error in answer.json["errors"]]


def test_references_and_custom_fields_are_told_together(manager: Any, lab: Any) -> None:
    nowhere = "01a20ab5-4d51-71d8-9bf1-4f8bd1b1bb8d"
    body = {"name": "x", "location_id": nowhere, "custom_fields": {"a": 1}}
    wrong = {error["pointer"] for error in manager.post_json(E, body, status=422).json["errors"]}
    assert wrong == {"/location_id", "/custom_fields/a"}


def test_the_same_serial_number_links_the_other(manager: Any, lab: Any) -> None:
    first = make(manager, lab, serial_number="77", manufacturer="Lindholm", model="L1")
    body = {"name": "again", "serial_number": "77", "manufacturer": "LINDHOLM", "model": "l1"}
    answer = manager.post_json(E, body, status=409)
    assert answer.json["existing"] == f"{E}{first['id']}/"
    assert first["asset_tag"] in answer.json["detail"]
    make(manager, lab, serial_number="77", manufacturer="Lindholm", model="L2")
    make(manager, lab, serial_number="", manufacturer="Lindholm", model="L1")
    make(manager, lab, serial_number="", manufacturer="Lindholm", model="L1")
    tag = manager.post_json(E, {"name": "tag", "asset_tag": first["asset_tag"]}, status=409)
    assert tag.json["existing"] == f"{E}{first['id']}/"


def test_a_patch_changes_what_it_names(manager: Any, lab: Any) -> None:
    body = make(manager, lab, notes="keep", serial_number=lab.unique("S"))
    url = f"{E}{body['id']}/"
    answer = manager.patch_json(url, {"name": "Renamed"})
    assert answer.json["name"] == "Renamed"
    assert answer.json["notes"] == "keep"
    assert answer.headers["ETag"].startswith('"v2-')
    assert manager.get(f"{E}?q=renamed&fields=id").json["results"] == [{"id": body["id"]}]
    emptied = manager.patch_json(url, {"notes": None, "category_id": None}).json
    assert emptied["notes"] == ""
    assert emptied["asset_tag"] == body["asset_tag"]
    manager.patch_json(url, {"status": "lost"}, status=422)
    stale = manager.patch_json(
        url, {"name": "late"}, headers={"If-Match": '"v1-0123456789abcdef"'}, status=412
    )
    assert stale.json["code"] == "stale_version"


def test_a_put_replaces(manager: Any, lab: Any) -> None:
    body = make(manager, lab, notes="old", department="QA", manufacturer="Orth", model="O1")
    answer = manager.put_json(f"{E}{body['id']}/", {"name": "New"})
    assert (answer.json["name"], answer.json["notes"], answer.json["department"]) == ("New", "", "")
    assert answer.json["manufacturer"] == ""
    assert answer.json["asset_tag"] == body["asset_tag"]


def test_deleting_retires(manager: Any, lab: Any) -> None:
    body = make(manager, lab)
    url = f"{E}{body['id']}/"
    manager.delete(url, status=204)
    assert manager.get(url).json["status"] == "retired"
    manager.delete(url, status=204)
    kinds = [entry["kind"] for entry in manager.get(f"{url}history/").json["results"]]
    assert kinds == ["transition", "created"]


def test_states_follow_each_other_as_they_may(technician: Any, manager: Any, lab: Any) -> None:
    body = make(technician, lab)
    url = f"{E}{body['id']}/transitions/"
    moved = technician.post_json(url, {"to": "quarantined", "reason": "dropped"}, status=200)
    assert moved.json["status"] == "quarantined"
    refused = technician.post_json(url, {"to": "draft"}, status=409)
    assert "in_service" in refused.json["allowed"]
    technician.post_json(url, {"to": "broken"}, status=422)
    history = technician.get(f"{E}{body['id']}/history/").json["results"]
    assert history[0]["reason"] == "dropped"
    assert history[0]["changes"]["status"] == ["in_service", "quarantined"]


def test_custody(technician: Any, manager: Any, lab: Any) -> None:
    body = make(technician, lab)
    url = f"{E}{body['id']}/"
    out = technician.post_json(f"{url}checkout/", {"expected_return_on": "2099-01-01"}, status=200)
    assert out.json["custody"]["holder"]["name"].startswith("Technician")
    assert out.json["custody"]["expected_return_on"] == "2099-01-01"
    technician.post_json(f"{url}checkout/", {}, status=409)
    back = technician.post_json(f"{url}checkin/", {"condition": "clean"}, status=200)
    assert back.json["custody"] is None
    technician.post_json(f"{url}checkin/", {}, status=409)
    place = {"location_id": str(lab.places["B1"])}
    out = technician.post_json(f"{url}checkout/", place, status=200).json
    assert out["custody"]["location"]["name"] == "B / B1"
    technician.post_json(f"{url}checkin/", {}, status=200)
    technician.post_json(f"{url}transitions/", {"to": "quarantined"})
    technician.post_json(f"{url}checkout/", {}, status=409)
    technician.post_json(f"{url}checkout/", {"override_reason": "urgent"}, status=403)
    manager.post_json(f"{url}checkout/", {"override_reason": "urgent"}, status=200)


def test_label_and_code(manager: Any, lab: Any) -> None:
    body = make(manager, lab, use_limitation="only 20 °C")
    pdf = manager.get(f"{E}{body['id']}/label.pdf")
    assert pdf.body.startswith(b"%PDF")
    assert body["asset_tag"] in pdf.headers["Content-Disposition"]
    svg = manager.get(f"{E}{body['id']}/qr.svg")
    assert b"<svg" in svg.body
    assert svg.content_type == "image/svg+xml"


def test_an_instrument_is_no_part_of_its_own_parts(manager: Any, lab: Any) -> None:
    rack = make(manager, lab)
    card = make(manager, lab, parent_id=rack["id"])
    chip = make(manager, lab, parent_id=card["id"])
    for part in (rack, card, chip):
        refused = manager.patch_json(f"{E}{rack['id']}/", {"parent_id": part["id"]}, status=422)
        assert refused.json["errors"][0]["pointer"] == "/parent_id"
    manager.patch_json(f"{E}{chip['id']}/", {"parent_id": rack["id"]}, status=200)


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"])
def test_days_outside_of_the_calendar_of_imports_are_refused(manager: Any, day: str) -> None:
    body = {"name": "x", "acquired_on": day, "warranty_until": day}
    errors = manager.post_json(E, body, status=422).json["errors"]
    assert {error["pointer"] for error in errors} == {"/acquired_on", "/warranty_until"}


def test_a_model_keeps_the_digits_of_its_specification(manager: Any, lab: Any) -> None:
    maker = manager.post_json(
        "/api/v1/manufacturers/", {"name": lab.unique("Maker")}, status=201
    ).json
    body = {"manufacturer_id": maker["id"], "name": "M1", "specification": {"span": 1.0010}}
    sent = json.dumps(body).replace("1.001", "1.0010").replace("}}", ', "n": [1e20, 7, %d]}}')
    made = manager.post(
        "/api/v1/models/", sent % 10**29, content_type="application/json", status=201
    ).json
    assert made["specification"] == {"span": "1.0010", "n": ["1e20", 7, str(10**29)]}


def test_a_model_belongs_to_a_maker_that_its_author_sees(manager: Any, lab: Any) -> None:
    other = Organisations(lab.platform).create(lab.unique("other"))
    with lab.platform.unit(other.id) as unit:
        foreign, _ = match_manufacturer(unit, "Elsewhere")
    first, second = (
        manager.post_json("/api/v1/manufacturers/", {"name": lab.unique("Maker")}, status=201).json
        for _ in range(2)
    )
    body = {"manufacturer_id": first["id"], "name": "M1"}
    made = manager.post_json("/api/v1/models/", body, status=201).json
    one = make(manager, lab, manufacturer=first["name"], model="M1")
    for unknown in (foreign, uuid.uuid4()):
        body = {"manufacturer_id": str(unknown), "name": "M2"}
        for answer in (
            manager.post_json("/api/v1/models/", body, status=422),
            manager.patch_json(f"/api/v1/models/{made['id']}/", body, status=422),
        ):
            assert answer.json["errors"][0]["pointer"] == "/manufacturer_id"
    manager.patch_json(f"/api/v1/models/{made['id']}/", {"manufacturer_id": second["id"]})
    assert manager.get(f"{E}{one['id']}/").json["manufacturer"] == second["name"]


def test_bulk_is_all_or_nothing(manager: Any, lab: Any) -> None:
    one = make(manager, lab)
    before = manager.get(f"{E}?count=true").json["count"]
    bad = {
        "operations": [
            {"op": "create", "data": {"name": "fine"}},
            {"op": "update", "id": one["id"], "data": {"location_id": one["id"]}},
        ]
    }
    answer = manager.post_json(f"{E}bulk/", bad, status=422)
    assert answer.json["errors"][0]["pointer"] == "/operations/1/data/location_id"
    assert manager.get(f"{E}?count=true").json["count"] == before
    for second, status in (
        ({"op": "delete", "id": str(uuid.uuid4())}, 404),
        ({"op": "create", "data": {"name": "x", "asset_tag": one["asset_tag"]}}, 409),
    ):
        both = {"operations": [bad["operations"][0], second]}
        answer = manager.post_json(f"{E}bulk/", both, status=status).json
        (problem,) = answer["errors"]
        assert problem["pointer"] == "/operations/1"
        assert answer["detail"] == f"Operation 1: {problem['detail']}"
    good = {
        "operations": [
            {"op": "create", "data": {"name": "fine"}},
            {"op": "update", "id": one["id"], "data": {"department": "bulk"}},
            {"op": "delete", "id": one["id"]},
        ]
    }
    done = manager.post_json(f"{E}bulk/", good, status=200).json["results"]
    assert [item["op"] for item in done] == ["create", "update", "delete"]
    found = manager.get(f"{E}{one['id']}/").json
    assert (found["department"], found["status"]) == ("bulk", "retired")


def test_viewers_only_look(lab: Any, manager: Any) -> None:
    viewer = lab.api("viewer")
    body = make(manager, lab)
    assert viewer.get(f"{E}{body['id']}/").json["id"] == body["id"]
    viewer.post_json(E, {"name": "x"}, status=403)
    viewer.patch_json(f"{E}{body['id']}/", {"name": "x"}, status=403)
    viewer.delete(f"{E}{body['id']}/", status=403)
    viewer.post_json(f"{E}{body['id']}/checkout/", {}, status=403)


def test_a_hundred_at_once_get_a_hundred_tags(lab: Any, manager: Any) -> None:
    tags: list[str] = []
    failures: list[Exception] = []

    def enter() -> None:
        for _ in range(10):
            try:
                with lab.unit() as unit:
                    lab.enter(unit)
            except (CalibrifyError, SQLAlchemyError) as error:
                failures.append(error)

    threads = [threading.Thread(target=enter) for _ in range(10)]
    before = manager.get(f"{E}?count=true").json["count"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    url: str | None = f"{E}?limit=500&fields=asset_tag"
    while url:
        page = manager.get(url).json
        tags += [row["asset_tag"] for row in page["results"]]
        url = page["next"]
    assert len(tags) == len(set(tags)) == before + 100


def test_of_two_with_the_same_number_at_once_one_is_refused(lab: Any) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(4)
    serial = lab.unique("race")

    def enter() -> None:
        ready.wait()
        try:
            with lab.unit() as unit:
                lab.enter(unit, serial_number=serial)
            outcomes.append("made")
        except Conflict as error:
            outcomes.append(error.detail)

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("made") == 1
    assert all("serial number" in text for text in outcomes if text != "made")
    assert len(outcomes) == 4


def test_of_those_who_take_one_tag_at_once_all_but_one_are_told_who_has_it(
    lab: Any, manager: Any
) -> None:
    tag = lab.unique("AT-ONCE")
    answers: list[Any] = []
    ready = threading.Barrier(4)

    def enter() -> None:
        ready.wait()
        answers.append(manager.post_json(E, {"name": "Gauge", "asset_tag": tag}, status="*"))

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [answer for answer in answers if answer.status_int == 201]
    refused = [answer.json for answer in answers if answer.status_int == 409]
    assert (len(made), len(refused)) == (1, 3)
    assert {body["existing"] for body in refused} == {f"{E}{made[0].json['id']}/"}
