"""Calibration status of an instrument: one function, and the dates at which its answer changes.

List, detail, label, interface, filter and counts must agree. Whoever cannot call
`calibration_status` for each row (a filter in the database) compares the stored dates of a row with
`today` in the way that `Boundaries` spells out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from calibrify_calibration.domain.intervals import Interval, shift_days

DEFAULT_DUE_SOON_DAYS = 30
"""Warning time where the category of an instrument names none, in days."""

LEAD_SHARE = 4
"""The warning time is at most one of this many parts of the interval."""

HEADLINE = "in_service"
"""Lifecycle status that headline counts cover."""


class CalibrationStatus(StrEnum):
    """What the calibration of an instrument is worth today.

    Attributes:
        NOT_REQUIRED: It needs none.
        NEVER_CALIBRATED: It needs one and has none, nor an opening due date.
        FAILED: The last outcome was bad.
        OVERDUE: The due date has passed.
        EXTENDED: Past the ordinary date, inside an approved extension.
        DUE_SOON: Within the warning time.
        LIMITED_USE: Valid for a limited use.
        CURRENT: Valid.
    """

    NOT_REQUIRED = "not_required"
    NEVER_CALIBRATED = "never_calibrated"
    FAILED = "failed"
    OVERDUE = "overdue"
    EXTENDED = "extended"
    DUE_SOON = "due_soon"
    LIMITED_USE = "limited_use"
    CURRENT = "current"


USABLE = frozenset(
    {
        CalibrationStatus.NOT_REQUIRED,
        CalibrationStatus.EXTENDED,
        CalibrationStatus.DUE_SOON,
        CalibrationStatus.LIMITED_USE,
        CalibrationStatus.CURRENT,
    }
)
"""Statuses in which an instrument may be used, as far as its calibration goes."""


class StatusFacts(NamedTuple):
    """All that the calibration status depends on, besides the day.

    Attributes:
        required: Whether the instrument needs a calibration.
        failed: Whether its last outcome was bad.
        has_accepted: Whether it has an accepted calibration.
        due_on: Last day on which it is valid, extensions included.
        ordinary_due_on: The same without extensions.
        due_soon_on: First day of the warning time, see `due_soon_on`.
        is_limited: Whether a limited use only is allowed.
    """

    required: bool
    failed: bool = False
    has_accepted: bool = False
    due_on: date | None = None
    ordinary_due_on: date | None = None
    due_soon_on: date | None = None
    is_limited: bool = False


@dataclass(frozen=True)
class Boundaries:
    """The dates that decide on one day, for comparisons in a database.

    With the columns of `StatusFacts` and the first line that is true (`required` and not `failed`
    from the fourth on):

    1. not_required: ``not required``
    2. failed: ``failed``
    3. never_calibrated: ``not has_accepted and due_on is null``
    4. overdue: ``due_on < today``
    5. extended: ``due_on >= today and ordinary_due_on < today``
    6. due_soon: ``due_on >= today and due_soon_on <= today``
    7. limited_use: ``is_limited``; current: all others.

    Attributes:
        today: The organisation's local day.
        window_until: Last day of the window "due within so many days", which starts today.
    """

    today: date
    window_until: date


def boundaries(today: date, within_days: int = 30) -> Boundaries:
    """Return the dates that decide on one day.

    Args:
        today: The organisation's local day.
        within_days: Length of the due window, in days.

    >>> boundaries(date(2016, 2, 29)).window_until
    datetime.date(2016, 3, 30)
    """
    return Boundaries(today, shift_days(today, within_days))


def lead_days(category_due_soon_days: int | None, interval: Interval | None) -> int:
    """Return the warning time: the lesser of the category's and a quarter of the interval.

    Args:
        category_due_soon_days: Days that the category of the instrument names; None for
            `DEFAULT_DUE_SOON_DAYS`.
        interval: Interval of the schedule; None, uses and hours leave the category's days.

    Returns:
        Whole days, rounded down.

    >>> from calibrify_calibration.domain.intervals import IntervalUnit
    >>> lead_days(None, Interval(12, IntervalUnit.MONTHS))
    30
    >>> lead_days(30, Interval(58, IntervalUnit.DAYS))
    14
    """
    days = DEFAULT_DUE_SOON_DAYS if category_due_soon_days is None else category_due_soon_days
    length = None if interval is None else interval.length
    return days if length is None else min(days, int(length / LEAD_SHARE))


def due_soon_on(due_on: date | None, lead: int) -> date | None:
    """Return the first day of the warning time.

    Args:
        due_on: Due date, extensions included.
        lead: Warning time in days, see `lead_days`.

    >>> due_soon_on(date(2026, 12, 31), 30)
    datetime.date(2026, 12, 1)
    """
    return None if due_on is None else shift_days(due_on, -lead)


def calibration_status(facts: StatusFacts, today: date) -> CalibrationStatus:
    """Return the calibration status of an instrument.

    It does not depend on the lifecycle: a retired instrument has one too, though its
    schedules rest.

    Args:
        facts: What is stored of the instrument.
        today: The organisation's local day; the due day itself is still valid.

    >>> day = date(2026, 5, 31)
    >>> facts = StatusFacts(True, due_on=day, ordinary_due_on=day, due_soon_on=date(2026, 5, 1))
    >>> [
    ...     calibration_status(facts, today).value
    ...     for today in (date(2026, 4, 30), date(2026, 5, 1), day, date(2026, 6, 1))
    ... ]
    ['current', 'due_soon', 'due_soon', 'overdue']
    """
    if not facts.required:
        return CalibrationStatus.NOT_REQUIRED
    if facts.failed:
        return CalibrationStatus.FAILED
    if facts.due_on is None and not facts.has_accepted:
        return CalibrationStatus.NEVER_CALIBRATED
    if facts.due_on is not None:
        if facts.due_on < today:
            return CalibrationStatus.OVERDUE
        if facts.ordinary_due_on is not None and facts.ordinary_due_on < today:
            return CalibrationStatus.EXTENDED
        if facts.due_soon_on is not None and facts.due_soon_on <= today:
            return CalibrationStatus.DUE_SOON
    return CalibrationStatus.LIMITED_USE if facts.is_limited else CalibrationStatus.CURRENT


def is_usable(status: CalibrationStatus) -> bool:
    """Tell whether an instrument may be used, as far as its calibration goes.

    Args:
        status: Its calibration status.

    >>> is_usable(CalibrationStatus.OVERDUE)
    False
    """
    return status in USABLE
