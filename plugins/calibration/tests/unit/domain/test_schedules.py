from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_calibration.domain.decisions import Result
from calibrify_calibration.domain.intervals import Anchor, Interval, IntervalUnit, WeekendRule
from calibrify_calibration.domain.schedules import (
    DueSource,
    DueState,
    Extension,
    RecordFact,
    RecordKind,
    ReportedResult,
    Schedule,
    ScheduleKind,
    can_fulfil,
    derive_due,
    fulfils,
    governing,
    is_accepted,
    reported_outcome,
)
from calibrify_calibration.domain.states import RecordState

YEAR = Interval(12, IntervalUnit.MONTHS)
PLAIN = Schedule("cal", ScheduleKind.CALIBRATION, YEAR)
IMPORTED = replace(PLAIN, opening_due_on=date(2024, 3, 1))
CHECKS = Schedule("check", ScheduleKind.INTERMEDIATE_CHECK, Interval(3, IntervalUnit.MONTHS))


def _fact(
    day: date,
    outcome: Result = Result.PASS,
    kind: RecordKind = RecordKind.PERIODIC,
    state: RecordState = RecordState.APPROVED,
) -> RecordFact:
    return RecordFact(datetime.combine(day, time(9), UTC), day, kind, state, outcome)


def test_nothing_yields_nothing() -> None:
    assert derive_due(PLAIN, []) == DueState(interval=YEAR)


def test_an_opening_date_holds_until_the_first_accepted_calibration() -> None:
    opening = derive_due(IMPORTED, [])
    assert (opening.due_on, opening.source) == (date(2024, 3, 1), DueSource.IMPORTED)
    assert opening.ordinary_due_on == date(2024, 3, 1)
    assert opening.last_calibrated_on is None
    accepted = derive_due(IMPORTED, [_fact(date(2024, 2, 10))])
    assert (accepted.due_on, accepted.source) == (date(2025, 2, 10), DueSource.ACCEPTED)
    assert accepted.last_calibrated_on == accepted.last_accepted_on == date(2024, 2, 10)


@pytest.mark.parametrize("state", [state for state in RecordState if state != "approved"])
def test_only_approved_records_count(state: RecordState) -> None:
    first = _fact(date(2024, 2, 10))
    later = replace(_fact(date(2024, 8, 10)), state=state)
    worse = replace(_fact(date(2024, 9, 10), Result.FAIL), state=state)
    assert derive_due(PLAIN, [first, later, worse]) == derive_due(PLAIN, [first])


def test_a_back_dated_entry_does_not_move_the_date_back() -> None:
    latest = _fact(date(2024, 8, 10))
    assert derive_due(PLAIN, [latest, _fact(date(2024, 2, 10))]).due_on == date(2025, 8, 10)
    assert derive_due(PLAIN, [latest, _fact(date(2024, 2, 10), Result.FAIL)]).failed is False


def test_a_void_brings_the_earlier_date_back() -> None:
    first, second = _fact(date(2023, 8, 10)), _fact(date(2024, 8, 10))
    assert derive_due(PLAIN, [first, second]).due_on == date(2025, 8, 10)
    void = replace(second, state=RecordState.VOID)
    assert derive_due(PLAIN, [first, void]).due_on == date(2024, 8, 10)
    assert derive_due(IMPORTED, [void]).source is DueSource.IMPORTED


@pytest.mark.parametrize("outcome", [Result.FAIL, Result.CONDITIONAL_FAIL])
def test_a_fail_clears_the_date_until_a_good_one(outcome: Result) -> None:
    good, bad = _fact(date(2023, 8, 10)), _fact(date(2024, 8, 10), outcome)
    failed = derive_due(IMPORTED, [good, bad])
    assert failed.failed
    assert (failed.due_on, failed.source, failed.ordinary_due_on) == (None, None, None)
    assert failed.last_calibrated_on == date(2023, 8, 10)
    repaired = derive_due(
        IMPORTED, [good, bad, _fact(date(2024, 9, 1), kind=RecordKind.AFTER_REPAIR)]
    )
    assert not repaired.failed
    assert repaired.due_on == date(2025, 9, 1)


