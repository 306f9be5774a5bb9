"""Who is limited to a part of the organisation meets nothing of the rest, anywhere."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from calibrify_core.auth.grants import Grants
from calibrify_core.auth.roles import Roles
from calibrify_equipment.models.equipment import Equipment

E = "/api/v1/equipment/"
ROLE = "metrology_manager"


@pytest.fixture(scope="module")
def whole(lab: Any) -> Any:
    return lab.api(ROLE)


@pytest.fixture(scope="module")
def of_b(lab: Any) -> Any:
    return lab.api(ROLE, "location", lab.places["B"])


@pytest.fixture(scope="module")
def items(lab: Any, whole: Any) -> dict[str, dict[str, Any]]:
    """One instrument at each site, and one nowhere."""
    found = {}
    for key, place in (("A", "A1"), ("B", "B1"), ("none", None)):
        body = {
            "name": f"Scoped {key}",
            "serial_number": f"scoped-{key}",
            "manufacturer": "Scopus",
            "model": "S",
            "category_id": str(lab.kinds["DMM"]),
            "location_id": str(lab.places[place]) if place else None,
        }
        found[key] = whole.post_json(E, body).json
    return found


def test_lists_counts_and_search_end_at_the_scope(of_b: Any, whole: Any, items: Any) -> None:
    assert whole.get(f"{E}?q=scoped&count=true").json["count"] == 3
    mine = of_b.get(f"{E}?q=scoped&count=true").json
    assert [row["id"] for row in mine["results"]] == [items["B"]["id"]]
    assert mine["count"] == 1
    assert of_b.get(f"{E}?location={items['A']['location_id']}").json["results"] == []
    hits = of_b.get("/api/v1/search/?q=scoped").json["results"]
    assert [hit["api"] for hit in hits] == [f"{E}{items['B']['id']}/"]
    assert of_b.get("/api/v1/dashboard/summary/").json["total"] == mine["count"]


@pytest.mark.parametrize("key", ["A", "none"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "history/", None),
        ("GET", "label.pdf", None),
        ("GET", "qr.svg", None),
        ("PATCH", "", {"name": "mine now"}),
        ("PUT", "", {"name": "mine now"}),
        ("DELETE", "", None),
        ("POST", "transitions/", {"to": "lost"}),
        ("POST", "checkout/", {}),
        ("POST", "checkin/", {}),
    ],
)
def test_out_of_scope_looks_absent(
    of_b: Any, whole: Any, items: Any, key: str, method: str, path: str, body: Any
) -> None:
    address = f"{E}{items[key]['id']}/{path}"
    sent = json.dumps(body).encode() if body is not None else b""
    answer = of_b.request(
        address, method=method, body=sent, content_type="application/json", status="*"
    )
    assert answer.status_int == 404
    assert whole.get(f"{E}{items[key]['id']}/").json["name"] == items[key]["name"]


def test_bulk_and_bodies_end_at_the_scope(of_b: Any, lab: Any, items: Any) -> None:
    operation = {"op": "update", "id": items["A"]["id"], "data": {"name": "x"}}
    of_b.post_json(f"{E}bulk/", {"operations": [operation]}, status=404)
    for body, pointer in (
        ({"name": "x", "location_id": str(lab.places["A1"])}, "/location_id"),
        ({"name": "x", "location_id": str(lab.places["A"])}, "/location_id"),
        ({"name": "x"}, "/location_id"),
        (
            {"name": "x", "location_id": str(lab.places["B"]), "parent_id": items["A"]["id"]},
            "/parent_id",
        ),
    ):
        answer = of_b.post_json(E, body, status=422)
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    made = of_b.post_json(E, {"name": "x", "location_id": str(lab.places["B"])}, status=201).json
    moved = of_b.patch_json(f"{E}{made['id']}/", {"location_id": str(lab.places["A1"])}, status=422)
    assert moved.json["errors"][0]["pointer"] == "/location_id"
    of_b.patch_json(f"{E}{made['id']}/", {"location_id": None}, status=422)


def test_a_number_in_use_elsewhere_is_refused_without_a_link(of_b: Any, lab: Any) -> None:
    body = {
        "name": "x", "serial_number": "scoped-A", "manufacturer": "Scopus", "model": "S",
        "location_id": str(lab.places["B"]),
    }  # fmt: skip
    answer = of_b.post_json(E, body, status=409).json
    assert "existing" not in answer


def test_places_are_cut_to_the_subtree_and_the_names_above(lab: Any, of_b: Any) -> None:
    names = {row["name"] for row in of_b.get("/api/v1/locations/").json["results"]}
    assert names == {"B", "B1"}
    of_b1 = lab.api(ROLE, "location", lab.places["B1"])
    names = {row["name"] for row in of_b1.get("/api/v1/locations/").json["results"]}
    assert names == {"B", "B1"}
    of_b1.patch_json(f"/api/v1/locations/{lab.places['B']}/", {"name": "Mine"}, status=403)
    of_b1.patch_json(f"/api/v1/locations/{lab.places['A']}/", {"name": "Mine"}, status=404)
    of_b1.post_json("/api/v1/locations/", {"name": "Root"}, status=422)
    below = {"name": "Bench", "kind": "bench", "parent_id": str(lab.places["B1"])}
    made = of_b1.post_json("/api/v1/locations/", below, status=201).json
    of_b1.delete(f"/api/v1/locations/{made['id']}/", status=204)
    of_b1.post_json("/api/v1/categories/", {"name": "Root kind"}, status=422)
    of_b1.patch_json(f"/api/v1/categories/{lab.kinds['DMM']}/", {"name": "Mine"}, status=403)


def test_files_follow_their_instrument(whole: Any, of_b: Any, items: Any) -> None:
    for key, expected in (("A", 404), ("B", 200)):
        sent = whole.post(
            "/api/v1/files/",
            {"object_type": "equipment", "object_id": items[key]["id"], "kind": "attachment"},
            upload_files=[("file", "m.pdf", b"%PDF-1.7")],
            status=201,
        ).json
        of_b.get(f"/api/v1/files/{sent['id']}/content/", status=expected)
        of_b.get(f"/api/v1/files/{sent['id']}/", status=expected)
    listed = of_b.get("/api/v1/files/").json["results"]
    assert {row["object_id"] for row in listed} == {items["B"]["id"]}


def test_pages_end_at_the_scope(lab: Any, items: Any) -> None:
    browser = lab.browser(ROLE, "location", lab.places["B"])
    for path in ("", "/edit", "/activity", "/documents", "/status", "/check-out", "/label"):
        browser.get(f"/equipment/{items['A']['id']}{path}", status=404)
    listed = browser.get("/equipment?q=scoped").text
    assert "Scoped B" in listed
    assert "Scoped A" not in listed
    with lab.unit() as unit:
        code = unit.find(Equipment, uuid.UUID(items["A"]["id"]), "x").label_code
    browser.get(f"/q/{code}", status=404)
    page = browser.get(f"/equipment/change?do=location&id={items['A']['id']}", status=303)
    assert page.location.endswith("/equipment")


def test_a_category_is_a_scope_too(lab: Any, whole: Any, items: Any) -> None:
    electrical = lab.api("viewer", "category", lab.kinds["Electrical"])
    found = electrical.get(f"{E}?q=scoped&count=true").json
    assert found["count"] == 3
    mechanical = lab.api("viewer", "category", lab.kinds["Mechanical"])
    assert mechanical.get(f"{E}?q=scoped&count=true").json["count"] == 0
    mechanical.get(f"{E}{items['A']['id']}/", status=404)


def test_rights_change_at_once(lab: Any, items: Any) -> None:
    name = lab.hire("viewer", "location", lab.places["B"])
    client = lab.client_of(name)
    client.get(f"{E}{items['A']['id']}/", status=404)
    with lab.unit() as unit:
        viewer = Roles(unit).named("viewer")
        assert viewer is not None
        Grants(unit).give(
            viewer.id, user_id=lab.id_of(name), scope_type="location", scope_id=lab.places["A"]
        )
    assert client.get(f"{E}{items['A']['id']}/").json["id"] == items["A"]["id"]


def test_nobody_without_a_grant_sees_anything(lab: Any, items: Any) -> None:
    stranger = lab.api(None)
    stranger.get(E, status=403)
    stranger.get(f"{E}{items['B']['id']}/", status=403)
