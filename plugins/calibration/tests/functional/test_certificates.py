"""Certificates: numbered once, printed once, found by their code; on both databases."""

from __future__ import annotations

import hashlib
import io
import threading
import uuid
from datetime import UTC, datetime

import pypdf
import pytest
import sqlalchemy as sa

from calibrify_calibration.models.certificate import Certificate
from calibrify_calibration.services import approvals, calibrations, certificates
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.tasks.runner import Runner
from calibrify_core.testing.house import PASSWORD
from plugins.calibration.tests.laboratory import API, browser, chips, form_of, point


def _drain(platform):
    tasks = platform.plugins.named("calibrify_tasks")
    return Runner(lambda: platform.session(write=True), platform.unit, tasks).drain()


def test_the_paper_is_the_same_bytes_ever_after(lab):
    done = lab.approved(lab.instrument(), method="CP-1")
    path = f"{API}calibrations/{done['id']}/certificate.pdf"
    first = lab.viewer.get(path)
    assert first.body.startswith(b"%PDF")
    assert done["certificate_number"] in first.headers["Content-Disposition"]
    _drain(lab.platform)
    assert lab.viewer.get(path).body == first.body
    listed = lab.viewer.get(f"{API}certificates/?calibration_id={done['id']}").json["results"]
    assert listed[0]["sha256"] == hashlib.sha256(first.body).hexdigest()
    assert lab.viewer.get(f"{API}certificates/{listed[0]['id']}/").json == listed[0]


def test_the_relay_prints_it_before_anybody_asks(lab):
    done = lab.approved(lab.instrument())
    _drain(lab.platform)
    listed = lab.viewer.get(f"{API}certificates/?calibration_id={done['id']}").json["results"]
    assert len(listed[0]["sha256"]) == 64


def test_a_void_paper_says_so_and_the_issued_one_is_kept(lab):
    done = lab.approved(lab.instrument())
    path = f"{API}calibrations/{done['id']}/certificate.pdf"
    issued = lab.viewer.get(path).body
    lab.manager.post_json(f"{API}calibrations/{done['id']}/void/", {"reason": "Wrong unit"})
    void = lab.viewer.get(path).body
    assert void != issued
    assert lab.viewer.get(path).body == void
    listed = lab.viewer.get(f"{API}certificates/?calibration_id={done['id']}").json["results"]
    assert listed[0]["state"] == "void"
    assert listed[0]["sha256"] == hashlib.sha256(issued).hexdigest()
    assert lab.platform.storage.exists(listed[0]["sha256"])
    found = certificates.verify(lab.platform, listed[0]["verification_code"].lower())
    assert (found.number, found.state) == (done["certificate_number"], "void")
    assert certificates.verify(lab.platform, "0000-0000-0000") is None
    assert certificates.verify(lab.platform, "nonsense") is None


def test_the_search_finds_a_calibration_by_its_numbers(lab):
    done = lab.approved(lab.instrument())
    for number in (done["number"], done["number"].lower(), done["certificate_number"]):
        hits = lab.viewer.get(f"/api/v1/search/?q={number}").json["results"]
        assert [hit["api"] for hit in hits] == [f"/api/v1/calibrations/{done['id']}/"]
    assert done["certificate_number"] in hits[0]["subtitle"]


def test_a_draft_has_a_paper_without_a_number(lab):
    draft = lab.record(lab.instrument())
    paper = lab.viewer.get(f"{API}calibrations/{draft['id']}/certificate.pdf")
    assert b"%PDF" in paper.body[:8]
    assert "draft" in paper.headers["Content-Disposition"]
    assert draft["certificate_number"] is None


def test_what_was_not_adjusted_is_left_as_it_was_found(lab):
    one = lab.instrument()
    points = [point(as_found=["10.5"], as_left=["10.0001"]), point(as_left=["10.00100"]),
              point(as_found=[], as_left=["10"])]  # fmt: skip
    refused = lab.record(one, 422, points=points, submit=True)
    assert {item["pointer"]: item["detail"][:25] for item in refused["errors"]} == {
        "/points/0/as_left": 'Tick "It was adjusted", o',
        "/points/2/as_found": "Give the as-found reading",
    }
    draft = lab.record(one, points=points[:2])
    path = f"{API}calibrations/{draft['id']}/"
    lab.technician.post_json(f"{path}submit/", {}, status=422)
    headers = {"If-Match": lab.technician.get(path).headers["ETag"]}
    lab.technician.patch_json(path, {"adjusted": True}, headers=headers)
    assert lab.technician.post_json(f"{path}submit/", {}).json["state"] == "submitted"
    new = [point(as_found=[], as_left=["10.0001"])]
    lab.record(one, kind="initial", points=new, as_found_na_reason="New", submit=True)


def _paper(lab, record):
    pdf = lab.viewer.get(f"{API}calibrations/{record['id']}/certificate.pdf").body
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(text.split())


def test_only_who_signed_is_said_to_have_signed(lab):
    unsigned = lab.record(lab.instrument(), submit=True)
    assert "signed electronically" not in _paper(lab, unsigned)
    text = _paper(lab, lab.approve(unsigned["id"]))
    assert text.count("signed electronically") == 1
    assert "Authorised the issue, signed electronically" in text
    lab.policy(sign_on_submit=True)
    try:
        draft = lab.record(lab.instrument())
        body = {"password": PASSWORD, "meaning": "performed"}
        lab.technician.post_json(f"{API}calibrations/{draft['id']}/submit/", body)
    finally:
        lab.policy(sign_on_submit=False)
    done = lab.approve(draft["id"])
    text = _paper(lab, done)
    assert text.count("signed electronically") == 2
    for signature in done["signatures"]:
        assert signature["at"][:19].replace("T", " ") in text


