"""Pages of maintenance: board, list, calendar, order with its checklist, plans."""

from __future__ import annotations

import re
import uuid

import pytest
from webtest import Upload

from plugins.maintenance.tests.plant import M

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32


@pytest.fixture(scope="module")
def manager(plant):
    return plant.browser("metrology_manager")


def form_to(page, path=""):
    target = path or page.request.path
    return next(form for form in page.forms.values() if form.action.endswith(target))


def test_a_work_order_goes_over_the_board_and_its_own_pages(plant, manager):
    item = plant.instrument(name="Drill stand")
    tag = plant.equipment(item)["asset_tag"]
    form = form_to(manager.get(f"/maintenance/orders/new?equipment={item}"), "/orders/new")
    assert form["tag"].value == tag
    refused = form.submit(status=422)
    assert "This is needed" in refused
    form["title"], form["due_on"] = "Belt slips", "2026-03-05"
    page = form.submit(status=303).follow()
    number = re.search(r"MO-2026-\d{5}", page.text)[0]
    board = manager.get("/maintenance")
    assert "Belt slips" in board
    identifier = page.request.path.rpartition("/")[2]
    card = next(
        one for one in board.forms.values() if "id" in one.fields and one["id"].value == identifier
    )
    card["to"] = "in_progress"
    assert f"{number} is in work" in card.submit(status=303).follow()
    card = next(
        one
        for one in manager.get("/maintenance").forms.values()
        if "id" in one.fields and one["id"].value == identifier
    )
    card["to"] = "on_hold"
    form = form_to(card.submit(status=303).follow(), "/hold")
    assert "Say why" in form.submit(status=422)
    form["reason"] = "Waiting for a belt"
    assert "Waiting for a belt" in form.submit(status=303).follow()
    manager.get(f"/maintenance/orders/{identifier}/complete", status=409)
    form_to(manager.get(f"/maintenance/orders/{identifier}/start"), "/start").submit(status=303)
    form = form_to(manager.get(f"/maintenance/orders/{identifier}/complete"), "/complete")
    form["work_done"], form["labour_minutes"] = "New belt", "95"
    done = form.submit(status=303).follow()
    assert "New belt" in done
    assert "1 h 35 min" in done
    assert "Belt slips" in manager.get(f"/maintenance/orders?status=completed&q={number}")
    assert "Due on to: 4 May 2026" in manager.get("/maintenance/orders?due_on_to=2026-05-04")


def test_a_checklist_is_filled_in_on_the_page_with_a_photo(plant, manager):
    items = [
        {"kind": "number", "label": "Torque", "lower_limit": "1", "upper_limit": "2"},
        {"kind": "photo", "label": "Plate"},
    ]
    order = plant.order(plant.instrument(), checklist=items)["id"]
    plant.step(order, "start")
    form = form_to(manager.get(f"/maintenance/orders/{order}"), "/answers")
    form["answer.1"] = "much"
    assert "This is not a decimal number" in form.submit(status=422)
    form["answer.1"], form["photo.2"] = "2,5", Upload("plate.png", PNG)
    page = form.submit(status=303).follow()
    assert "2 of 2 answered" in page
    shown = plant.show(order)["checklist"]
    assert (shown[0]["answer"], shown[0]["in_order"]) == ("2.5", False)
    photo = manager.get(f"/maintenance/orders/{order}/files/{shown[1]['answer']}")
    assert photo.content_type == "image/png"


def rows_of(form):
    return [field.value for field in form.fields["item_label"]]


def test_a_work_order_has_a_checklist_of_its_own(plant, manager):
    form = form_to(manager.get(f"/maintenance/orders/new?equipment={plant.instrument()}"), "/new")
    form["title"] = "Look it over"
    form.fields["item_label"][1].value = "Noise"
    form = form_to(form.submit("do", value="add_rows", status=422), "/new")
    assert (rows_of(form), form["title"].value) == (["Noise", "", "", ""], "Look it over")
    form.fields["item_label"][1].value = "Voltage"
    form.fields["item_unit"][1].value = "V"
    assert "Item 2 of the checklist: Only a number has a unit" in form.submit(status=422)
    form.fields["item_kind"][1].value = "number"
    form.fields["item_lower_limit"][1].value = "8,4"
    page = form.submit(status=303).follow()
    order = page.request.path.rpartition("/")[2]
    items = plant.show(order)["checklist"]
    assert [(item["id"], item["label"]) for item in items] == [("1", "Noise"), ("2", "Voltage")]
    assert items[1]["lower_limit"] == "8.4"


