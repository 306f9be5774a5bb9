"""The pages of calibration, without scripts, as a browser without any would meet them."""

from __future__ import annotations

import re

import pytest
from webtest import TestApp, Upload

from calibrify_calibration.domain.statements import VALIDITY
from calibrify_core.testing.client import HTTPS
from calibrify_core.testing.house import PASSWORD
from plugins.calibration.tests.laboratory import API, Lab, browser, chips, form_of, point

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture(scope="module")
def manager(lab: Lab) -> TestApp:
    return browser(lab, "metrology_manager")


@pytest.fixture(scope="module")
def technician(lab: Lab) -> TestApp:
    return browser(lab, "technician")


@pytest.fixture(scope="module")
def viewer(lab: Lab) -> TestApp:
    return browser(lab, "viewer")


def test_every_page_of_the_menu_answers(lab: Lab, manager: TestApp) -> None:
    lab.approved(lab.instrument())
    links = {a["href"] for a in manager.get("/").html.select("nav a[href^='/']")}
    assert {"/calibrations", "/due"} <= links
    for link in sorted(links):
        manager.get(link, status=200)


def test_points_are_defined_judged_submitted_and_approved(lab: Lab, manager: TestApp) -> None:
    tag = lab.unique("DMM")
    equipment_id = lab.instrument(asset_tag=tag, name="Bench multimeter")
    lab.schedule(equipment_id)
    form = form_of(manager.get("/calibrations/new", {"tag": tag}))
    form["points.0.parameter"], form["points.0.unit"] = "DC voltage", "V"
    form["points.0.nominal"], form["points.0.plus_minus"] = "10", "0,0095"
    form["points.0.expanded_uncertainty"], form["points.0.coverage_factor"] = "0.0006", "2"
    form["points.0.as_found"] = "10,0119"
    form["points.0.as_left"] = "10.0001 10.0003"
    form["adjusted"] = True
    judged = form.submit("do", value="judge", status=422)
    assert "+125" in judged.html.select_one("[data-err]").text
    assert "Found out, adjusted" in chips(judged, ".readings")
    assert "TUR 15.83" in " ".join(judged.html.select_one(".readings").get_text(" ").split())
    assert "As found: out of tolerance" in chips(judged)
    assert not manager.get("/calibrations", {"q": tag}).html.select("td.name")

    more = form_of(judged).submit("do", value="add_row", status=422)
    second = form_of(more)
    assert second["points.0.as_left"].value == "10.0001 10.0003"
    assert second["points.1.unit"].value == "V"
    second["points.1.nominal"], second["points.1.lower_limit"] = "100", "99.9"
    second["points.1.as_found"], second["points.1.as_left"] = "100.01", "100.00"
    shown = second.submit("do", value="submit", status=303).follow()
    assert "To review" in chips(shown)
    results = shown.html.select("table.results tr:not(.group) td[data-label=TUR]")
    assert [cell.text for cell in results] == ["15.83", "–"]
    assert "≥\xa099.9\xa0V" in shown.html.select_one("table.results").text

    sign = manager.get(f"{shown.request.path}/approve")
    assert "2, 1 of them found or left out of tolerance" in sign
    refused = form_of(sign)
    refused["password"] = "not mine at all"
    wrong = refused.submit(status=422)
    assert wrong.html.select_one("#f-password-error") is not None
    signed = form_of(wrong)
    signed["password"] = PASSWORD
    done = signed.submit(status=303).follow()
    assert "Approved" in chips(done)
    assert "Signatures" in done
    assert "2 Mar 2027" in done.html.select_one(".facts").text
    assert lab.equipment(equipment_id)["due_on"] == "2027-03-02"


def test_a_record_is_sent_back_with_a_reason_and_handed_in_again(
    lab: Lab, manager: TestApp, technician: TestApp
) -> None:
    record = lab.record(lab.instrument(), submit=True)
    address = f"/calibrations/{record['id']}"
    form_of(manager.get(f"{address}/reject")).submit(status=422)
    form = form_of(manager.get(f"{address}/reject"))
    form["reason"] = "The wrong range was used"
    assert "Rejected" in chips(form.submit(status=303).follow())
    again = technician.get(address)
    assert "The wrong range was used" in again
    form = form_of(technician.get(f"{address}/edit"))
    form["notes"] = "Measured again"
    assert "To review" in chips(form.submit("do", value="submit", status=303).follow())


