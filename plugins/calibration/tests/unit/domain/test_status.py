from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_calibration.domain.intervals import Interval, IntervalUnit
from calibrify_calibration.domain.status import (
    CalibrationStatus,
    StatusFacts,
    boundaries,
    calibration_status,
    due_soon_on,
    is_usable,
    lead_days,
)

TODAY = date(2016, 2, 29)
TOMORROW = TODAY + timedelta(days=1)
YESTERDAY = TODAY - timedelta(days=1)
LATER = TODAY + timedelta(days=200)
VALID = StatusFacts(True, has_accepted=True, due_on=LATER, ordinary_due_on=LATER, due_soon_on=LATER)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (VALID, "current"),
        (VALID._replace(required=False, failed=True, due_on=YESTERDAY), "not_required"),
        (VALID._replace(failed=True, due_on=None, is_limited=True), "failed"),
        (StatusFacts(True, failed=True), "failed"),
        (StatusFacts(True), "never_calibrated"),
        (StatusFacts(True, is_limited=True), "never_calibrated"),
        (StatusFacts(True, has_accepted=True), "current"),
        (StatusFacts(True, due_on=LATER, ordinary_due_on=LATER), "current"),
        (StatusFacts(True, due_on=YESTERDAY, ordinary_due_on=YESTERDAY), "overdue"),
        (VALID._replace(due_on=YESTERDAY), "overdue"),
        (VALID._replace(due_on=YESTERDAY, is_limited=True), "overdue"),
        (VALID._replace(due_on=TODAY, due_soon_on=TODAY), "due_soon"),
        (VALID._replace(ordinary_due_on=YESTERDAY), "extended"),
        (VALID._replace(ordinary_due_on=YESTERDAY, due_on=TODAY, due_soon_on=TODAY), "extended"),
        (VALID._replace(ordinary_due_on=TODAY, due_soon_on=TOMORROW), "current"),
        (VALID._replace(due_soon_on=TODAY), "due_soon"),
        (VALID._replace(due_soon_on=TODAY, is_limited=True), "due_soon"),
        (VALID._replace(due_soon_on=TOMORROW), "current"),
        (VALID._replace(is_limited=True), "limited_use"),
    ],
)
def test_the_first_that_is_true(facts: StatusFacts, status: str) -> None:
    assert calibration_status(facts, TODAY).value == status


@pytest.mark.parametrize(
    ("category_days", "interval", "lead"),
    [
        (None, None, 30),
        (60, None, 60),
        (0, None, 0),
        (None, Interval(12, IntervalUnit.MONTHS), 30),
        (120, Interval(12, IntervalUnit.MONTHS), 91),
        (None, Interval(1, IntervalUnit.MONTHS), 7),
        (None, Interval(58, IntervalUnit.DAYS), 14),
        (None, Interval(3, IntervalUnit.DAYS), 0),
        (10, Interval(365, IntervalUnit.DAYS), 10),
        (None, Interval(5000, IntervalUnit.USES), 30),
    ],
)
def test_the_warning_time(category_days: int | None, interval: Interval | None, lead: int) -> None:
    assert lead_days(category_days, interval) == lead


def test_the_warning_starts_that_many_days_before() -> None:
    assert due_soon_on(date(2016, 3, 30), 30) == TODAY
    assert due_soon_on(None, 30) is None
    assert due_soon_on(date(1, 1, 5), 30) == date.min


def test_what_may_be_used() -> None:
    assert [status.value for status in CalibrationStatus if not is_usable(status)] == [
        "never_calibrated",
        "failed",
        "overdue",
    ]


dates = st.none() | st.dates(date(2016, 1, 1), date(2016, 4, 30))


@given(
    st.builds(StatusFacts, st.booleans(), st.booleans(), st.booleans(), dates, dates, dates),
    st.dates(date(2016, 1, 1), date(2016, 4, 30)),
)
def test_the_boundaries_say_the_same_as_the_function(facts: StatusFacts, day: date) -> None:
    """The comparisons that a database makes, written out."""
    limit = boundaries(day)
    judged = facts.required and not facts.failed
    never = judged and not facts.has_accepted and facts.due_on is None
    overdue = judged and facts.due_on is not None and facts.due_on < limit.today
    valid = judged and facts.due_on is not None and facts.due_on >= limit.today
    extended = valid and facts.ordinary_due_on is not None and facts.ordinary_due_on < limit.today
    soon = (
        valid
        and not extended
        and facts.due_soon_on is not None
        and facts.due_soon_on <= limit.today
    )
    status = calibration_status(facts, day)
    assert (status is CalibrationStatus.NEVER_CALIBRATED) == never
    assert (status is CalibrationStatus.OVERDUE) == overdue
    assert (status is CalibrationStatus.EXTENDED) == extended
    assert (status is CalibrationStatus.DUE_SOON) == soon
    assert limit.window_until == day + timedelta(days=30)


RANK = ["current", "due_soon", "overdue"]


@given(
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.integers(0, 400),
    st.lists(st.dates(date(1999, 1, 1), date(2101, 1, 1)), min_size=2, max_size=6),
)
def test_time_only_makes_it_worse(due_on: date, lead: int, days: list[date]) -> None:
    facts = StatusFacts(
        True,
        has_accepted=True,
        due_on=due_on,
        ordinary_due_on=due_on,
        due_soon_on=due_soon_on(due_on, lead),
    )
    ranks = [RANK.index(calibration_status(facts, day).value) for day in sorted(days)]
    assert ranks == sorted(ranks)
    assert calibration_status(facts, due_on) is CalibrationStatus.DUE_SOON
