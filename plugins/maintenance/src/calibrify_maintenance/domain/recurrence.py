"""When a plan comes round: recurrence by RRULE (RFC 5545), bounded, with months that end early.

Days only: a rule neither names hours nor comes round more often than once a day.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import takewhile
from types import MappingProxyType

from dateutil.rrule import rrule, rrulestr

LONGEST = 300
ALLOWED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "DAILY": frozenset(),
        "WEEKLY": frozenset({"BYDAY", "WKST"}),
        "MONTHLY": frozenset({"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}),
        "YEARLY": frozenset({"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}),
    }
)
"""By frequency, the parts of a rule beside FREQ and INTERVAL: such as are found in no time."""

MOST_INTERVAL = 1_000
HORIZON = timedelta(days=366 * 15)
_PART = re.compile(r"([A-Z]+)=([A-Z0-9,+-]+)", re.ASCII)
_NARROWING = frozenset({"BYDAY", "BYMONTHDAY", "BYSETPOS"})


class Anchor(StrEnum):
    """What the next turn is counted from.

    Attributes:
        SCHEDULED: The calendar; late work moves nothing.
        COMPLETED: The day on which the work was last done.
    """

    SCHEDULED = "scheduled"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Cycle:
    """A turn of a plan that is due.

    Attributes:
        due_on: the day of the first turn that was not done.
        turn: the day of the last such turn, which names the cycle: those before it are missed.
    """

    due_on: date
    turn: date


def problem_of(rule: str, starts_on: date) -> str:
    """Return what is wrong with a rule, empty if nothing is.

    Args:
        rule: as RFC 5545 writes it, without ``RRULE:``.
        starts_on: the first day on which it may come round.

    >>> problem_of("FREQ=MONTHLY;INTERVAL=3", date(2026, 1, 31))
    ''
    >>> problem_of("FREQ=HOURLY", date(2026, 1, 1))
    'FREQ is one of: DAILY, WEEKLY, MONTHLY, YEARLY.'
    """
    if len(rule) > LONGEST:
        return f"Use at most {LONGEST} characters."
    parts = _parts(rule)
    if parts is None:
        return "This is not a rule such as FREQ=MONTHLY;INTERVAL=3."
    frequency = parts.get("FREQ", "")
    if frequency not in ALLOWED:
        return f"FREQ is one of: {', '.join(ALLOWED)}."
    if unknown := sorted(set(parts) - ALLOWED[frequency] - {"FREQ", "INTERVAL"}):
        return f"{unknown[0]} is not used with {frequency}; an end is given beside the rule."
    interval = parts.get("INTERVAL", "1")
    if not (interval.isdigit() and len(interval) < 5 and 1 <= int(interval) <= MOST_INTERVAL):
        return f"INTERVAL is a whole number from 1 to {MOST_INTERVAL}."
    try:
        first = next(_turns(rule, starts_on), None)
    except (ValueError, TypeError, IndexError):
        return "This is not a rule such as FREQ=MONTHLY;INTERVAL=3."
    return "" if first is not None else "It never comes round."


def due_cycle(
    rule: str, starts_on: date, until: date, done_on: date | None, ends_on: date | None = None
) -> Cycle | None:
    """Return the turns up to a day that were not done, as one; None if there are none.

    Args:
        rule: from `problem_of` without a problem.
        starts_on: the first day on which it may come round.
        until: the last day that counts: today, or some days later.
        done_on: all turns up to this day are done; None: none is.
        ends_on: the last day of the plan.

    >>> due_cycle("FREQ=MONTHLY", date(2026, 1, 31), date(2026, 4, 10), None)
    Cycle(due_on=datetime.date(2026, 1, 31), turn=datetime.date(2026, 3, 31))
    >>> due_cycle("FREQ=MONTHLY", date(2026, 1, 31), date(2026, 4, 10), date(2026, 4, 2)) is None
    True
    """
    last = until if ends_on is None else min(until, ends_on)
    days = _days(rule, starts_on, last)
    place = 0 if done_on is None else bisect_right(days, done_on)
    return None if place == len(days) else Cycle(days[place], days[-1])


@lru_cache(maxsize=256)
def _days(rule: str, starts_on: date, until: date) -> tuple[date, ...]:
    """Return the turns up to a day; the same for all instruments of a category."""
    return tuple(takewhile(lambda day: day <= until, _turns(rule, starts_on)))


def next_turn(
    rule: str, starts_on: date, done_on: date | None, ends_on: date | None = None
) -> date | None:
    """Return the next turn that was not done; None if there is none any more.

    >>> next_turn("FREQ=YEARLY", date(2024, 2, 29), date(2024, 3, 1))
    datetime.date(2025, 2, 28)
    """
    day = next(_turns(rule, starts_on, done_on), None)
    return None if day is None or (ends_on is not None and day > ends_on) else day


def _turns(rule: str, starts_on: date, after: date | None = None) -> Iterator[date]:
    """Yield the turns after a day, at most fifteen years ahead of it."""
    begin = starts_on if after is None else max(starts_on, after)
    found = _parsed(rule, starts_on, min(begin, date.max - HORIZON) + HORIZON)
    passed = datetime.combine(begin, datetime.min.time())
    for moment in found.xafter(passed, inc=after is None or after < starts_on):
        yield moment.date()


def _parsed(rule: str, starts_on: date, until: date) -> rrule:
    """Parse a rule; a month that is too short for the day of the beginning counts to its end."""
    parts = _parts(rule) or {}
    day = starts_on.day
    if day > 28 and not _NARROWING & set(parts) and parts["FREQ"] in {"MONTHLY", "YEARLY"}:
        days = ",".join(str(number) for number in range(28, day + 1))
        rule = f"{rule};BYMONTHDAY={days};BYSETPOS=-1"
        if parts["FREQ"] == "YEARLY" and "BYMONTH" not in parts:
            rule = f"{rule};BYMONTH={starts_on.month}"
    found = rrulestr(
        f"{rule};UNTIL={until:%Y%m%d}T000000",
        dtstart=datetime.combine(starts_on, datetime.min.time()),
    )
    if not isinstance(found, rrule):
        raise TypeError("a rule is one rule")
    return found


def _parts(rule: str) -> dict[str, str] | None:
    """Return the parts of a rule by name, None if it has no such form."""
    found: dict[str, str] = {}
    for part in rule.split(";"):
        match = _PART.fullmatch(part)
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[2]
    return found