def test_what_is_approved_cannot_be_changed_and_can_be_declared_void(
    lab: Lab, manager: TestApp, viewer: TestApp
) -> None:
    record = lab.approved(lab.instrument())
    address = f"/calibrations/{record['id']}"
    manager.get(f"{address}/edit", status=409)
    viewer.get(f"{address}/void", status=403)
    paper = manager.get(f"{address}/certificate")
    assert VALIDITY in paper
    assert "The results state conformity with the limits shown" in paper
    code = re.search(r"/verify/([A-Z0-9-]+)", paper.text)
    assert code is not None
    pdf = manager.get(f"{address}/certificate.pdf")
    assert pdf.body.startswith(b"%PDF-")
    stranger = TestApp(lab.app, extra_environ=dict(HTTPS))
    assert "This certificate is genuine" in stranger.get(f"/verify/{code[1].lower()}")
    form = form_of(manager.get(f"{address}/void"))
    form["reason"] = "The standard was broken"
    assert "Void" in chips(form.submit(status=303).follow())
    assert "declared void" in stranger.get(f"/verify/{code[1]}")


def test_an_unknown_code_is_said_to_be_unknown(lab: Lab) -> None:
    stranger = TestApp(lab.app, extra_environ=dict(HTTPS))
    for code in ("AAAA-BBBB-CCCC", "nonsense", "%00", "x" * 500):
        page = stranger.get(f"/verify/{code}", status="*")
        assert page.status_int in {400, 404}, code
    assert "No certificate has this code" in stranger.get("/verify/AAAA-BBBB-CCCC", status=404)


def test_an_amendment_opens_as_a_draft_with_everything_of_the_record(
    lab: Lab, manager: TestApp
) -> None:
    record = lab.approved(lab.instrument(), method="CP-1")
    form = form_of(manager.get(f"/calibrations/{record['id']}/amend"))
    form["reason"] = "The method was CP-2"
    page = form.submit(status=303).follow()
    assert form_of(page)["method"].value == "CP-1"
    assert "Superseded" in chips(manager.get(f"/calibrations/{record['id']}"))


def test_the_certificate_of_an_outside_laboratory_is_recorded_and_approved(
    lab: Lab, manager: TestApp
) -> None:
    equipment_id = lab.instrument()
    lab.schedule(equipment_id)
    page = manager.get("/calibrations/external", {"equipment": equipment_id})
    form = form_of(page)
    form["certificate_number"] = "NM-25-1"
    problem = form.submit(status=422)
    assert {a["href"] for a in problem.html.select(".problems a")} >= {"#f-new_supplier"}
    form = form_of(problem)
    form["new_supplier"] = lab.unique("Northgate Metrology")
    form["performed_on"], form["certificate_date"] = "2026-02-20", "2026-02-19"
    early = form.submit(status=422)
    assert early.html.select_one("#f-certificate_date-error") is not None
    form = form_of(early)
    form["certificate_date"] = "2026-02-21"
    form["reported_result"] = "limited"
    form["limitation"] = "Up to 100 V only"
    form["file"] = Upload("paper.txt", b"\x00\x01", "application/pdf")
    refused = form.submit(status=422)
    assert refused.html.select_one("#f-file-error") is not None
    form = form_of(refused)
    form["file"] = Upload("NM-25-1.pdf", PDF, "application/pdf")
    sign = form.submit(status=303).follow()
    assert "NM-25-1, reported limited" in sign
    told = " ".join(sign.html.select_one("main").text.split())
    assert "20 Feb 2026 by Northgate Metrology" in told
    assert "12:00" not in told
    form = form_of(sign)
    form["password"] = PASSWORD
    done = form.submit(status=303).follow()
    assert {"Approved", "Reported limited"} <= set(chips(done))
    seen = lab.equipment(equipment_id)
    assert (seen["due_on"], seen["calibration_status"]) == ("2027-02-20", "limited_use")
    assert "Limited: Up to 100 V only." in manager.get(f"/equipment/{equipment_id}")
    record, instrument = done.request.path, f"/equipment/{equipment_id}"
    listed = manager.get(f"/calibrations?equipment_id={equipment_id}").html
    recorders = listed.select("main a[href^='/calibrations/'][href*='?equipment=']")
    assert {a["href"].split("=")[1] for a in recorders} == {equipment_id}
    assert listed.select_one(f"a[href='{instrument}']") is not None
    for shown in (record, f"{record}/certificate", instrument, f"{instrument}/documents"):
        paper = manager.get(shown).html.select_one("a[href$='/laboratory-certificate']")
        assert paper is not None, shown
        assert manager.get(paper["href"]).body == PDF
    bare = lab.approved(lab.instrument())
    manager.get(f"/calibrations/{bare['id']}/laboratory-certificate", status=404)


