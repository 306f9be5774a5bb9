"""Calibrations over the API: judged, handed in, approved, withdrawn; on both databases."""

from __future__ import annotations

import uuid

import pytest

from calibrify_core.testing.house import PASSWORD
from plugins.calibration.tests.laboratory import API, calibration, point


def test_a_calibration_is_judged_and_comes_back_digit_for_digit(lab):
    made = lab.record(
        lab.instrument(),
        decision_rule="guard_band_u",
        points=[
            point(as_found=["10.0012"], as_left=["10.00010"], nominal="10.0"),
            point(as_found=["10.0093"]),
            point(nominal=1e1, as_found=[{"indication": "10.0012", "reference": "10.00003"}]),
        ],
        adjusted=True,
    )
    first, second, third = made["points"]
    assert first["as_found"] == ["10.0012"]
    assert first["as_left"] == ["10.00010"]
    assert first["as_found_evaluation"] == {
        "mean": "10.0012",
        "error": "0.0012",
        "tur": "15.83333333333333333333333333333333",
        "acceptance_lower": "9.9911",
        "acceptance_upper": "10.0089",
        "result": "pass",
    }
    assert second["as_found_evaluation"]["result"] == "fail"
    assert third["as_found_evaluation"]["error"] == "0.00117"
    assert (made["as_found_result"], made["state"]) == ("fail", "draft")
    assert made["number"].startswith("CAL-2026-")
    assert made["performed_on"] == "2026-03-01"
    assert lab.viewer.get(f"{API}calibrations/{made['id']}/").json["points"] == made["points"]


def test_a_torque_tolerance_lies_around_the_reference(lab):
    made = lab.record(
        lab.instrument(),
        points=[
            {
                "parameter": "Torque",
                "unit": "N·m",
                "nominal": "100",
                "reading_of": "standard",
                "tolerance": {"percent_of_reading": "4", "basis": "reference"},
                "as_found": ["96.15"],
            }
        ],
    )
    verdict = made["points"][0]["as_found_evaluation"]
    assert verdict["acceptance_lower"].startswith("96.1538")
    assert verdict["acceptance_upper"].startswith("104.1666")
    assert (verdict["error"], verdict["result"]) == ("3.85", "fail")


def test_approval_moves_the_due_date_everywhere(lab):
    one = lab.instrument()
    plan = lab.schedule(one)
    assert lab.equipment(one)["calibration_status"] == "never_calibrated"
    done = lab.approved(one)
    assert (done["state"], done["next_due_on"]) == ("approved", "2027-03-01")
    assert done["certificate_number"].startswith("C-2026-")
    assert [one["meaning"] for one in done["signatures"]] == ["approved"]
    assert done["signatures"][0]["valid"] is True
    shown = lab.equipment(one)
    assert shown["calibration_status"] == "current"
    assert (shown["due_on"], shown["last_calibrated_on"]) == ("2027-03-01", "2026-03-01")
    now = lab.manager.get(f"{API}calibration-schedules/{plan['id']}/").json
    assert (now["due_on"], now["due_source"]) == ("2027-03-01", "accepted")
    listed = lab.viewer.get(f"{API}equipment/{one}/calibrations/").json["results"]
    assert [row["id"] for row in listed] == [done["id"]]
    assert listed[0]["points"] == done["points"]


