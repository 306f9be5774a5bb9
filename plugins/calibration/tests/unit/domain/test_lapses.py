"""Calibrations that lapse since work was done on the instrument."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from calibrify_calibration.domain.decisions import Result
from calibrify_calibration.domain.lapses import Affected, lapse, vouches
from calibrify_calibration.domain.schedules import DueState, RecordFact, RecordKind
from calibrify_calibration.domain.states import RecordState

BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
ENDED = datetime(2026, 3, 2, 15, tzinfo=UTC)
WORK = Affected(BEGAN, ENDED, date(2026, 3, 2))
GOOD = RecordFact(
    datetime(2026, 3, 2, 14, tzinfo=UTC),
    date(2026, 3, 2),
    RecordKind.AFTER_REPAIR,
    RecordState.APPROVED,
    Result.PASS,
    approved_at=datetime(2026, 3, 2, 16, tzinfo=UTC),
)


def test_a_calibration_measured_during_the_work_and_approved_after_it_vouches():
    assert vouches(GOOD, WORK)


@pytest.mark.parametrize(
    "changes",
    [
        {"performed_at": BEGAN - timedelta(minutes=1)},
        {"approved_at": ENDED - timedelta(minutes=1)},
        {"approved_at": None},
        {"state": RecordState.SUBMITTED},
        {"state": RecordState.VOID},
        {"kind": RecordKind.VERIFICATION},
        {"outcome": Result.FAIL},
        {"outcome": Result.CONDITIONAL_PASS},
        {"is_historical": True},
    ],
)
def test_nothing_less_vouches(changes):
    assert not vouches(replace(GOOD, **changes), WORK)


def test_a_conditional_pass_vouches_by_policy():
    conditional = replace(GOOD, outcome=Result.CONDITIONAL_PASS)
    assert vouches(conditional, WORK, accept_conditional_pass=True)


def test_an_earlier_due_date_stays_and_what_was_never_calibrated_stays_so():
    earlier = DueState(due_on=date(2026, 1, 1), last_accepted_on=date(2025, 1, 1))
    assert lapse(earlier, WORK).due_on == date(2026, 1, 1)
    assert lapse(DueState(), WORK) == DueState()
    endless = DueState(last_accepted_on=date(2025, 1, 1))
    assert lapse(endless, WORK).due_on == date(2026, 3, 1)
