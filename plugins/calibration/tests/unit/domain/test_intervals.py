from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_calibration.domain.intervals import (
    Anchor,
    Interval,
    IntervalUnit,
    WeekendRule,
    interval_from,
    next_due,
    off_weekend,
    shift_days,
    shift_months,
)
from calibrify_calibration.domain.problems import RuleError

DAYS, MONTHS, USES = IntervalUnit.DAYS, IntervalUnit.MONTHS, IntervalUnit.USES
YEAR = Interval(12, MONTHS)

days = st.dates(date(1950, 1, 1), date(2200, 12, 31))
intervals = st.builds(Interval, st.integers(1, 400), st.just(DAYS)) | st.builds(
    Interval, st.integers(1, 120), st.just(MONTHS)
)
anchors = st.sampled_from([Anchor.EXACT, Anchor.END_OF_MONTH])
weekend_rules = st.sampled_from(list(WeekendRule))


@pytest.mark.parametrize(
    ("performed_on", "interval", "due_on"),
    [
        (date(2024, 1, 31), Interval(1, MONTHS), date(2024, 2, 29)),
        (date(2023, 1, 31), Interval(1, MONTHS), date(2023, 2, 28)),
        (date(2024, 2, 29), YEAR, date(2025, 2, 28)),
        (date(2024, 2, 29), Interval(48, MONTHS), date(2028, 2, 29)),
        (date(2024, 12, 15), Interval(1, MONTHS), date(2025, 1, 15)),
        (date(2024, 11, 30), Interval(3, MONTHS), date(2025, 2, 28)),
        (date(2016, 2, 29), Interval(365, DAYS), date(2017, 2, 28)),
        (date(2016, 2, 29), Interval(360, DAYS), date(2017, 2, 23)),
        (date(9999, 6, 1), YEAR, date(9999, 12, 31)),
        (date(9999, 6, 1), Interval(36525, DAYS), date(9999, 12, 31)),
    ],
)
def test_months_are_months_and_days_are_days(
    performed_on: date, interval: Interval, due_on: date
) -> None:
    assert next_due(performed_on, interval) == due_on


@pytest.mark.parametrize(
    "interval", [None, Interval(5000, USES), Interval(100, IntervalUnit.HOURS)]
)
def test_without_a_calendar_interval_there_is_no_date(interval: Interval | None) -> None:
    assert next_due(date(2024, 1, 1), interval) is None


@pytest.mark.parametrize(
    ("rule", "saturday", "sunday"),
    [
        (WeekendRule.NONE, date(2026, 11, 21), date(2026, 11, 22)),
        (WeekendRule.PREVIOUS, date(2026, 11, 20), date(2026, 11, 20)),
        (WeekendRule.NEAREST, date(2026, 11, 20), date(2026, 11, 23)),
    ],
)
def test_weekends(rule: WeekendRule, saturday: date, sunday: date) -> None:
    assert off_weekend(date(2026, 11, 21), rule) == saturday
    assert off_weekend(date(2026, 11, 22), rule) == sunday
    assert off_weekend(date(2026, 11, 23), rule) == date(2026, 11, 23)


def test_the_end_of_a_month_never_leaves_the_month() -> None:
    # 31 May 2026 is a Sunday.
    due_on = next_due(date(2025, 5, 3), YEAR, Anchor.END_OF_MONTH, WeekendRule.NEAREST)
    assert due_on == date(2026, 5, 29)
    assert next_due(date(2025, 5, 3), YEAR, Anchor.END_OF_MONTH) == date(2026, 5, 31)


def test_a_daily_schedule_is_never_due_on_the_day_of_the_work() -> None:
    friday = date(2026, 11, 20)
    assert next_due(friday, Interval(1, DAYS), weekend_rule=WeekendRule.PREVIOUS) == date(
        2026, 11, 21
    )


@pytest.mark.parametrize(
    ("performed_on", "due_on"),
    [
        (date(2024, 2, 20), date(2025, 3, 1)),  # a little early
        (date(2024, 3, 1), date(2025, 3, 1)),  # on the day
        (date(2024, 3, 10), date(2025, 3, 1)),  # a little late
        (date(2024, 10, 10), date(2025, 3, 1)),  # seven months late
        (date(2023, 12, 5), date(2025, 3, 1)),  # early by less than a quarter
        (date(2023, 9, 1), date(2024, 3, 1)),  # additional work stretches nothing
        (date(2031, 5, 5), date(2032, 3, 1)),  # years later
        (date(2019, 5, 5), date(2020, 3, 1)),  # entered afterwards
    ],
)
def test_a_fixed_anchor_stays_where_it_is(performed_on: date, due_on: date) -> None:
    assert next_due(performed_on, YEAR, Anchor.FIXED, grid_from=date(2024, 3, 1)) == due_on


def test_a_grid_from_the_last_of_a_month_finds_back_to_it() -> None:
    month = Interval(1, MONTHS)
    dates = [
        next_due(day, month, Anchor.FIXED, grid_from=date(2024, 1, 31))
        for day in (date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31))
    ]
    assert dates == [date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]


@pytest.mark.parametrize(
    ("value", "unit", "pointer"),
    [
        (-1, "days", "/interval/value"),
        (36526, "days", "/interval/value"),
        (1201, "months", "/interval/value"),
        (10**30, "uses", "/interval/value"),
        (1, "fortnights", "/interval/unit"),
    ],
)
def test_bad_intervals_are_refused(value: int, unit: str, pointer: str) -> None:
    with pytest.raises(RuleError) as caught:
        interval_from(value, unit)
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


def test_none_and_zero_mean_no_periodic_schedule() -> None:
    assert interval_from(None, "months") is None
    assert interval_from(0, "days") is None
    assert interval_from(5000, "uses") == Interval(5000, USES)


def test_shifts_stay_within_the_calendar() -> None:
    assert shift_months(date(1, 2, 1), -3) == date.min
    assert shift_months(date(2024, 3, 31), -1) == date(2024, 2, 29)
    assert shift_days(date.min, -1) == date.min


@given(days, days, intervals, anchors, weekend_rules)
def test_later_work_is_never_due_earlier(
    one: date, other: date, interval: Interval, anchor: Anchor, rule: WeekendRule
) -> None:
    earlier, later = sorted((one, other))
    first = next_due(earlier, interval, anchor, rule)
    second = next_due(later, interval, anchor, rule)
    assert first is not None
    assert second is not None
    assert first <= second
    assert earlier < first


@given(days, intervals, days)
def test_a_fixed_grid_keeps_within_a_quarter_of_the_interval(
    performed_on: date, interval: Interval, grid_from: date
) -> None:
    due_on = next_due(performed_on, interval, Anchor.FIXED, grid_from=grid_from)
    assert due_on is not None
    assert performed_on < due_on
    length = interval.length
    assert length is not None
    assert due_on <= interval.after(performed_on) + timedelta(days=int(length / 4))


@given(days, st.integers(1, 600), st.integers(1, 600))
def test_more_months_are_later(day: date, few: int, more: int) -> None:
    assert shift_months(day, few) < shift_months(day, few + more)
