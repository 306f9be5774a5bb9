"""Certificates: numbered once, printed once, found by their code; on both databases."""

from __future__ import annotations

import hashlib
import threading
import uuid
from datetime import UTC, datetime

import sqlalchemy as sa

from calibrify_calibration.models.certificate import Certificate
from calibrify_calibration.services import approvals, calibrations, certificates
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.tasks.runner import Runner
from plugins.calibration.tests.laboratory import API, point


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