def test_back_dated_entry_void_and_reject_recompute_the_due_date(lab):
    one = lab.instrument()
    lab.schedule(one, 1, "months")
    lab.approved(one, performed_at="2026-01-31T09:00:00Z")
    assert lab.equipment(one)["due_on"] == "2026-02-28"
    latest = lab.approved(one, performed_at="2026-02-20T09:00:00Z")
    assert lab.equipment(one)["due_on"] == "2026-03-20"
    lab.approved(one, performed_at="2026-01-15T09:00:00Z")
    assert lab.equipment(one)["due_on"] == "2026-03-20"
    sent = lab.record(one, performed_at="2026-03-01T09:00:00Z", submit=True)
    gone = lab.manager.post_json(
        f"{API}calibrations/{sent['id']}/reject/", {"reason": "Wrong standard"}
    ).json
    assert (gone["state"], gone["state_reason"]) == ("rejected", "Wrong standard")
    assert lab.equipment(one)["due_on"] == "2026-03-20"
    path = f"{API}calibrations/{latest['id']}/void/"
    assert lab.manager.post_json(path, {"reason": "Wrong unit"}).json["state"] == "void"
    shown = lab.equipment(one)
    assert (shown["due_on"], shown["calibration_status"]) == ("2026-02-28", "overdue")
    again = lab.manager.post_json(path, {"reason": "Again"}, status=409).json
    assert again["allowed"] == []


def test_a_fail_clears_the_due_date_and_quarantines(lab):
    one = lab.instrument()
    lab.schedule(one)
    lab.approved(one, performed_at="2026-01-05T09:00:00Z")
    failed = lab.approved(one, points=[point(as_found=["10.5"])])
    assert failed["next_due_on"] is None
    shown = lab.equipment(one)
    assert (shown["due_on"], shown["calibration_status"]) == (None, "failed")
    assert shown["status"] == "quarantined"
    good = lab.approved(
        one,
        performed_at="2026-03-02T10:00:00Z",
        adjusted=True,
        points=[point(as_found=["10.5"], as_left=["10.0001"])],
    )
    assert (good["as_found_result"], good["as_left_result"]) == ("fail", "pass")
    shown = lab.equipment(one)
    assert (shown["due_on"], shown["calibration_status"]) == ("2027-03-02", "current")


def test_checks_never_move_a_calibration_date(lab):
    one = lab.instrument()
    lab.schedule(one)
    check = lab.schedule(one, 30, "days", kind="intermediate_check")
    done = lab.approved(one, kind="intermediate_check")
    assert done["next_due_on"] == "2026-03-31"
    assert lab.equipment(one)["due_on"] is None
    refused = lab.record(one, 422, kind="verification", schedule_id=check["id"])
    assert refused["errors"][0]["pointer"] == "/schedule_id"


def test_illegal_steps_are_conflicts_before_anything_else(lab):
    one = lab.instrument()
    draft = lab.record(one)
    path = f"{API}calibrations/{draft['id']}/"
    early = lab.manager.post_json(f"{path}approve/", {}, status=409).json
    assert early["allowed"] == ["submitted"]
    lab.technician.post_json(f"{path}submit/", {})
    twice = lab.technician.post_json(f"{path}submit/", {}, status=409).json
    assert twice["allowed"] == ["approved", "rejected"]
    headers = {"If-Match": "*"}
    held = lab.technician.patch_json(path, {"notes": "x"}, headers=headers, status=409).json
    assert "Reject it first" in held["detail"]
    lab.approve(draft["id"])
    assert lab.approve(draft["id"], 409)["allowed"] == ["void", "superseded"]
    for body in ({"notes": "x"}, {"points": []}):
        lab.technician.patch_json(path, body, headers=headers, status=409)
        lab.technician.patch_json(path, body, status=409)
    lab.technician.delete(path, headers=headers, status=409)


def test_approval_needs_the_password_of_a_person(lab):
    draft = lab.record(lab.instrument(), submit=True)
    path = f"{API}calibrations/{draft['id']}/approve/"
    missing = lab.manager.post_json(path, {}, status=422).json
    assert missing["errors"][0]["pointer"] == "/password"
    lab.manager.post_json(path, {"password": "wrong one here"}, status=401)
    lab.technician.post_json(path, {"password": PASSWORD}, status=403)
    body = {"name": "robot", "permissions": ["calibration.calibration:approve"]}
    made = lab.manager.post_json(f"{API}api-tokens/", body, expect_errors=True)
    if made.status_int == 201:
        robot = lab.client.signed_in(made.json["token"])
        robot.post_json(path, {"password": PASSWORD}, status=403)
    assert lab.viewer.get(f"{API}calibrations/{draft['id']}/").json["state"] == "submitted"
    entries = lab.approve(draft["id"])
    assert entries["approved_by"].startswith("Metrology_Manager")


