"""When plans come round."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_maintenance.domain.recurrence import Cycle, due_cycle, next_turn, problem_of

START = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=10", "2026-02-10"),
        ("FREQ=WEEKLY;BYDAY=MO", "2026-02-02"),
        ("FREQ=MONTHLY", "2026-02-28"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-03-31"),
        ("FREQ=MONTHLY;BYDAY=1MO", "2026-02-02"),
        ("FREQ=YEARLY", "2027-01-31"),
    ],
)
def test_the_turn_after_the_first_day(rule, expected):
    assert problem_of(rule, START) == ""
    assert next_turn(rule, START, START) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ=SECONDLY",
        "FREQ=MONTHLY;FREQ=DAILY",
        "FREQ=MONTHLY;INTERVAL=0",
        "FREQ=MONTHLY;INTERVAL=99999",
        "FREQ=MONTHLY;UNTIL=20270101",
        "FREQ=MONTHLY;BYDAY=9MO",
        "FREQ=MONTHLY;BYMONTH=13",
        "RRULE:FREQ=MONTHLY",
        "FREQ=MONTHLY\nDTSTART:20200101",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    ],
)
def test_what_is_no_rule_is_refused(rule):
    assert problem_of(rule, START)


def test_turns_that_were_missed_are_one_and_end_with_the_plan():
    turns = due_cycle("FREQ=MONTHLY", START, date(2026, 5, 2), None)
    assert turns == Cycle(date(2026, 1, 31), date(2026, 4, 30))
    until = date(2026, 3, 15)
    assert due_cycle("FREQ=MONTHLY", START, date(2026, 5, 2), until, until) is None
    assert next_turn("FREQ=MONTHLY", START, until, date(2026, 3, 20)) is None


@given(
    day=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    months=st.integers(1, 24),
    days=st.integers(0, 900),
)
def test_what_is_due_is_never_later_than_asked_for_and_comes_after_what_is_done(day, months, days):
    rule = f"FREQ=MONTHLY;INTERVAL={months}"
    until = day + timedelta(days=days)
    found = due_cycle(rule, day, until, None)
    assert found is not None
    assert day == found.due_on <= found.turn <= until
    assert due_cycle(rule, day, until, found.turn) is None
    following = next_turn(rule, day, found.turn)
    assert following is not None
    assert following > until
