"""Recalibration intervals and the calendar: from the day of a calibration to the day it is due.

Months are calendar months, never thirty days: 31 January 2024 + 1 month is 29 February 2024, and
29 February 2024 + 12 months is 28 February 2025. Days are days and are never turned into months.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from calibrify_calibration.domain.problems import Problem, RuleError

DAYS_PER_MONTH = Fraction(146097, 4800)
"""Mean length of a month of the Gregorian calendar, in days."""


class IntervalUnit(StrEnum):
    """What an interval is counted in.

    Attributes:
        DAYS: Calendar days.
        MONTHS: Calendar months.
        USES: Uses of the instrument; such an interval has no date.
        HOURS: Hours of operation; such an interval has no date.
    """

    DAYS = "days"
    MONTHS = "months"
    USES = "uses"
    HOURS = "hours"


LONGEST = {
    IntervalUnit.DAYS: 36_525,
    IntervalUnit.MONTHS: 1_200,
    IntervalUnit.USES: 1_000_000_000,
    IntervalUnit.HOURS: 1_000_000_000,
}
"""Largest value of an interval, by its unit: a century on the calendar."""


class Anchor(StrEnum):
    """Where a due date falls.

    Attributes:
        EXACT: The interval after the day of the calibration.
        END_OF_MONTH: The last day of that month.
        FIXED: On a grid of dates that stays where it is, however early or late the work was done.
    """

    EXACT = "exact"
    END_OF_MONTH = "end_of_month"
    FIXED = "fixed"


class WeekendRule(StrEnum):
    """Where a due date goes that falls on a Saturday or Sunday.

    Attributes:
        NONE: It stays.
        PREVIOUS: To the Friday before.
        NEAREST: To the Friday before a Saturday, to the Monday after a Sunday.
    """

    NONE = "none"
    PREVIOUS = "previous"
    NEAREST = "nearest"


@dataclass(frozen=True)
class Interval:
    """A recalibration interval.

    Attributes:
        value: How many; at least 1.
        unit: Of what.
    """

    value: int
    unit: IntervalUnit

    @property
    def is_calendar(self) -> bool:
        """Whether a date follows from the interval.

        >>> Interval(5000, IntervalUnit.USES).is_calendar
        False
        """
        return self.unit in (IntervalUnit.DAYS, IntervalUnit.MONTHS)

    @property
    def length(self) -> Fraction | None:
        """Length in days, a month at its mean length; None where it has no date.

        >>> float(Interval(12, IntervalUnit.MONTHS).length)
        365.2425
        """
        match self.unit:
            case IntervalUnit.DAYS:
                return Fraction(self.value)
            case IntervalUnit.MONTHS:
                return self.value * DAYS_PER_MONTH
            case _:
                return None

    def after(self, day: date, times: int = 1) -> date:
        """Return the day that lies some intervals after another, on the calendar.

        A day beyond the year 9999 becomes its last day. Uses and hours leave the day as it is.

        Args:
            day: Where to start.
            times: How many intervals; negative goes back.

        >>> Interval(1, IntervalUnit.MONTHS).after(date(2024, 1, 31))
        datetime.date(2024, 2, 29)
        >>> Interval(12, IntervalUnit.MONTHS).after(date(2024, 2, 29))
        datetime.date(2025, 2, 28)
        """
        match self.unit:
            case IntervalUnit.DAYS:
                return shift_days(day, self.value * times)
            case IntervalUnit.MONTHS:
                return shift_months(day, self.value * times)
            case _:
                return day


def interval_from(value: int | None, unit: str, pointer: str = "/interval") -> Interval | None:
    """Read an interval.

    Args:
        value: How many; None or 0 says that there is no periodic schedule.
        unit: Value of `IntervalUnit`.
        pointer: JSON pointer of the interval, for the errors.

    Raises:
        RuleError: With every problem.

    >>> interval_from(0, "days") is None
    True
    >>> interval_from(12, "months").value
    12
    """
    problems: list[Problem] = []
    if unit not in list(IntervalUnit):
        problems.append(Problem(f"{pointer}/unit", "Use days, months, uses or hours."))
    elif value is not None and not 0 <= value <= LONGEST[IntervalUnit(unit)]:
        longest = LONGEST[IntervalUnit(unit)]
        problems.append(Problem(f"{pointer}/value", f"Use a number from 0 to {longest}."))
    if problems:
        raise RuleError(problems)
    return Interval(value, IntervalUnit(unit)) if value else None


def shift_days(day: date, days: int) -> date:
    """Return the day some days later, held within the years that a date can have.

    Args:
        day: Where to start.
        days: How many days; negative goes back.

    >>> shift_days(date(9999, 12, 30), 5)
    datetime.date(9999, 12, 31)
    """
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def shift_months(day: date, months: int) -> date:
    """Return the day some calendar months later; a day that the month lacks becomes its last.

    Args:
        day: Where to start.
        months: How many months; negative goes back.

    >>> shift_months(date(2024, 5, 31), -3)
    datetime.date(2024, 2, 29)
    """
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if years > date.max.year:
        return date.max
    if years < date.min.year:
        return date.min
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def end_of_month(day: date) -> date:
    """Return the last day of the month of a day.

    Args:
        day: Any day.

    >>> end_of_month(date(2024, 2, 3))
    datetime.date(2024, 2, 29)
    """
    return day.replace(day=monthrange(day.year, day.month)[1])


def off_weekend(day: date, rule: WeekendRule) -> date:
    """Move a day off the weekend.

    Args:
        day: Any day.
        rule: Where to.

    >>> off_weekend(date(2026, 11, 22), WeekendRule.PREVIOUS)
    datetime.date(2026, 11, 20)
    >>> off_weekend(date(2026, 11, 22), WeekendRule.NEAREST)
    datetime.date(2026, 11, 23)
    """
    beyond_friday = day.weekday() - 4
    if rule is WeekendRule.NONE or beyond_friday <= 0:
        return day
    if rule is WeekendRule.NEAREST and beyond_friday == 2:
        return shift_days(day, 1)
    return shift_days(day, -beyond_friday)


def next_due(
    performed_on: date,
    interval: Interval | None,
    anchor: Anchor = Anchor.EXACT,
    weekend_rule: WeekendRule = WeekendRule.NONE,
    grid_from: date | None = None,
) -> date | None:
    """Return the day on which the next calibration is due.

    With a fixed anchor, the due dates are the grid of `grid_from` and whole intervals from it. A
    calibration done early counts for the coming date of the grid when it is early by no more than
    a quarter of the interval; work done earlier than that is additional and does not stretch it.

    Args:
        performed_on: Local day of the calibration.
        interval: The interval; None when there is no periodic schedule.
        anchor: Where the due date falls.
        weekend_rule: Where it goes from a weekend. At the end of a month it never leaves the month.
        grid_from: A date of the grid for a fixed anchor; the day of the calibration where None.

    Returns:
        None when no date follows: no interval, or one in uses or hours.

    >>> year = Interval(12, IntervalUnit.MONTHS)
    >>> next_due(date(2024, 2, 20), year, Anchor.FIXED, grid_from=date(2024, 3, 1))
    datetime.date(2025, 3, 1)
    >>> next_due(date(2024, 1, 10), year, Anchor.END_OF_MONTH)
    datetime.date(2025, 1, 31)
    """
    if interval is None or not interval.is_calendar:
        return None
    due = interval.after(performed_on)
    if anchor is Anchor.FIXED and grid_from is not None:
        due = _on_grid(performed_on, interval, grid_from)
    if anchor is Anchor.END_OF_MONTH:
        due = end_of_month(due)
        if weekend_rule is WeekendRule.NEAREST:
            weekend_rule = WeekendRule.PREVIOUS
    moved = off_weekend(due, weekend_rule)
    # A very short interval must not fall back on the day of the calibration itself.
    return moved if moved > performed_on else due


def _on_grid(performed_on: date, interval: Interval, grid_from: date) -> date:
    """Return the last date of the grid within one and a quarter intervals of a calibration."""
    length = interval.length or Fraction(1)
    latest = shift_days(interval.after(performed_on), int(length / 4))
    steps = int((latest - grid_from).days / length) + 1
    while interval.after(grid_from, steps) > latest:
        steps -= 1
    due = interval.after(grid_from, steps)
    return due if due > performed_on else interval.after(performed_on)
