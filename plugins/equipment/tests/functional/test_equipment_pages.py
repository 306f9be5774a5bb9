"""The pages of equipment, without scripts, as a browser without any would meet them."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from calibrify_equipment.models.equipment import Equipment

E = "/api/v1/equipment/"


@pytest.fixture(scope="module")
def manager(lab: Any) -> Any:
    return lab.browser("metrology_manager")


@pytest.fixture(scope="module")
def api(lab: Any) -> Any:
    return lab.api("metrology_manager")


def form_of(page: Any, action: str = "") -> Any:
    """Returns the form of a page that changes something."""
    forms = [
        form
        for form in page.forms.values()
        if form.method.upper() == "POST" and "logout" not in (form.action or "")
    ]
    return next(form for form in forms if action in (form.action or ""))


def test_every_page_of_the_menu_answers(manager: Any) -> None:
    start = manager.get("/equipment")
    links = {a["href"] for a in start.html.select("nav a[href]") if a["href"].startswith("/")}
    assert {"/equipment", "/locations", "/categories", "/suppliers", "/customers"} <= links
    for link in sorted(links):
        assert manager.get(link, status="*").status_int == 200, link


def test_an_instrument_is_added_found_and_opened(manager: Any, lab: Any) -> None:
    page = manager.get("/equipment/new")
    form = form_of(page)
    name = lab.unique("Calliper")
    form["name"] = name
    form["serial_number"] = lab.unique("S")
    form["manufacturer"], form["model"] = "Nordmess", "N 150"
    form["category_id"] = str(lab.kinds["Mechanical"])
    form["location_id"] = str(lab.places["A1"])
    form["ranges.0.unit"], form["ranges.0.min"], form["ranges.0.max"] = "mm", "0", "150.00"
    form["ranges.0.resolution"] = "0.01"
    shown = form.submit(status=303).follow()
    assert name in shown
    assert "150.00" in shown
    assert "A / A1" in shown
    assert "In service" in shown.html.select_one(".verdict").text
    found = manager.get("/equipment", {"q": name.lower()})
    assert [a.text for a in found.html.select("td.name a.title")] == [name]
    none = manager.get("/equipment", {"q": name, "status": "lost"})
    assert "No equipment matches" in none


def test_what_was_typed_stays_when_something_is_wrong(manager: Any) -> None:
    form = form_of(manager.get("/equipment/new"))
    form["notes"] = "typed with care"
    form["ranges.0.min"], form["ranges.0.max"] = "9", "1"
    page = form.submit(status=422)
    assert "typed with care" in page
    assert page.html.title.text.startswith("Error:")
    assert page.html.select_one("main a[href='#f-name']") is not None


def test_a_serial_number_in_use_names_its_owner(manager: Any, api: Any, lab: Any) -> None:
    serial = lab.unique("dup")
    first = api.post_json(
        E, {"name": "One", "serial_number": serial, "manufacturer": "M", "model": "1"}
    ).json
    form = form_of(manager.get("/equipment/new"))
    form["name"], form["serial_number"], form["manufacturer"] = "Two", serial, "m"
    form["model"] = "1"
    page = form.submit(status=422)
    assert first["asset_tag"] in page
    other = page.html.select_one(f".problems a[href='/equipment/{first['id']}']")
    assert other.text == "Open the other instrument"


def test_a_number_in_use_does_not_lead_to_what_one_may_not_see(lab: Any, api: Any) -> None:
    site = api.post_json("/api/v1/locations/", {"name": lab.unique("Site")}).json["id"]
    hidden = api.post_json(E, {"name": "Hidden", "asset_tag": lab.unique("HID")}).json
    browser = lab.browser("metrology_manager", "location", uuid.UUID(site))
    form = form_of(browser.get("/equipment/new"))
    form["name"], form["asset_tag"], form["location_id"] = "Mine", hidden["asset_tag"], site
    page = form.submit(status=422)
    assert "belongs to another instrument" in page
    assert hidden["id"] not in page


def test_two_people_editing_see_both_versions(manager: Any, api: Any, lab: Any) -> None:
    made = api.post_json(E, {"name": lab.unique("Shared"), "notes": "before"}).json
    form = form_of(manager.get(f"/equipment/{made['id']}/edit"))
    api.patch_json(f"{E}{made['id']}/", {"notes": "theirs"})
    form["notes"] = "mine"
    page = form.submit(status=412)
    assert "mine" in page
    assert "theirs" in page
    assert "differs" in page
    saved = form_of(page, "/edit").submit(status=303)
    assert saved.location.endswith(made["id"])
    assert api.get(f"{E}{made['id']}/").json["notes"] == "mine"


def test_custom_fields_of_a_category_are_asked_for(manager: Any, lab: Any) -> None:
    form = form_of(manager.get("/categories/new"))
    form["name"] = lab.unique("Weights")
    form["custom_fields"] = "mass | Nominal mass | decimal*\nclass | Class | choice | E2, F1"
    form["interval_value"] = "24"
    form.submit(status=303)
    page = manager.get("/equipment/new")
    value = next(
        o["value"] for o in page.html.select("#f-category_id option") if "Weights" in o.text
    )
    page = manager.get("/equipment/new", {"category": value})
    form = form_of(page)
    form["name"] = "Weight"
    refused = form.submit(status=422)
    assert "The category asks for this" in refused
    form = form_of(refused)
    form["custom_fields.mass"], form["custom_fields.class"] = "1.0010", "F1"
    shown = form.submit(status=303).follow()
    assert "1.0010" in shown
    assert "Nominal mass" in shown


def test_status_custody_label_and_code(manager: Any, api: Any, lab: Any) -> None:
    made = api.post_json(E, {"name": lab.unique("Mover")}).json
    address = f"/equipment/{made['id']}"
    form = form_of(manager.get(f"{address}/status"))
    form["to"], form["reason"] = "quarantined", "dropped on the floor"
    shown = form.submit(status=303).follow()
    assert "Do not use: quarantined" in shown
    form = form_of(manager.get(f"{address}/check-out"))
    refused = form.submit(status=422)
    assert "It cannot be issued" in refused
    form = form_of(refused)
    form["override_reason"] = "needed at once"
    assert "Checked out" in form.submit(status=303).follow()
    assert (
        "Checked out"
        not in form_of(manager.get(f"{address}/check-in"))
        .submit(status=303)
        .follow()
        .html.select_one(".page-head")
        .text
    )
    activity = manager.get(f"{address}/activity")
    assert "In service → Quarantined" in activity
    assert "dropped on the floor" in activity
    pdf = manager.get(f"{address}/label")
    assert pdf.content_type == "application/pdf"
    with lab.unit() as unit:
        code = unit.find(Equipment, uuid.UUID(made["id"]), "x").label_code
    assert manager.get(f"/q/{code}", status=303).location.endswith(address)
    manager.get("/q/unknown", status=404)


def test_documents_are_attached_and_read(manager: Any, api: Any, lab: Any) -> None:
    made = api.post_json(E, {"name": lab.unique("Filed")}).json
    address = f"/equipment/{made['id']}/documents"
    form = form_of(manager.get(address), "")
    page = manager.post(
        address,
        {"csrf_token": form["csrf_token"].value},
        upload_files=[("file", "manual.pdf", b"%PDF-1.7 text")],
        status=303,
    ).follow()
    link = page.html.select_one("td.name a")["href"]
    assert manager.get(link).body == b"%PDF-1.7 text"
    manager.post(address, {"csrf_token": form["csrf_token"].value}, status=422)


def test_a_selection_changes_together(manager: Any, api: Any, lab: Any) -> None:
    ids = [api.post_json(E, {"name": lab.unique("Batch")}).json["id"] for _ in range(3)]
    token = form_of(manager.get("/equipment"), "/equipment/select")["csrf_token"].value
    fields = [("csrf_token", token), ("do", "location"), *(("id", one) for one in ids)]
    page = manager.post("/equipment/select", fields, status=303).follow()
    assert "3 instruments" in page
    form = form_of(page, "/equipment/change")
    form["location_id"] = str(lab.places["B1"])
    form.submit(status=303)
    found = api.get(f"{E}?location={lab.places['B']}&fields=id").json["results"]
    assert {row["id"] for row in found} >= set(ids)
    manager.post("/equipment/select", [("csrf_token", token), ("do", "status")], status=303)


def test_a_location_is_moved_with_all_below(manager: Any, lab: Any, api: Any) -> None:
    form = form_of(manager.get("/locations/new"))
    form["name"] = lab.unique("Hall")
    form.submit(status=303)
    made = api.get("/api/v1/locations/?q=hall").json["results"][0]
    child = api.post_json(
        "/api/v1/locations/", {"name": "Bench 1", "kind": "bench", "parent_id": made["id"]}
    ).json
    form = form_of(manager.get(f"/locations/{made['id']}"))
    form["parent_id"] = str(lab.places["B"])
    form.submit("", status=303)
    moved = api.get(f"/api/v1/locations/{child['id']}/").json
    assert moved["path"] == f"B / {made['name']} / Bench 1"
    form = form_of(manager.get(f"/locations/{made['id']}"))
    refused = form.submit("do", value="delete", status=422)
    assert "in use" in refused


def test_viewers_see_no_way_to_change(lab: Any, api: Any) -> None:
    viewer = lab.browser("viewer")
    made = api.post_json(E, {"name": lab.unique("Seen")}).json
    page = viewer.get("/equipment")
    assert "Add equipment" not in page
    assert "Change status" not in page
    detail = viewer.get(f"/equipment/{made['id']}")
    assert not re.search(r'href="[^"]*/edit"', detail.text)
    viewer.get(f"/equipment/{made['id']}/edit", status=403)
    assert "Add location" not in viewer.get("/locations")