def test_schedules_are_set_changed_and_ended(lab: Lab, manager: TestApp, viewer: TestApp) -> None:
    equipment_id = lab.instrument()
    plan = f"/equipment/{equipment_id}/schedules"
    viewer.get(f"{plan}/new", status=403)
    form = form_of(manager.get(f"{plan}/new"))
    form["value"], form["opening_due_on"] = "", ""
    assert "#f-value" in form.submit(status=422)
    form["value"], form["unit"], form["opening_due_on"] = "90", "days", "2026-03-20"
    shown = form.submit(status=303).follow()
    assert "90 days" in shown
    assert "20 Mar 2026" in viewer.get(plan)
    edit = shown.html.select_one("tbody a.btn")["href"]
    first, second = (form_of(manager.get(edit)) for _ in range(2))
    first["value"] = "60"
    first.submit(status=303)
    second["value"] = "30"
    assert "60" in second.submit(status=412)
    form_of(manager.get(edit)).submit("do", value="end", status=303)
    assert "No schedule" in manager.get(plan)


@pytest.mark.parametrize(
    ("plan", "problem", "shown"),
    [
        ({"value": "12", "opening_due_on": "2027-01-31"}, "", ("due_on", "2027-01-31")),
        ({}, "", ("calibration_status", "never_calibrated")),
        ({"needed": "no", "reason": "Only indicates"}, "", ("calibration_status", "not_required")),
        ({"needed": "no"}, "plan.reason", ()),
        ({"value": "-3"}, "plan.value", ()),
        ({"value": "many"}, "plan.value", ()),
        ({"opening_due_on": "soon"}, "plan.opening_due_on", ()),
    ],
)
def test_a_new_instrument_is_entered_with_its_plan(
    lab: Lab, manager: TestApp, plan: dict[str, str], problem: str, shown: tuple[str, str]
) -> None:
    tag = lab.unique("NEW")
    form = form_of(manager.get("/equipment/new"))
    form["name"], form["asset_tag"] = "Planned", tag
    for name, value in plan.items():
        form[f"plan.{name}"].force_value(value)
    page = form.submit(status=422 if problem else 303)
    found = lab.viewer.get(f"{API}equipment/?asset_tag={tag}").json["results"]
    if problem:
        assert page.html.select_one(f".problems a[href='#f-{problem}']") is not None
        assert found == []
    else:
        assert found[0][shown[0]] == shown[1]


def test_an_instrument_needs_no_calibration_only_for_a_reason(lab: Lab, manager: TestApp) -> None:
    equipment_id = lab.instrument()
    form = form_of(manager.get(f"/equipment/{equipment_id}/schedules"), "schedules")
    form["required"] = "no"
    assert form.submit(status=422).html.select_one("#f-reason-error") is not None
    form["reason"] = "Indication only"
    form.submit(status=303)
    assert lab.equipment(equipment_id)["calibration_status"] == "not_required"
    assert "Indication only" in manager.get(f"/equipment/{equipment_id}")


