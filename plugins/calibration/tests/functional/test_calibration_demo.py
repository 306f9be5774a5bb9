"""The demonstration laboratory has something of everything; on both databases."""

from __future__ import annotations

from collections import Counter

from calibrify_core.cli.demo import load_demo
from plugins.calibration.tests.laboratory import API


def test_the_laboratory_opens_on_a_living_register(lab):
    assert load_demo(lab.platform)
    rows = lab.viewer.get(f"{API}equipment/?limit=500").json["results"]
    statuses = Counter(row["calibration_status"] for row in rows)
    assert statuses["overdue"] >= 2
    assert statuses["due_soon"] >= 4
    assert statuses["current"] > 15
    assert statuses["failed"] == statuses["limited_use"] == statuses["never_calibrated"] == 1
    assert statuses["not_required"] == 2
    records = lab.viewer.get(f"{API}calibrations/?limit=500").json["results"]
    states = Counter(row["state"] for row in records)
    assert (states["draft"], states["submitted"]) == (1, 1)
    outcomes = Counter((row["as_found_result"], row["as_left_result"]) for row in records)
    assert outcomes[("fail", "pass")] == outcomes[("fail", "fail")] == 1
    assert sum(row["provider"]["type"] == "external" for row in records) > 10
    assert min(row["performed_on"] for row in records) < "2023-12-01"
    assert all(row["performed_on"] <= "2026-03-02" for row in records)
    papers = lab.viewer.get(f"{API}certificates/?limit=500").json["results"]
    approved = {row["id"]: row["performed_on"] for row in records}
    assert min(paper["issued_on"] for paper in papers) < "2023-12-01"
    assert all(paper["issued_on"] >= approved[paper["calibration_id"]] for paper in papers)
    assert all(paper["issued_on"] <= "2026-03-02" for paper in papers)
