"""The figures of maintenance: how often instruments fail, how long they stand, what is in time.

Definitions follow EN 15341:2007, with calendar time for the operating time, since few
instruments count their hours; `docs/reference/maintenance-parts-and-figures.md` explains each.
All moments are aware; a window holds its start and not its end.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

HOUR = timedelta(hours=1)
NOTHING = timedelta(0)
TENTH = Decimal("0.1")
THOUSANDTH = Decimal("0.001")
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Window:
    """The time that figures are asked for.

    Attributes:
        start: the first moment.
        end: the moment after the last, later than the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuses a window in which there is no time."""
        if self.end <= self.start:
            raise ValueError("a window ends after its start")

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    def holds(self, moment: datetime) -> bool:
        """Tells whether a moment lies inside."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which an instrument could not be used.

    Attributes:
        equipment: which instrument.
        start: when it stood.
        end: when it could be used again, None while it still stands. The start itself where
            the fault was noticed and the instrument went on working.
        failure: whether it failed; False for planned work.
    """

    equipment: Hashable
    start: datetime
    end: datetime | None
    failure: bool = True


@dataclass(frozen=True, slots=True)
class Planned:
    """Work that a plan asked for.

    Attributes:
        due_on: by when.
        completed_on: when it was done, None if it was not.
    """

    due_on: date
    completed_on: date | None


@dataclass(frozen=True, slots=True)
class Compliance:
    """How much of the planned work was done in time.

    Attributes:
        due: how many orders fell due.
        on_time: how many of them were completed on their due date or before.
    """

    due: int
    on_time: int

    @property
    def percent(self) -> Decimal | None:
        """The share in percent, None where nothing fell due."""
        return share(Decimal(self.on_time), Decimal(self.due)) if self.due else None


@dataclass(frozen=True, slots=True)
class Reliability:
    """What a window says of some instruments.

    Attributes:
        instruments: how many.
        failures: failures that began in the window.
        operating: time in which they could be used, all together.
        down: time in which they could not, all together.
        mtbf: mean operating time between failures, None without a failure.
        mttr: mean time to restoration, None where no failure stopped an instrument.
        availability: share of the time in which they could be used, in percent; None without
            an instrument.
    """

    instruments: int
    failures: int
    operating: timedelta
    down: timedelta
    mtbf: timedelta | None
    mttr: timedelta | None
    availability: Decimal | None


def clipped(outage: Outage, window: Window) -> Span | None:
    """Returns the part of an outage inside a window, None if there is none.

    An outage that is still open counts up to the end of the window.

    >>> from datetime import UTC
    >>> window = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    >>> start, end = clipped(Outage("EQ-1", datetime(2026, 3, 30, tzinfo=UTC), None), window)
    >>> end - start
    datetime.timedelta(days=2)
    """
    start = max(outage.start, window.start)
    end = window.end if outage.end is None else min(outage.end, window.end)
    return (start, end) if start < end else None


def merged(spans: Iterable[Span]) -> list[Span]:
    """Returns the union of spans of time, in order: an hour that two of them hold counts once.

    >>> from datetime import UTC
    >>> hour = [datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in range(6)]
    >>> [(s.hour, e.hour) for s, e in merged([(hour[2], hour[4]), (hour[0], hour[3])])]
    [(0, 4)]
    """
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def down_time(outages: Iterable[Outage], window: Window) -> timedelta:
    """Returns how long instruments stood within a window; overlaps count once an instrument."""
    spans: dict[Hashable, list[Span]] = {}
    for outage in outages:
        part = clipped(outage, window)
        if part is not None:
            spans.setdefault(outage.equipment, []).append(part)
    return sum((end - start for each in spans.values() for start, end in merged(each)), NOTHING)


def reliability(instruments: int, outages: Sequence[Outage], window: Window) -> Reliability:
    """Returns the figures of some instruments in a window.

    MTBF is the operating time by the number of failures (EN 15341:2007, T17), MTTR the time to
    restoration of the failures by the number of those that stopped an instrument (T21),
    availability the operating time by operating time and down time together (T1).

    Args:
        instruments: how many there are, with or without an outage.
        outages: theirs, of whatever time.
        window: what is looked at.

    >>> from datetime import UTC
    >>> window = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC))
    >>> stood = Outage("EQ-1", datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC))
    >>> found = reliability(1, [stood], window)
    >>> found.mtbf.days, found.mttr.days, str(found.availability)
    (8, 2, '80.000')
    >>> reliability(1, [], window).mtbf is None
    True
    """
    down = down_time(outages, window)
    operating = max(window.length * instruments - down, NOTHING)
    failures = [one for one in outages if one.failure and window.holds(one.start)]
    stopped = [one for one in failures if clipped(one, window) is not None]
    return Reliability(
        instruments=instruments,
        failures=len(failures),
        operating=operating,
        down=down,
        mtbf=operating / len(failures) if failures else None,
        mttr=down_time(stopped, window) / len(stopped) if stopped else None,
        availability=share(hours(operating), hours(window.length * instruments))
        if instruments
        else None,
    )


def compliance(planned: Iterable[Planned], first: date, last: date, today: date) -> Compliance:
    """Returns how much of the work that fell due on some days was done in time.

    What is due today or later and not done yet is neither in time nor late: it is left out
    (EN 15341:2007, O22: orders performed as scheduled by all scheduled orders).

    Args:
        planned: orders of plans that were not cancelled.
        first: the first day.
        last: the last day.
        today: which day it is.

    >>> day = date(2026, 3, 2)
    >>> done, late, open = Planned(day, day), Planned(day, date(2026, 3, 9)), Planned(day, None)
    >>> compliance([done, late, open], day, day, today=day).percent
    Decimal('50.000')
    """
    due = [
        one
        for one in planned
        if first <= one.due_on <= last and (one.completed_on is not None or one.due_on < today)
    ]
    in_time = [one for one in due if one.completed_on and one.completed_on <= one.due_on]
    return Compliance(len(due), len(in_time))


def hours(time: timedelta) -> Decimal:
    """Returns a time in hours, exactly to the microsecond.

    >>> hours(timedelta(minutes=90))
    Decimal('1.5')
    """
    microseconds = Decimal((time.days * 86_400 + time.seconds) * 1_000_000 + time.microseconds)
    return microseconds / Decimal(3_600_000_000)


def shown_hours(time: timedelta | None) -> Decimal | None:
    """Returns a time in hours as it is shown, to a tenth; None stays None.

    >>> shown_hours(timedelta(minutes=100))
    Decimal('1.7')
    """
    return None if time is None else hours(time).quantize(TENTH, ROUND_HALF_UP)


def share(part: Decimal, whole: Decimal) -> Decimal:
    """Returns a share in percent, cut to three places: 100 says that nothing is missing.

    >>> share(Decimal("99.9999"), Decimal(100))
    Decimal('99.999')
    """
    return (100 * part / whole).quantize(THOUSANDTH, ROUND_DOWN)
