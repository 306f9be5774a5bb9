"""When a delivery that failed is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""After each try that failed; together some three days."""

LONGEST = timedelta(days=1)
SPREAD = 0.2


def pause_after(tries: int, lot: float, asked: timedelta | None = None) -> timedelta | None:
    """Returns how long to wait after so many tries that failed; None: there is no other.

    Args:
        tries: how often it was tried, the last time included.
        lot: from 0 to 1, drawn anew each time, so that many deliveries do not come back at once.
        asked: what the receiver asked for, see `granted_pause`.

    >>> pause_after(1, 0.0)
    datetime.timedelta(seconds=5)
    >>> pause_after(2, 1.0)
    datetime.timedelta(seconds=360)
    >>> pause_after(1, 0.0, timedelta(minutes=2))
    datetime.timedelta(seconds=120)
    >>> pause_after(10, 0.5) is None
    True
    """
    if tries > len(PAUSES):
        return None
    wait = PAUSES[tries - 1] * (1 + SPREAD * lot)
    return wait if asked is None else max(wait, asked)


def granted_pause(header: str | None, now: datetime) -> timedelta | None:
    """Reads ``Retry-After``, seconds or a moment, and grants up to a day; None: it says neither.

    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> granted_pause("120", now), granted_pause("soon", now)
    (datetime.timedelta(seconds=120), None)
    >>> granted_pause("9999999", now)
    datetime.timedelta(days=1)
    >>> granted_pause("Thu, 01 Jan 2026 00:01:00 GMT", now)
    datetime.timedelta(seconds=60)
    """
    if not header:
        return None
    if header.isascii() and header.isdigit() and len(header) < 8:
        return min(timedelta(seconds=int(header)), LONGEST)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta()), LONGEST)
