from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrify_maintenance.domain.kpis import (
    Outage,
    Planned,
    Reliability,
    Window,
    clipped,
    compliance,
    down_time,
    hours,
    merged,
    reliability,
    share,
    shown_hours,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=30))
DAY = date(2026, 3, 10)


def at(hour: float) -> datetime:
    """Returns the moment so many hours after the window's start."""
    return START + timedelta(hours=hour)


def outage(
    start: float, end: float | None, equipment: str = "EQ-1", *, failure: bool = True
) -> Outage:
    """Returns an outage from hour to hour."""
    return Outage(equipment, at(start), None if end is None else at(end), failure)


def figures(*outages: Outage, instruments: int = 1) -> Reliability:
    """Returns the figures of the window."""
    return reliability(instruments, outages, WINDOW)


def test_without_a_failure_there_is_no_mean_and_not_an_infinite_one() -> None:
    found = figures()
    assert (found.mtbf, found.mttr, found.failures) == (None, None, 0)
    assert found.availability == 100
    assert found.operating == WINDOW.length


def test_without_an_instrument_nothing_can_be_said() -> None:
    found = figures(instruments=0)
    assert (found.availability, found.mtbf, found.mttr) == (None, None, None)


def test_an_outage_that_goes_on_counts_up_to_the_end_of_the_window() -> None:
    found = figures(outage(700, None))
    assert found.down == timedelta(hours=20)
    assert found.mttr == timedelta(hours=20)
    assert found.mtbf == timedelta(hours=700)


def test_an_outage_from_before_counts_as_down_time_and_not_as_a_failure() -> None:
    found = figures(outage(-48, 12))
    assert found.down == timedelta(hours=12)
    assert (found.failures, found.mtbf, found.mttr) == (0, None, None)


def test_a_window_holds_its_first_moment_and_not_its_last() -> None:
    assert figures(outage(0, 1)).failures == 1
    assert figures(outage(720, 721)).failures == 0
    assert figures(outage(719, 721)).down == timedelta(hours=1)
    assert figures(outage(-5, 0)).down == timedelta(0)
    with pytest.raises(ValueError, match="ends after its start"):
        Window(START, START)


def test_an_hour_in_which_two_faults_overlap_is_lost_once() -> None:
    found = figures(outage(10, 20), outage(15, 25))
    assert found.down == timedelta(hours=15)
    assert found.failures == 2
    assert found.mttr == timedelta(hours=7.5)
    assert found.mtbf == timedelta(hours=705 / 2)


def test_overlaps_of_two_instruments_are_lost_twice() -> None:
    found = figures(outage(10, 20), outage(10, 20, "EQ-2"), instruments=2)
    assert found.down == timedelta(hours=20)
    assert found.availability == share(Decimal(1420), Decimal(1440))


def test_planned_work_is_down_time_and_no_failure() -> None:
    found = figures(outage(10, 20, failure=False))
    assert found.down == timedelta(hours=10)
    assert (found.failures, found.mtbf) == (0, None)


def test_a_fault_that_stopped_nothing_is_a_failure_without_a_time_to_restoration() -> None:
    found = figures(outage(10, 10), outage(20, 24))
    assert found.failures == 2
    assert found.mttr == timedelta(hours=4)
    assert figures(outage(10, 10)).mttr is None


def test_what_stands_all_the_time_is_never_available() -> None:
    found = figures(outage(-1, None))
    assert found.availability == 0
    assert found.operating == timedelta(0)


def test_a_share_says_a_hundred_only_where_nothing_is_missing() -> None:
    assert figures(outage(0, 0.001), instruments=1000).availability == Decimal("99.999")


def test_work_on_its_due_date_is_in_time_and_a_day_later_is_not() -> None:
    later = DAY + timedelta(days=1)
    orders = [Planned(DAY, DAY), Planned(DAY, later), Planned(DAY, DAY - timedelta(days=3))]
    found = compliance(orders, DAY, DAY, today=later)
    assert (found.due, found.on_time) == (3, 2)
    assert found.percent == Decimal("66.666")


def test_what_may_still_be_done_in_time_is_left_out() -> None:
    assert compliance([Planned(DAY, None)], DAY, DAY, today=DAY).percent is None
    after = compliance([Planned(DAY, None)], DAY, DAY, today=DAY + timedelta(days=1))
    assert after.percent == 0


def test_work_outside_of_the_days_is_left_out() -> None:
    day = timedelta(days=1)
    orders = [Planned(DAY - day, DAY), Planned(DAY + day, DAY)]
    assert compliance(orders, DAY, DAY, today=DAY).due == 0


def test_hours_are_shown_to_a_tenth() -> None:
    assert shown_hours(None) is None
    assert shown_hours(timedelta(minutes=3)) == Decimal("0.1")
    assert hours(timedelta(days=400)) == 9600


# On a busy machine the first draw takes its time.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SPANS = st.tuples(st.integers(-200, 900), st.integers(0, 300), st.booleans())
OUTAGES = st.lists(
    st.builds(
        lambda span, name, failure: Outage(
            name,
            at(span[0]),
            None if span[2] else at(span[0] + span[1]),
            failure,
        ),
        SPANS,
        st.sampled_from(["EQ-1", "EQ-2", "EQ-3"]),
        st.booleans(),
    ),
    max_size=12,
)


@PATIENT
@given(OUTAGES)
def test_time_is_neither_made_nor_lost(outages: list[Outage]) -> None:
    found = reliability(3, outages, WINDOW)
    assert found.down + found.operating == 3 * WINDOW.length
    assert found.availability is not None
    assert 0 <= found.availability <= 100
    assert (found.mtbf is None) == (found.failures == 0)


@PATIENT
@given(OUTAGES)
def test_the_union_is_never_more_than_the_sum(outages: list[Outage]) -> None:
    parts = [part for one in outages if (part := clipped(one, WINDOW))]
    total = sum((end - start for start, end in parts), timedelta(0))
    assert down_time(outages, WINDOW) <= total
    assert down_time(outages, WINDOW) == down_time([*outages, *outages], WINDOW)


@PATIENT
@given(OUTAGES, st.integers(1, 719))
def test_two_windows_side_by_side_hold_what_the_whole_holds(
    outages: list[Outage], cut: int
) -> None:
    # What goes on now ends at the end of whatever window is looked at.
    ended = [Outage(o.equipment, o.start, o.end or at(2000), o.failure) for o in outages]
    halves = [Window(START, at(cut)), Window(at(cut), WINDOW.end)]
    assert sum((down_time(ended, half) for half in halves), timedelta(0)) == down_time(
        ended, WINDOW
    )
    failures = sum(reliability(3, ended, half).failures for half in halves)
    assert failures == reliability(3, ended, WINDOW).failures


@PATIENT
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=10))
def test_merged_spans_are_in_order_and_apart(pairs: list[tuple[int, int]]) -> None:
    spans = merged((at(min(pair)), at(max(pair))) for pair in pairs)
    assert all(start <= end for start, end in spans)
    assert all(first[1] < second[0] for first, second in pairwise(spans))