def test_who_changes_a_work_order_second_sees_both_versions(plant, manager):
    items = [{"kind": "text", "label": label} for label in ("Sound", "Smell")]
    order = plant.order(plant.instrument(), checklist=items)["id"]
    first, second = (form_to(manager.get(f"/maintenance/orders/{order}/edit")) for _ in range(2))
    first["title"], first["due_on"] = "Their words", "2026-05-04"
    first.fields["item_label"][0].value = ""
    first.submit(status=303)
    second["title"], second["due_on"] = "My words", "2026-05-03"
    second.fields["item_label"][2].value = "Heat"
    both = second.submit(status=412)
    for text in ("Their words", "My words", "Sound, Text", "Heat, Pass or fail", "differs"):
        assert text in both
    assert "3 May 2026" in both
    assert "4 May 2026" in both
    assert [item["label"] for item in plant.show(order)["checklist"]] == ["Smell"]
    form_to(both, "/edit").submit(status=303)
    found = plant.show(order)
    assert found["title"] == "My words"
    assert [item["id"] for item in found["checklist"]] == ["1", "2", "3"]


def test_the_board_says_what_the_state_of_an_order_refuses(plant, manager):
    order = plant.order(plant.instrument(), title="Moved twice")["id"]
    card = next(
        form
        for form in manager.get("/maintenance").forms.values()
        if "id" in form.fields and form["id"].value == order
    )
    plant.step(order, "cancel", reason="Not worth it")
    card["to"] = "in_progress"
    page = card.submit(status=422)
    assert "cancelled" in page.html.select_one("[role=alert]").text
    assert "Moved twice" not in page
    card["to"].force_value("requested")
    card.submit(status=404)


def test_a_plan_is_set_changed_and_ended_on_its_pages(plant, manager):
    item = plant.instrument()
    form = form_to(manager.get(f"/maintenance/plans/new?equipment={item}"), "/plans/new")
    form["title"], form["value"], form["rule"] = "Oil the screw", "3", "FREQ=HOURLY"
    assert "FREQ is one of" in form.submit(status=422)
    form["rule"] = ""
    form.fields["item_label"][0].value = "Runs smoothly"
    page = form.submit(status=303).follow()
    assert "Every 3 months" in page
    assert "Runs smoothly" in page
    edit = form_to(manager.get(f"{page.request.path}/edit"), "/edit")
    edit["title"] = "Oil the long screw"
    assert "Oil the long screw" in edit.submit(status=303).follow()
    edit["title"] = "Oil the short screw"
    both = edit.submit(status=412)
    assert "Oil the long screw" in both
    assert "Oil the short screw" in form_to(both, "/edit").submit(status=303).follow()
    assert "Oil the short screw" in manager.get("/maintenance/plans")
    edit = form_to(manager.get(f"{page.request.path}/edit"), "/edit")
    assert "Ended" in edit.submit("do", value="end", status=303).follow()


def test_calendar_panel_and_tab_show_the_work_of_the_scope(plant, manager):
    a, b = plant.place("Pages A"), plant.place("Pages B")
    theirs, mine = (
        plant.instrument(name="Paged", location_id=place, asset_tag=f"PAGED-{place[-4:]}")
        for place in (a, b)
    )
    for item in (theirs, mine):
        plant.order(item, title="Paged work", scheduled_date="2026-03-20")
    limited = plant.browser("metrology_manager", "location", uuid.UUID(b))
    for path in ("/maintenance", "/maintenance/orders?q=paged", "/maintenance/calendar"):
        both, own = manager.get(path).text, limited.get(path).text
        assert f"PAGED-{a[-4:]}" in both
        assert f"PAGED-{b[-4:]}" in own
        assert f"PAGED-{a[-4:]}" not in own
    assert "Paged work" in limited.get(f"/equipment/{mine}")
    limited.get(f"/equipment/{theirs}", status=404)
    order = plant.manager.get(f"{M}?equipment_id={theirs}").json["results"][0]["id"]
    limited.get(f"/maintenance/orders/{order}", status=404)
    tab = manager.get(f"/equipment/{mine}/maintenance?equipment_id={theirs}")
    assert tab.html.select_one(".views [aria-current]").text.strip() == "Maintenance"
    assert len(tab.html.select("main tbody tr")) == 1
    assert f"PAGED-{b[-4:]}" in tab
    assert f"PAGED-{a[-4:]}" not in tab
    limited.get(f"/equipment/{theirs}/maintenance", status=404)
    listed = manager.get(f"/maintenance/orders?equipment_id={mine}")
    assert f"Instrument: PAGED-{b[-4:]} Paged" in listed
    assert f"PAGED-{a[-4:]}" not in limited.get(f"/maintenance/orders?equipment_id={theirs}")


def test_who_may_only_look_is_offered_nothing_to_do(plant):
    viewer = plant.browser("viewer")
    order = plant.order(plant.instrument())["id"]
    page = viewer.get(f"/maintenance/orders/{order}")
    assert "Start work" not in page
    assert "Move" not in viewer.get("/maintenance")
    viewer.get(f"/maintenance/orders/{order}/start", status=403)
    viewer.get("/maintenance/plans/new", status=403)
