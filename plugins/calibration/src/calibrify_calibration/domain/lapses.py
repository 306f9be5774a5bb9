"""What work on an instrument does to its calibration: it lapses until a new one is accepted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from calibrify_calibration.domain.schedules import (
    CALIBRATIONS,
    DueState,
    RecordFact,
    is_good,
)
from calibrify_calibration.domain.states import RecordState


@dataclass(frozen=True)
class Affected:
    """Work that may have changed how an instrument measures.

    Attributes:
        began_at: When it began, with its time zone.
        ended_at: When it ended.
        ended_on: The same as the organisation's local day.
    """

    began_at: datetime
    ended_at: datetime
    ended_on: date


def vouches(fact: RecordFact, affected: Affected, *, accept_conditional_pass: bool = False) -> bool:
    """Tell whether a record vouches for an instrument after such work.

    It is a full calibration with a good outcome, measured after the work began and accepted
    after it ended: what was accepted before could not know of the work, and what was measured
    before says nothing of the instrument as it is now.

    Args:
        fact: The record.
        affected: The work.
        accept_conditional_pass: Policy of the organisation.
    """
    return (
        fact.state is RecordState.APPROVED
        and not fact.is_historical
        and fact.kind in CALIBRATIONS
        and is_good(fact.outcome, accept_conditional_pass=accept_conditional_pass)
        and fact.performed_at >= affected.began_at
        and fact.approved_at is not None
        and fact.approved_at >= affected.ended_at
    )


def has_lapsed(
    facts: Iterable[RecordFact], affected: Affected, *, accept_conditional_pass: bool = False
) -> bool:
    """Tell whether no record vouches for an instrument after such work."""
    return not any(
        vouches(fact, affected, accept_conditional_pass=accept_conditional_pass) for fact in facts
    )


def lapse(state: DueState, affected: Affected) -> DueState:
    """Return what holds once the calibration has lapsed: it was valid until the day before.

    What failed, or was never calibrated, stays so.

    >>> from datetime import UTC
    >>> moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> work = Affected(moment, moment, moment.date())
    >>> state = DueState(due_on=date(2027, 1, 1), last_accepted_on=date(2026, 1, 1))
    >>> lapse(state, work).due_on
    datetime.date(2026, 3, 1)
    >>> lapse(DueState(failed=True), work).due_on is None
    True
    """
    if state.failed or (state.due_on is None and state.last_accepted_on is None):
        return state
    until = affected.ended_on - timedelta(days=1)
    last = until if state.due_on is None else min(state.due_on, until)
    return replace(state, due_on=last, ordinary_due_on=last)
