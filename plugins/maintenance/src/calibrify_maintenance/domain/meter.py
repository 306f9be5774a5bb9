"""Meters: what a reading may be, and how much an instrument has run altogether."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter showed.

    Attributes:
        at: when it was read.
        value: what it showed.
        total: how much the instrument has run altogether; the value itself until the meter was
            set back for the first time.
    """

    at: datetime
    value: Decimal
    total: Decimal


def problem_of(
    latest: Reading | None, at: datetime, value: Decimal, now: datetime, *, reset: bool
) -> tuple[str, str] | None:
    """Returns what is wrong with a reading, None if nothing is.

    A meter only goes up, unless it was set back; readings are entered in the order of time.

    Args:
        latest: the reading before, None for the first.
        at: when it was read.
        value: what the meter showed.
        now: the present moment.
        reset: whether the meter was set back, or replaced, since the reading before.

    Returns:
        The member that is wrong, and a sentence.
    """
    if value < 0:
        return "value", "A meter does not go below zero."
    if at > now:
        return "read_at", "This moment has not come yet."
    if latest is None:
        return None
    if at <= latest.at:
        return "read_at", "There is a later reading already."
    if value < latest.value and not reset:
        return "value", f"It showed {latest.value} before: was the meter set back?"
    return None


def total_after(latest: Reading | None, value: Decimal, *, reset: bool) -> Decimal:
    """Returns how much an instrument has run altogether.

    What a meter shows right after it was set back counts for nothing: nobody knows how long the
    instrument ran in between.

    >>> from datetime import UTC
    >>> before = Reading(datetime(2026, 3, 1, tzinfo=UTC), Decimal(900), Decimal(900))
    >>> total_after(before, Decimal(950), reset=False), total_after(before, Decimal(3), reset=True)
    (Decimal('950'), Decimal('900'))
    """
    if latest is None:
        return value
    return latest.total if reset else latest.total + (value - latest.value)


def next_mark(mark: Decimal, interval: Decimal, total: Decimal) -> Decimal:
    """Returns the next reading at which work is due, beyond what a meter shows by now.

    Marks that were passed together count once; those to come stay where they were.

    >>> next_mark(Decimal(500), Decimal(500), Decimal(1700))
    Decimal('2000')
    """
    passed = (total - mark) // interval + 1
    return mark + passed * interval