def test_the_due_list_and_the_month_show_the_same(lab: Lab, viewer: TestApp) -> None:
    late, soon, far = (lab.instrument() for _ in range(3))
    for identifier, day in ((late, "2026-02-01"), (soon, "2026-03-20"), (far, "2026-05-15")):
        lab.schedule(identifier, opening_due_on=day)
    tags = {one: lab.equipment(one)["asset_tag"] for one in (late, soon, far)}
    near = viewer.get("/due").html
    assert near.select_one("tr.group").text.split()[0] == "Overdue"
    shown = near.select_one("main").text
    assert tags[late] in shown
    assert tags[soon] in shown
    assert tags[far] not in shown
    assert tags[far] in viewer.get("/due", {"within_days": "90"})
    march = viewer.get("/due", {"view": "month", "month": "2026-03"}).html
    assert tags[soon] in march.select_one("table.month").text
    for odd in ("0000-00", "9999-12", "x", "2026-13"):
        viewer.get("/due", {"view": "month", "month": odd}, status=200)
    viewer.get("/due", {"within_days": "99999999"}, status=200)


def test_key_figures_lead_to_lists_that_count_the_same(lab: Lab, manager: TestApp) -> None:
    failed, good = lab.instrument(), lab.instrument()
    for one, reading in ((failed, "11"), (good, "10")):
        lab.schedule(one)
        lab.approved(one, points=[point(as_found=[reading])])
    assert "The last calibration on 1 Mar 2026 failed." in manager.get(f"/equipment/{failed}")
    page = manager.get("/")
    tiles = page.html.select("a.kpi")
    assert len(tiles) == 5
    for tile in tiles:
        value = tile.select_one(".v").text.split()[0]
        if "%" in tile.select_one(".v").text:
            value = tile.select_one(".d").text.split()[0]
        listed = manager.get(tile["href"]).html.select_one(".table-foot").text
        counted = listed.replace("None", "0").replace("All", "").replace("of", "")
        assert value == counted.split()[-1], tile["href"]


def test_the_page_of_an_instrument_shows_drift_results_plan_and_standards(
    lab: Lab, viewer: TestApp
) -> None:
    standard, equipment_id = lab.instrument(is_reference_standard=True), lab.instrument()
    lab.schedule(equipment_id)
    lab.approved(standard)
    for year, reading in ((2024, "10.0010"), (2025, "10.0020"), (2026, "10.0030")):
        lab.approved(
            equipment_id,
            performed_at=f"{year}-02-01T09:00:00Z",
            points=[point(as_found=[reading]), point(nominal="10.002", as_found=["10.001"])],
            standards=[{"equipment_id": standard}] if year == 2026 else [],
        )
    page = viewer.get(f"/equipment/{equipment_id}").html
    titles = [h2.text for h2 in page.select("main h2")]
    assert {"Drift", "Latest results", "Calibration plan", "Traceability"} <= set(titles)
    links = page.select(".seg a")
    assert [a.text for a in links] == ["10\xa0V", "10.002\xa0V"]
    chosen = viewer.get(f"/equipment/{equipment_id}{links[1]['href'].split('#')[0]}").html
    assert chosen.select_one(".seg a[aria-current]").text == "10.002\xa0V"
    assert "2 of 2 in tolerance" in page.select_one("#card-calibration-latest").parent.parent.text
    address = f"/equipment/{equipment_id}/calibrations"
    tab = viewer.get(f"{address}?limit=2")
    assert tab.html.select_one(".verdict")
    assert tab.html.select_one(".views [aria-current]").text.strip() == "Calibrations"
    days = [cell.text for cell in tab.html.select("tbody td.meta")]
    assert [day[-4:] for day in days] == ["2026", "2025"]
    assert len(viewer.get(tab.html.select_one("a[rel=next]")["href"]).html.select("tbody tr")) == 1
    assert "No calibration matches" in viewer.get(f"{address}?state=draft")
    assert "No calibration yet" in viewer.get(f"/equipment/{lab.instrument()}/calibrations")


def test_readers_cannot_record_and_do_not_see_the_buttons(lab: Lab, viewer: TestApp) -> None:
    equipment_id = lab.instrument()
    viewer.get("/calibrations/new", {"equipment": equipment_id}, status=403)
    viewer.get("/calibrations/external", {"equipment": equipment_id}, status=403)
    assert "Record calibration" not in viewer.get(f"/equipment/{equipment_id}")