def test_duties_are_separate_where_the_organisation_says_so(lab):
    body = calibration(lab.instrument(), submit=True)
    own = lab.manager.post_json(f"{API}calibrations/", body).json
    lab.policy(separation_of_duties=True)
    try:
        lab.approve(own["id"], 403)
        assert lab.approve(own["id"], by=lab.api("metrology_manager"))["state"] == "approved"
    finally:
        lab.policy(separation_of_duties=False)


def test_submission_is_signed_where_the_organisation_says_so(lab):
    lab.policy(sign_on_submit=True)
    try:
        refused = lab.technician.post_json(
            f"{API}calibrations/", calibration(lab.instrument(), submit=True), status=403
        )
        assert "signature" in refused.json["detail"]
        draft = lab.record(lab.instrument())
        path = f"{API}calibrations/{draft['id']}/submit/"
        lab.technician.post_json(path, {}, status=422)
        done = lab.technician.post_json(path, {"password": PASSWORD}).json
        assert done["signatures"][0]["meaning"] == "performed"
    finally:
        lab.policy(sign_on_submit=False)


def test_a_rejected_record_keeps_its_readings_and_is_a_draft_again(lab):
    sent = lab.record(lab.instrument(), submit=True)
    path = f"{API}calibrations/{sent['id']}/"
    lab.manager.post_json(f"{path}reject/", {}, status=422)
    lab.manager.post_json(f"{path}reject/", {"reason": "Check point 1"})
    shown = lab.technician.get(path)
    assert shown.json["points"] == sent["points"]
    etag = {"If-Match": shown.headers["ETag"]}
    again = lab.technician.patch_json(path, {"notes": "Checked"}, headers=etag).json
    assert (again["state"], again["notes"]) == ("draft", "Checked")
    lab.technician.patch_json(path, {"notes": "Late"}, headers=etag, status=412)
    lab.technician.patch_json(path, {"notes": "No tag"}, status=428)


def test_an_amendment_supersedes_and_cites(lab):
    one = lab.instrument()
    lab.schedule(one)
    first = lab.approved(one)
    path = f"{API}calibrations/{first['id']}/"
    lab.manager.post_json(f"{path}amend/", {}, status=422)
    draft = lab.manager.post_json(f"{path}amend/", {"reason": "Typing error"}).json
    assert (draft["amends_id"], draft["revision"], draft["state"]) == (first["id"], 1, "draft")
    assert lab.viewer.get(path).json["state"] == "superseded"
    assert lab.equipment(one)["due_on"] is None
    lab.technician.post_json(f"{API}calibrations/{draft['id']}/submit/", {})
    lab.approve(draft["id"])
    assert lab.equipment(one)["due_on"] == "2027-03-01"
    found = lab.viewer.get(f"{API}certificates/?equipment_id={one}&ordering=number").json["results"]
    assert [(row["revision"], row["state"]) for row in found] == [(0, "replaced"), (1, "issued")]
    assert found[1]["replaces_id"] == found[0]["id"]


def test_a_file_of_the_record_stays_with_its_amendment(lab):
    one = lab.instrument()
    outside = {"type": "external", "certificate_number": "K-1"}
    draft = lab.record(one, points=[], provider=outside, reported_result="pass")
    path = f"{API}calibrations/{draft['id']}/"

    def upload(kind, identifier):
        fields = {"object_type": kind, "object_id": identifier, "kind": "certificate"}
        pdf = b"%PDF-1.4\n%%EOF\n"
        answer = lab.technician.post(
            f"{API}files/", fields, upload_files=[("file", "k1.pdf", pdf)], status=201
        )
        return answer.json["id"]

    headers = {"If-Match": "*"}
    strange = {**outside, "file_id": upload("equipment", lab.instrument())}
    refused = lab.technician.patch_json(path, {"provider": strange}, headers=headers, status=422)
    assert refused.json["errors"][0]["pointer"] == "/provider/file_id"
    own = {**outside, "file_id": upload("calibration", draft["id"])}
    kept = lab.technician.patch_json(path, {"provider": own}, headers=headers).json
    assert kept["provider"]["file_id"] == own["file_id"]
    lab.technician.post_json(f"{path}submit/", {})
    lab.approve(draft["id"])
    amended = lab.manager.post_json(f"{path}amend/", {"reason": "Wrong date"}).json
    assert amended["provider"]["file_id"] == own["file_id"]