@pytest.mark.parametrize(
    "outcome",
    [Result.INDETERMINATE, Result.NOT_EVALUATED, Result.NOT_TESTED, Result.CONDITIONAL_PASS],
)
def test_what_is_neither_good_nor_bad_changes_nothing(outcome: Result) -> None:
    good = _fact(date(2023, 8, 10))
    assert derive_due(PLAIN, [good, _fact(date(2024, 8, 10), outcome)]) == derive_due(PLAIN, [good])


def test_a_conditional_pass_is_accepted_by_policy() -> None:
    fact = _fact(date(2024, 8, 10), Result.CONDITIONAL_PASS)
    assert derive_due(PLAIN, [fact]).due_on is None
    assert derive_due(PLAIN, [fact], accept_conditional_pass=True).due_on == date(2025, 8, 10)


@pytest.mark.parametrize("kind", [RecordKind.VERIFICATION, RecordKind.INTERMEDIATE_CHECK])
@pytest.mark.parametrize("key", [None, "cal"])
def test_checks_and_verifications_never_move_a_calibration_date(
    kind: RecordKind, key: str | None
) -> None:
    first = _fact(date(2024, 2, 10))
    check = replace(_fact(date(2024, 8, 10), kind=kind), schedule_key=key)
    assert derive_due(PLAIN, [first, check]) == derive_due(PLAIN, [first])
    assert not can_fulfil(kind, ScheduleKind.CALIBRATION)


def test_a_record_moves_the_schedule_that_it_names() -> None:
    other = replace(PLAIN, key="other")
    named = replace(_fact(date(2024, 2, 10)), schedule_key="other")
    assert not fulfils(named, PLAIN)
    assert fulfils(named, other)
    on_checks = replace(named, schedule_key="check")
    assert derive_due(CHECKS, [on_checks]).due_on == date(2024, 5, 10)
    assert derive_due(PLAIN, [on_checks]).due_on is None
    plain_check = _fact(date(2024, 2, 10), kind=RecordKind.INTERMEDIATE_CHECK)
    assert is_accepted(plain_check, CHECKS)
    assert not is_accepted(_fact(date(2024, 2, 10)), CHECKS)


def test_records_of_the_same_moment_go_by_their_order() -> None:
    good = replace(_fact(date(2024, 2, 10)), order="2")
    bad = replace(_fact(date(2024, 2, 10), Result.FAIL), order="1")
    assert not derive_due(PLAIN, [good, bad]).failed
    assert derive_due(PLAIN, [replace(good, order="0"), bad]).failed


def test_an_imported_record_shows_its_day_and_decides_nothing() -> None:
    historical = replace(_fact(date(2023, 8, 10)), is_historical=True)
    state = derive_due(IMPORTED, [historical])
    assert state.last_calibrated_on == date(2023, 8, 10)
    assert state.last_accepted_on is None
    assert (state.due_on, state.source) == (date(2024, 3, 1), DueSource.IMPORTED)
    both = derive_due(IMPORTED, [historical, _fact(date(2023, 2, 1))])
    assert both.last_calibrated_on == date(2023, 2, 1)


def test_a_fixed_expiry_stays_after_a_calibration() -> None:
    expiry = replace(IMPORTED, interval=None)
    state = derive_due(expiry, [_fact(date(2024, 2, 10))])
    assert (state.due_on, state.source) == (date(2024, 3, 1), DueSource.IMPORTED)
    assert state.last_accepted_on == date(2024, 2, 10)
    without = derive_due(replace(expiry, opening_due_on=None), [_fact(date(2024, 2, 10))])
    assert (without.due_on, without.source) == (None, None)
    assert without.last_accepted_on == date(2024, 2, 10)


def test_usage_has_no_date() -> None:
    usage = replace(PLAIN, interval=Interval(5000, IntervalUnit.USES))
    assert derive_due(usage, [_fact(date(2024, 2, 10))]).due_on is None


