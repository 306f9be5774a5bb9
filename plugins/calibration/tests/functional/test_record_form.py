"""The record form without scripts: points, standards, and what stays as it was typed."""

from __future__ import annotations

import pytest
from webtest import TestApp

from plugins.calibration.tests.laboratory import Lab, browser, form_of, point


@pytest.fixture(scope="module")
def technician(lab: Lab) -> TestApp:
    return browser(lab, "technician")


@pytest.mark.parametrize("button", ["judge", "draft", "submit", "add_row"])
def test_every_button_takes_a_standard_that_was_typed(
    lab: Lab, technician: TestApp, button: str
) -> None:
    standard, equipment_id = lab.instrument(), lab.instrument()
    lab.approved(standard)
    lab.approved(equipment_id)
    form = form_of(technician.get("/calibrations/new", {"equipment": equipment_id}))
    form["points.0.as_found"] = "10.001"
    form["new_standard"] = "NO-SUCH-TAG"
    refused = form.submit("do", value=button, status=422)
    assert refused.html.select_one(".problems a[href='#f-new_standard']") is not None
    form = form_of(refused)
    assert form["new_standard"].value == "NO-SUCH-TAG"
    form["new_standard"] = lab.equipment(standard)["asset_tag"]
    page = form.submit("do", value=button, status="*")
    if button in {"draft", "submit"}:
        number = page.headers["Location"].rsplit("/", 1)[1]
        kept = lab.manager.get(f"/api/v1/calibrations/{number}/").json["standards"]
        assert [item["equipment_id"] for item in kept] == [standard]
    else:
        assert [box["value"] for box in page.html.select("input[name=standard]")] == [standard]


def test_only_a_valid_standard_can_be_added(lab: Lab, technician: TestApp) -> None:
    good, bad, equipment_id = lab.instrument(), lab.instrument(), lab.instrument()
    lab.schedule(good)
    lab.approved(good)
    lab.schedule(bad, opening_due_on="2026-01-01")
    page = technician.get("/calibrations/new", {"equipment": equipment_id})
    for identifier, added in ((bad, 0), (good, 1)):
        form = form_of(page)
        form["new_standard"] = lab.equipment(identifier)["asset_tag"]
        page = form.submit("do", value="add_standard", status=422)
        assert len(page.html.select("input[name=standard]")) == added
        assert bool(page.html.select_one(".problems")) is not bool(added)


def test_what_was_typed_stays_when_something_is_wrong(lab: Lab, technician: TestApp) -> None:
    equipment_id = lab.instrument()
    lab.approved(equipment_id, points=[point(), point(nominal="10.001")])
    form = form_of(technician.get("/calibrations/new", {"equipment": equipment_id}))
    form["points.0.as_found"] = "ten volts"
    form["points.1.as_found"], form["performed_at"] = "10.001", ""
    form["notes"] = "typed with care"
    page = form.submit("do", value="draft", status=422)
    told = [item.text for item in page.html.select(".problems li")]
    assert told[0].startswith("Calibrated at: ")
    assert told[1].startswith("10\xa0V, As found: ")
    verdicts = [cell.text.strip() for cell in page.html.select("[data-verdict]")]
    assert verdicts == ["Not a number", "Pass"]
    assert "typed with care" in page
    assert page.html.title.text.startswith("Error:")
    assert page.html.select_one("main a[href='#f-points.0.as_found']") is not None
    assert page.html.find(id="f-points.0.as_found")["aria-invalid"] == "true"


def test_a_new_record_starts_with_the_points_of_the_last_one(lab: Lab, technician: TestApp) -> None:
    equipment_id = lab.instrument()
    lab.approved(
        equipment_id, points=[point(range="20 V"), point(nominal="10.001", as_found=["10"])]
    )
    form = form_of(technician.get("/calibrations/new", {"equipment": equipment_id}))
    assert form["points.1.nominal"].value == "10.001"
    assert form["points.0.range"].value == "20 V"
    assert form["points.0.as_found"].value == ""
    bare = technician.get("/calibrations/new", {"equipment": equipment_id, "points": "empty"})
    assert form_of(bare)["points.0.nominal"].value == ""


def test_who_comes_second_sees_both_versions(lab: Lab, technician: TestApp) -> None:
    record = lab.record(lab.instrument())
    address = f"/calibrations/{record['id']}/edit"
    first, second = (form_of(technician.get(address)) for _ in range(2))
    first["method"] = "The first method"
    first.submit("do", value="draft", status=303)
    second["method"] = "The second method"
    page = second.submit("do", value="draft", status=412)
    assert "The first method" in page
    assert "The second method" in page
    assert form_of(technician.get(address))["method"].value == "The first method"
    form_of(page, address).submit(status=303)
    assert form_of(technician.get(address))["method"].value == "The second method"
