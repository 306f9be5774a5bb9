"""The words of the verdict banner, as far as calibration goes."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from calibrify_calibration.services.usability import judge_calibration

TODAY = date(2026, 3, 2)
UNIT = SimpleNamespace(today=lambda: TODAY)


def _record(calibration_status, **more):
    return {
        "status": "in_service",
        "calibration_status": calibration_status,
        "calibration_not_required_reason": None,
        "due_on": None,
        "last_calibrated_on": None,
        **more,
    }


@pytest.mark.parametrize(
    ("status", "usable", "look", "headline"),
    [
        ("current", True, "ok", "Fit for use"),
        ("due_soon", True, "soon", "Fit for use, calibration due soon"),
        ("limited_use", True, "soon", "Fit for limited use only"),
        ("not_required", True, "out", "Fit for use, calibration not required"),
        ("overdue", False, "late", "Do not use: calibration overdue"),
        ("failed", False, "oot", "Do not use: found out of tolerance"),
        ("never_calibrated", False, "late", "Do not use: not calibrated yet"),
    ],
)
def test_each_status_has_its_sentence(status, usable, look, headline):
    answer = judge_calibration(UNIT, _record(status))
    assert (answer.usable, answer.state, answer.headline) == (usable, look, headline)
    assert answer.evidence


def test_the_evidence_names_the_dates():
    days = {"due_on": date(2026, 3, 1), "last_calibrated_on": date(2025, 3, 1)}
    late = judge_calibration(UNIT, _record("overdue", **days))
    assert late.evidence == "Due on 1 Mar 2026, 1 day ago. Last calibrated on 1 Mar 2025."
    assert (late.due_on, late.since_on) == (days["due_on"], days["last_calibrated_on"])
    reason = {"calibration_not_required_reason": "Indication only"}
    assert judge_calibration(UNIT, _record("not_required", **reason)).evidence == "Indication only"


def test_a_failure_is_dated_by_itself_and_a_limitation_is_said():
    days = {"last_calibrated_on": date(2025, 10, 28), "calibration_failed_on": date(2026, 2, 28)}
    failed = judge_calibration(UNIT, _record("failed", **days)).evidence
    assert failed == (
        "The last calibration on 28 Feb 2026 failed. The last good one was on 28 Oct 2025."
    )
    only = {"calibration_limitation": "Only to 10 V", "due_on": date(2026, 9, 1)}
    for status in ("limited_use", "due_soon"):
        limited = judge_calibration(UNIT, _record(status, **only))
        assert limited.evidence == "Limited: Only to 10 V. Due on 1 Sep 2026."


@pytest.mark.parametrize("lifecycle", ["draft", "out_of_service", "lost", "retired"])
def test_where_schedules_rest_there_is_nothing_to_say(lifecycle):
    assert judge_calibration(UNIT, _record("failed", status=lifecycle)) is None


def test_what_is_out_of_tolerance_stands_above_a_quarantine():
    grave = [judge_calibration(UNIT, _record(name)).grave for name in ("failed", "overdue")]
    assert grave[0] > 90 > grave[1]