def test_lists_are_filtered_and_sparse(lab):
    one = lab.instrument()
    done = lab.approved(one)
    draft = lab.record(one)
    query = f"{API}calibrations/?equipment_id={one}"
    assert [row["id"] for row in lab.viewer.get(query).json["results"]] == [
        draft["id"],
        done["id"],
    ]
    rows = lab.viewer.get(f"{query}&state=approved&fields=number,next_due_on").json["results"]
    assert rows == [{"id": done["id"], "number": done["number"], "next_due_on": None}]
    found = lab.viewer.get(f"{API}calibrations/?q={done['certificate_number']}").json["results"]
    assert [row["id"] for row in found] == [done["id"]]
    lab.viewer.get(f"{API}calibrations/?colour=red", status=422)


def test_a_change_of_a_reading_is_in_the_trail(lab):
    draft = lab.record(lab.instrument())
    path = f"{API}calibrations/{draft['id']}/"
    points = [point(as_found=["10.0044"])]
    lab.technician.patch_json(path, {"points": points}, headers={"If-Match": "*"})
    trail = lab.api("administrator").get(f"{API}audit/?object_id={draft['id']}").json["results"]
    changes = [entry["changes"] for entry in trail]
    assert {"point 1 as_found": [["10.0010"], ["10.0044"]]} in changes


def dated(day):
    return {"type": "external", "certificate_number": "K-1", "certificate_date": day}


def test_an_outside_certificate_moves_the_due_date(lab):
    one = lab.instrument()
    lab.schedule(one)
    supplier = lab.manager.post_json(f"{API}suppliers/", {"name": lab.unique("Lab")}).json["id"]
    outside = {
        "type": "external",
        "supplier_id": supplier,
        "certificate_number": "K-4711",
        "certificate_date": "2026-03-02",
    }
    refused = lab.record(one, 422, points=[], provider=outside, submit=True)
    assert refused["errors"][0]["pointer"] == "/reported_result"
    nobody = {**outside, "supplier_id": one, "certificate_number": ""}
    refused = lab.record(one, 422, points=[], provider=nobody, reported_result="pass")
    assert {item["pointer"] for item in refused["errors"]} == {
        "/provider/supplier_id",
        "/provider/certificate_number",
    }
    made = lab.approved(one, points=[], provider=outside, reported_result="limited")
    assert made["provider"] == {**outside, "file_id": None}
    assert made["points"] == []
    shown = lab.equipment(one)
    assert (shown["due_on"], shown["calibration_status"]) == ("2027-03-01", "limited_use")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"performed_at": "2099-01-01T00:00:00Z"}, "/performed_at"),
        ({"performed_at": "0001-01-01T00:00:00Z"}, "/performed_at"),
        ({"kind": "yearly"}, "/kind"),
        ({"decision_rule": "coin"}, "/decision_rule"),
        ({"decision_rule": "guard_band_rU"}, "/guard_band_factor"),
        ({"points": [point(nominal="ten")]}, "/points/0/nominal"),
        ({"points": [point(), point(lower_limit="11")]}, "/points/1/upper_limit"),
        ({"points": [point(lower_limit=None, upper_limit=None)]}, "/points/0/lower_limit"),
        ({"points": [point(tolerance={"absolute": "1"})]}, "/points/0/tolerance"),
        ({"points": [point(as_found=["1", "x"])]}, "/points/0/as_found/1"),
        ({"points": [point(id="a"), point(id="a")]}, "/points/1/id"),
        ({"number": "CAL-1"}, "/number"),
        ({"state": "approved"}, "/state"),
        ({"procedure_id": "019ab1c2-5d3e-7a4b-8c6d-0123456789ab"}, "/procedure_id"),
        ({"schedule_id": "019ab1c2-5d3e-7a4b-8c6d-0123456789ab"}, "/schedule_id"),
        ({"performed_by_id": "019ab1c2-5d3e-7a4b-8c6d-0123456789ab"}, "/performed_by_id"),
        ({"reported_result": "pass"}, "/reported_result"),
        ({"provider": dated("2026-02-28")}, "/provider/certificate_date"),
        ({"provider": dated("2026-03-03")}, "/provider/certificate_date"),
        ({"points": [], "submit": True}, "/points"),
        ({"points": [point(as_found=[])], "submit": True}, "/points/0/as_found"),
    ],
)
def test_bad_input_is_named(lab, change, pointer):
    refused = lab.record(lab.instrument(), 422, **change)
    assert pointer in [item["pointer"] for item in refused["errors"]]