def test_a_fixed_anchor_takes_its_grid_from_the_opening_date_or_the_first_calibration() -> None:
    fixed = replace(IMPORTED, anchor=Anchor.FIXED)
    assert derive_due(fixed, [_fact(date(2024, 2, 20))]).due_on == date(2025, 3, 1)
    own = replace(PLAIN, anchor=Anchor.FIXED, weekend_rule=WeekendRule.PREVIOUS)
    facts = [_fact(date(2024, 2, 20)), _fact(date(2025, 3, 5))]
    assert derive_due(own, facts).due_on == date(2026, 2, 20)


def test_an_extension_holds_for_the_date_that_it_extended() -> None:
    extension = Extension(date(2025, 2, 10), date(2025, 4, 1))
    facts = [_fact(date(2024, 2, 10))]
    extended = derive_due(PLAIN, facts, [extension])
    assert (extended.due_on, extended.source) == (date(2025, 4, 1), DueSource.EXTENSION)
    assert extended.ordinary_due_on == date(2025, 2, 10)
    after = derive_due(PLAIN, [*facts, _fact(date(2025, 3, 1))], [extension])
    assert (after.due_on, after.source) == (date(2026, 3, 1), DueSource.ACCEPTED)
    other = Extension(date(2024, 2, 1), date(2027, 1, 1))
    assert derive_due(PLAIN, facts, [other]).due_on == date(2025, 2, 10)
    shorter = Extension(date(2025, 2, 10), date(2025, 1, 1))
    assert derive_due(PLAIN, facts, [shorter]).source is DueSource.ACCEPTED
    failed = derive_due(PLAIN, [*facts, _fact(date(2025, 1, 1), Result.FAIL)], [extension])
    assert failed.due_on is None


def test_reports_of_outside_laboratories() -> None:
    assert reported_outcome(ReportedResult.PASS) == (Result.PASS, False)
    assert reported_outcome(ReportedResult.FAIL) == (Result.FAIL, False)
    assert reported_outcome(ReportedResult.LIMITED) == (Result.PASS, True)


def test_a_limitation_goes_with_the_record_that_made_it() -> None:
    limited = replace(_fact(date(2024, 2, 10)), is_limited=True)
    assert derive_due(PLAIN, [limited]).is_limited
    assert not derive_due(PLAIN, [limited, _fact(date(2025, 2, 10))]).is_limited


def test_the_earliest_of_several_schedules_governs() -> None:
    year = derive_due(PLAIN, [_fact(date(2024, 2, 10))])
    month = replace(year, due_on=date(2024, 3, 10), last_calibrated_on=date(2023, 1, 1))
    usage = DueState(last_accepted_on=date(2024, 5, 1))
    both = governing([year, month, usage])
    assert both.due_on == date(2024, 3, 10)
    assert both.last_calibrated_on == date(2024, 2, 10)
    assert both.last_accepted_on == date(2024, 5, 1)
    failed = governing([year, replace(month, failed=True, due_on=None)])
    assert failed.failed
    assert failed.due_on is None


facts = st.lists(
    st.builds(
        _fact,
        st.dates(date(2015, 1, 1), date(2030, 12, 31)),
        st.sampled_from(list(Result)),
        st.sampled_from(list(RecordKind)),
        st.sampled_from(list(RecordState)),
    ),
    max_size=8,
    unique_by=lambda fact: fact.performed_on,
)


@given(facts.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_entry_does_not_matter(
    orders: tuple[list[RecordFact], list[RecordFact]],
) -> None:
    assert derive_due(IMPORTED, orders[0]) == derive_due(IMPORTED, orders[1])


@given(facts, st.dates(date(2015, 1, 1), date(2030, 12, 31)))
def test_one_more_good_calibration_never_brings_the_date_forward(
    some: list[RecordFact], day: date
) -> None:
    before = derive_due(PLAIN, some)
    after = derive_due(PLAIN, [*some, replace(_fact(day), order="1")])
    assert not (before.due_on and not after.failed) or (
        after.due_on is not None and after.due_on >= before.due_on
    )
    assert not before.due_on or not after.failed


@given(facts)
def test_what_failed_has_no_date_and_what_has_one_says_whence(some: list[RecordFact]) -> None:
    state = derive_due(IMPORTED, some)
    assert not (state.failed and state.due_on)
    assert (state.due_on is None) == (state.source is None)
