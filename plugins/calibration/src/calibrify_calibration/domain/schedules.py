"""Schedules of an instrument: what fulfils them, and the due date that follows from the records.

A due date is never typed. It is folded from the records, every time: a back-dated entry, a void or
a rejection recomputes it because the fold simply runs over other records. Only *accepted* records
move it: approved (not void, not superseded), of a kind that fulfils the schedule, with a good
outcome. A bad outcome clears it and marks the schedule as failed until a later accepted one. An
outcome that is neither (indeterminate, not evaluated, not tested) changes nothing.

Until the first accepted calibration, an opening (imported) due date holds. A schedule without
interval keeps its opening due date as a fixed expiry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum, auto

from calibrify_calibration.domain.decisions import Result
from calibrify_calibration.domain.intervals import Anchor, Interval, WeekendRule, next_due
from calibrify_calibration.domain.states import RecordState


class RecordKind(StrEnum):
    """Why a record was made.

    Attributes:
        INITIAL: First calibration of an instrument.
        PERIODIC: The recurring calibration.
        AFTER_REPAIR: Calibration after a repair.
        VERIFICATION: Check against requirements without a full calibration.
        INTERMEDIATE_CHECK: Check between two calibrations.
    """

    INITIAL = "initial"
    PERIODIC = "periodic"
    AFTER_REPAIR = "after_repair"
    VERIFICATION = "verification"
    INTERMEDIATE_CHECK = "intermediate_check"


class ScheduleKind(StrEnum):
    """What a schedule asks for.

    Attributes:
        CALIBRATION: A calibration.
        VERIFICATION: A verification.
        INTERMEDIATE_CHECK: An intermediate check.
    """

    CALIBRATION = "calibration"
    VERIFICATION = "verification"
    INTERMEDIATE_CHECK = "intermediate_check"


class ReportedResult(StrEnum):
    """What an outside laboratory's certificate says as a whole.

    Attributes:
        PASS: In tolerance.
        FAIL: Out of tolerance.
        LIMITED: Good for a limited use only.
    """

    PASS = auto()
    FAIL = auto()
    LIMITED = auto()


class DueSource(StrEnum):
    """Where a due date comes from.

    Attributes:
        ACCEPTED: The last accepted calibration.
        IMPORTED: The opening due date.
        EXTENSION: An approved extension.
    """

    ACCEPTED = "accepted"
    IMPORTED = "imported"
    EXTENSION = "extension"


CALIBRATIONS = frozenset({RecordKind.INITIAL, RecordKind.PERIODIC, RecordKind.AFTER_REPAIR})
"""Kinds of record that are full calibrations."""

BAD = frozenset({Result.FAIL, Result.CONDITIONAL_FAIL})
"""Outcomes that clear a due date."""


@dataclass(frozen=True)
class Schedule:
    """A schedule, as far as its due date depends on it.

    Attributes:
        key: Identity of the schedule; a record may name it.
        kind: What it asks for.
        interval: None when it is not periodic.
        anchor: Where its due dates fall.
        weekend_rule: Where they go from a weekend.
        opening_due_on: Due date that the schedule was taken over with.
    """

    key: object
    kind: ScheduleKind
    interval: Interval | None
    anchor: Anchor = Anchor.EXACT
    weekend_rule: WeekendRule = WeekendRule.NONE
    opening_due_on: date | None = None


@dataclass(frozen=True)
class RecordFact:
    """What a due date needs to know of a calibration record.

    Attributes:
        performed_at: Moment of the calibration, with its time zone.
        performed_on: The same as the organisation's local day.
        kind: Why it was made.
        state: State of the record.
        outcome: As-left result (as-found where nothing was adjusted), or `reported_outcome`.
        schedule_key: Schedule that it names; None for the schedules of its kind.
        is_limited: Whether it allows a limited use only.
        is_historical: Whether it was imported without readings; it then says when a calibration
            was made and nothing else.
        order: Tie-break of records of the same moment: anything that grows with each entry.
        approved_at: When it was approved.
    """

    performed_at: datetime
    performed_on: date
    kind: RecordKind
    state: RecordState
    outcome: Result
    schedule_key: object | None = None
    is_limited: bool = False
    is_historical: bool = False
    order: str = ""
    approved_at: datetime | None = None


@dataclass(frozen=True)
class Extension:
    """An approved extension of one due date; it falls away when that date changes.

    Attributes:
        ordinary_due_on: Due date that was extended.
        new_due_on: Date until which it was extended.
    """

    ordinary_due_on: date
    new_due_on: date


@dataclass(frozen=True)
class DueState:
    """What follows from the records for one schedule, or for an instrument.

    Attributes:
        due_on: Last day on which the instrument is valid; None when there is no such day.
        ordinary_due_on: The same without extension.
        source: Where `due_on` comes from; None without one.
        last_accepted_on: Day of the last accepted record; None when there is none.
        last_calibrated_on: Day to show as the last calibration: of the last accepted record, else
            of the last historical one.
        failed: Whether the last outcome was bad.
        is_limited: Whether the last accepted record allows a limited use only.
        interval: Interval that `due_on` belongs to, for the warning time.
    """

    due_on: date | None = None
    ordinary_due_on: date | None = None
    source: DueSource | None = None
    last_accepted_on: date | None = None
    last_calibrated_on: date | None = None
    failed: bool = False
    is_limited: bool = False
    interval: Interval | None = None


def schedule_kind_for(kind: RecordKind) -> ScheduleKind:
    """Return the kind of schedule that a record of some kind fulfils by default.

    Args:
        kind: Kind of the record.

    >>> schedule_kind_for(RecordKind.AFTER_REPAIR).value
    'calibration'
    """
    return ScheduleKind.CALIBRATION if kind in CALIBRATIONS else ScheduleKind(kind.value)


def can_fulfil(kind: RecordKind, schedule_kind: ScheduleKind) -> bool:
    """Tell whether a record may name a schedule of some kind.

    A calibration is more than a check, so it may fulfil a schedule of checks that it names; a check
    or a verification never moves a calibration date.

    Args:
        kind: Kind of the record.
        schedule_kind: Kind of the schedule.

    >>> can_fulfil(RecordKind.INTERMEDIATE_CHECK, ScheduleKind.CALIBRATION)
    False
    >>> can_fulfil(RecordKind.PERIODIC, ScheduleKind.INTERMEDIATE_CHECK)
    True
    """
    return kind in CALIBRATIONS or schedule_kind_for(kind) is schedule_kind


def fulfils(fact: RecordFact, schedule: Schedule) -> bool:
    """Tell whether a record fulfils a schedule, whatever its state and outcome.

    Args:
        fact: The record.
        schedule: The schedule.
    """
    if fact.schedule_key is not None:
        return fact.schedule_key == schedule.key and can_fulfil(fact.kind, schedule.kind)
    return schedule_kind_for(fact.kind) is schedule.kind


def reported_outcome(reported: ReportedResult) -> tuple[Result, bool]:
    """Translate what a certificate reports as a whole.

    Args:
        reported: What it reports.

    Returns:
        The outcome, and whether only a limited use is allowed.

    >>> reported_outcome(ReportedResult.LIMITED)
    (<Result.PASS: 'pass'>, True)
    """
    if reported is ReportedResult.FAIL:
        return Result.FAIL, False
    return Result.PASS, reported is ReportedResult.LIMITED


def is_good(outcome: Result, *, accept_conditional_pass: bool = False) -> bool:
    """Tell whether an outcome can be accepted.

    Args:
        outcome: Outcome of a record.
        accept_conditional_pass: Policy of the organisation.

    >>> is_good(Result.CONDITIONAL_PASS), is_good(Result.PASS)
    (False, True)
    """
    return outcome is Result.PASS or (
        accept_conditional_pass and outcome is Result.CONDITIONAL_PASS
    )


def is_accepted(
    fact: RecordFact, schedule: Schedule, *, accept_conditional_pass: bool = False
) -> bool:
    """Tell whether a record moves the due date of a schedule.

    Args:
        fact: The record.
        schedule: The schedule.
        accept_conditional_pass: Policy of the organisation.
    """
    return _counts(fact, schedule) and is_good(
        fact.outcome, accept_conditional_pass=accept_conditional_pass
    )


def _counts(fact: RecordFact, schedule: Schedule) -> bool:
    """Tell whether the outcome of a record is an outcome of this schedule."""
    return fact.state is RecordState.APPROVED and not fact.is_historical and fulfils(fact, schedule)


def derive_due(
    schedule: Schedule,
    facts: Iterable[RecordFact],
    extensions: Iterable[Extension] = (),
    *,
    accept_conditional_pass: bool = False,
) -> DueState:
    """Fold the records of an instrument into the due date of one schedule.

    Args:
        schedule: The schedule.
        facts: All records of the instrument, in any order and any state.
        extensions: Approved extensions of this schedule.
        accept_conditional_pass: Policy of the organisation.

    >>> from datetime import UTC
    >>> from calibrify_calibration.domain.intervals import IntervalUnit
    >>> schedule = Schedule(1, ScheduleKind.CALIBRATION, Interval(12, IntervalUnit.MONTHS))
    >>> fact = RecordFact(
    ...     datetime(2024, 2, 29, 9, tzinfo=UTC), date(2024, 2, 29), RecordKind.PERIODIC,
    ...     RecordState.APPROVED, Result.PASS,
    ... )
    >>> derive_due(schedule, [fact]).due_on
    datetime.date(2025, 2, 28)
    >>> derive_due(schedule, [fact, replace(fact, order="2", outcome=Result.FAIL)]).failed
    True
    """
    ordered = sorted(facts, key=lambda fact: (fact.performed_at, fact.order))
    state = DueState(
        due_on=schedule.opening_due_on,
        source=None if schedule.opening_due_on is None else DueSource.IMPORTED,
        interval=schedule.interval,
    )
    grid_from = schedule.opening_due_on
    historical: date | None = None
    for fact in ordered:
        if is_accepted(fact, schedule, accept_conditional_pass=accept_conditional_pass):
            grid_from = grid_from or fact.performed_on
            state = _accept(state, schedule, fact, grid_from)
        elif _counts(fact, schedule) and fact.outcome in BAD:
            state = replace(state, due_on=None, source=None, failed=True)
        elif fact.is_historical and fact.state is RecordState.APPROVED and fulfils(fact, schedule):
            historical = fact.performed_on
    return _extend(
        replace(
            state,
            ordinary_due_on=state.due_on,
            last_calibrated_on=state.last_accepted_on or historical,
        ),
        extensions,
    )


def _accept(state: DueState, schedule: Schedule, fact: RecordFact, grid_from: date) -> DueState:
    """Return the state after an accepted record."""
    if schedule.interval is None:
        due_on = schedule.opening_due_on
        source = None if due_on is None else DueSource.IMPORTED
    else:
        due_on = next_due(
            fact.performed_on, schedule.interval, schedule.anchor, schedule.weekend_rule, grid_from
        )
        source = None if due_on is None else DueSource.ACCEPTED
    return replace(
        state,
        due_on=due_on,
        source=source,
        last_accepted_on=fact.performed_on,
        failed=False,
        is_limited=fact.is_limited,
    )


def _extend(state: DueState, extensions: Iterable[Extension]) -> DueState:
    """Return the state with the longest extension of exactly this due date."""
    longest = max(
        (
            extension.new_due_on
            for extension in extensions
            if extension.ordinary_due_on == state.ordinary_due_on
        ),
        default=None,
    )
    if longest is None or state.due_on is None or longest <= state.due_on:
        return state
    return replace(state, due_on=longest, source=DueSource.EXTENSION)


def governing(states: Iterable[DueState]) -> DueState:
    """Return what holds for an instrument with several schedules of calibration.

    The instrument has failed when one of them has; else the earliest due date counts, with all
    that belongs to it. The dates of the last calibration are the latest, and a limitation of any
    schedule holds.

    Args:
        states: States of its schedules of kind `ScheduleKind.CALIBRATION`; checks and
            verifications have due dates of their own and do not enter.

    >>> governing([DueState(due_on=date(2026, 5, 1)), DueState(due_on=date(2025, 5, 1))]).due_on
    datetime.date(2025, 5, 1)
    >>> governing([])
    DueState(due_on=None, ordinary_due_on=None, source=None, last_accepted_on=None, \
last_calibrated_on=None, failed=False, is_limited=False, interval=None)
    """
    known = list(states)
    if not known:
        return DueState()
    first = min(known, key=lambda state: state.due_on or date.max)
    failed = any(state.failed for state in known)
    accepted = [state.last_accepted_on for state in known if state.last_accepted_on is not None]
    shown = [state.last_calibrated_on for state in known if state.last_calibrated_on is not None]
    return replace(
        first,
        due_on=None if failed else first.due_on,
        ordinary_due_on=None if failed else first.ordinary_due_on,
        source=None if failed else first.source,
        last_accepted_on=max(accepted, default=None),
        last_calibrated_on=max(shown, default=None),
        failed=failed,
        is_limited=any(state.is_limited for state in known),
    )