def test_another_site_does_not_exist(lab):
    site = lab.manager.post_json(f"{API}locations/", {"name": lab.unique("Site")}).json["id"]
    other = lab.manager.post_json(f"{API}locations/", {"name": lab.unique("Site")}).json["id"]
    one = lab.instrument(location_id=site)
    record = lab.approved(one)
    plan = lab.schedule(one)
    certificate = lab.manager.get(f"{API}certificates/?equipment_id={one}").json["results"][0]
    stranger = lab.api("metrology_manager", "location", uuid.UUID(other))
    for path in (
        f"calibrations/{record['id']}/",
        f"calibrations/{record['id']}/certificate.pdf",
        f"equipment/{one}/calibrations/",
        f"equipment/{one}/drift/",
        f"equipment/{one}/calibration-requirement/",
        f"calibration-schedules/{plan['id']}/",
        f"certificates/{certificate['id']}/",
    ):
        stranger.get(f"{API}{path}", status=404)
    for verb in ("approve", "reject", "void", "amend"):
        body = {"reason": "x"} if verb != "approve" else {"password": PASSWORD}
        stranger.post_json(f"{API}calibrations/{record['id']}/{verb}/", body, status=404)
    refused = stranger.post_json(f"{API}calibrations/", calibration(one), status=422).json
    assert [error["pointer"] for error in refused["errors"]] == ["/equipment_id"]
    wrong = calibration(one, performed_at="2099-01-01T00:00:00Z")
    refused = stranger.post_json(f"{API}calibrations/", wrong, status=422).json
    assert {error["pointer"] for error in refused["errors"]} == {"/equipment_id", "/performed_at"}
    for noun in ("calibrations", "calibration-schedules", "certificates", "calibrations/due"):
        assert stranger.get(f"{API}{noun}/").json["results"] == []


def test_standards_must_have_been_valid_on_the_day(lab):
    one, standard = lab.instrument(), lab.instrument(is_reference_standard=True)
    lab.schedule(standard, 30, "days")
    lab.approved(standard, performed_at="2026-01-10T09:00:00Z")
    used = {"standards": [{"equipment_id": standard}]}
    late = lab.record(one, 422, **used)
    assert late["errors"][0]["pointer"] == "/standards/0/equipment_id"
    assert "overdue" in late["errors"][0]["detail"]
    made = lab.record(one, performed_at="2026-01-20T09:00:00Z", **used)
    assert made["standards"] == [{"equipment_id": standard}]
    at_point = [point(standard_ids=[one])]
    own = lab.record(one, 422, points=at_point)
    assert own["errors"][0]["pointer"] == "/points/0/standard_ids/0"
    lab.manager.post_json(
        f"{API}equipment/{standard}/transitions/", {"to": "quarantined", "reason": "Dropped"}
    )
    held = lab.record(one, 422, performed_at="2026-01-20T09:00:00Z", **used)
    assert "quarantined" in held["errors"][0]["detail"]