def test_the_paper_says_what_k_stands_for_and_which_kind_it_is(lab):
    text = _paper(lab, lab.record(lab.instrument(), kind="after_repair"))
    assert (
        "coverage factor k = 2, which for a normal distribution corresponds to a coverage" in text
    )
    assert "probability of approximately 95 %" in text
    assert "Kind After repair" in text
    mixed = [point(), point(coverage_factor="2.13")]
    text = _paper(lab, lab.record(lab.instrument(), points=mixed))
    assert "coverage factor k stated with it." in text
    assert "95 %" not in text


@pytest.mark.parametrize("do", ["judge", "submit"])
def test_what_was_left_otherwise_without_an_adjustment_is_asked_about(lab, do):
    technician = browser(lab, "technician")
    equipment_id = lab.instrument()
    lab.approved(equipment_id)
    form = form_of(technician.get("/calibrations/new", {"equipment": equipment_id}))
    form["points.0.as_found"], form["points.0.as_left"] = "10.0119", "10.0001"
    page = form.submit("do", value=do, status=422)
    told = page.html.select_one(".problems a[href='#f-points.0.as_left']").text
    assert 'Tick "It was adjusted", or clear the as-left readings' in told
    again = form_of(page)
    assert (again["points.0.as_found"].value, again["points.0.as_left"].value) == (
        "10.0119", "10.0001",
    )  # fmt: skip
    again["adjusted"] = True
    assert "To review" in chips(again.submit("do", value="submit", status=303).follow())


def test_the_paper_has_no_digits_that_nobody_measured(lab):
    several = point(
        nominal="2", lower_limit="1.9", upper_limit="2.1", expanded_uncertainty="0.00123",
        as_found=["2.000", "2.000", "2.001"],
    )  # fmt: skip
    torque = {
        "parameter": "Torque", "unit": "N·m", "nominal": "100", "reading_of": "standard",
        "tolerance": {"percent_of_reading": "4", "basis": "reference"}, "as_found": ["100"],
    }  # fmt: skip
    made = lab.record(lab.instrument(), points=[several, torque])
    assert made["points"][0]["as_found_evaluation"]["error"].startswith("0.000333333333333")
    words = _paper(lab, made).split()
    assert {"2.0003", "0.0003", "0.0012", "96.15384615", "104.1666667"} <= set(words)
    assert not [word for word in words if "33333" in word]


def _sheet(lab, record):
    page = browser(lab, "viewer").get(f"/calibrations/{record['id']}/certificate")
    return page.html.select_one(".sheet-page")


def test_the_page_of_a_certificate_says_what_its_paper_says(lab):
    adjusted = lab.approved(
        lab.instrument(),
        adjusted=True,
        points=[point(as_found=["10.5"], as_left=["10.0001"])],
        environment={"temperature_c": "20.1"},
        condition_received="A dented case",
        received_on="2026-02-27",
        limitation="Not above 100 V",
    )
    lab.schedule(adjusted["equipment_id"])
    sheet = _sheet(lab, adjusted)
    text, printed = " ".join(sheet.get_text(" ").split()), _paper(lab, adjusted)
    for said in (
        "Customer", "Condition received A dented case", "Adjusted Yes", "Not above 100 V", "10.5",
        "10.0001", "TUR", "Temperature 20.1 °C", "Simple acceptance (w = 0)",
        "factor k = 2, which for a normal distribution corresponds to a coverage probability",
    ):  # fmt: skip
        assert (said in text, said in printed) == (True, True), said
    assert "Received 27 Feb 2026" in text
    assert "Next" not in text


def test_the_page_of_a_certificate_has_no_empty_columns(lab):
    bare = point(expanded_uncertainty=None, coverage_factor=None)
    heads = [
        [head.get_text() for head in _sheet(lab, record).select("thead th")]
        for record in (lab.record(lab.instrument(), points=[one]) for one in (bare, point()))
    ]
    assert heads[0] == ["Nominal", "Limits", "Indication", "Error", "Result"]
    assert heads[1] == [*heads[0][:4], "U, k\xa0=\xa02", "TUR", "Result"]


def test_an_accredited_laboratory_refuses_what_is_incomplete(lab):
    draft = lab.record(lab.instrument(), submit=True)
    lab.policy(accredited=True)
    try:
        refused = lab.approve(draft["id"], 422)
        assert "/method" in [item["pointer"] for item in refused["errors"]]
        assert lab.viewer.get(f"{API}calibrations/{draft['id']}/").json["state"] == "submitted"
    finally:
        lab.policy(accredited=False)
    assert lab.approve(draft["id"])["state"] == "approved"


def test_twenty_approvals_at_once_draw_twenty_numbers(lab):
    instruments = [uuid.UUID(lab.instrument()) for _ in range(20)]
    records = []
    with lab.platform.unit() as unit:
        for one in instruments:
            values = {
                "equipment_id": one,
                "kind": "periodic",
                "performed_at": datetime(2026, 3, 1, 9, tzinfo=UTC),
                "points": [point()],
            }
            record = calibrations.record(unit, values)
            approvals.hand_in(unit, record)
            records.append(record.id)
    failures: list[BaseException] = []

    def approve(record_id):
        try:
            with lab.platform.unit() as unit:
                approvals.approve(unit, record_id)
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)

    threads = [threading.Thread(target=approve, args=(one,)) for one in records]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with lab.platform.session(write=False) as session:
        statement = sa.select(Certificate.number).where(Certificate.record_id.in_(records))
        numbers = session.scalars(unscoped(statement, Certificate, because="a test")).all()
    assert len(numbers) == len(set(numbers)) == 20
