"""How values look on a page: dates, moments, numbers, initials and relative time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from calibrify_core.kernel.dates import in_words

MINUS = "\N{MINUS SIGN}"
MONTHS_ABOVE = 60
DAYS_A_MONTH = 30.44


@dataclass(frozen=True, slots=True)
class Formats:
    """Formats of one page, in the organisation's time zone.

    Attributes:
        zone: the zone in which moments are shown.
        today: the organisation's date, for relative time.
    """

    zone: ZoneInfo
    today: dt.date

    def date(self, value: dt.date | None) -> str:
        """Returns a date as ``11 Dec 2026``."""
        return "" if value is None else in_words(value)

    def datetime(self, value: dt.datetime | None) -> str:
        """Returns a moment as ``11 Nov 2026, 07:00`` in the organisation's zone."""
        if value is None:
            return ""
        local = value.astimezone(self.zone)
        return f"{self.date(local.date())}, {local:%H:%M}"

    def number(self, value: Any) -> str:
        """Returns a number with its digits kept and a true minus sign."""
        if value is None:
            return ""
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
        return text.replace("-", MINUS)

    def money(self, value: Any, currency: str) -> str:
        """Returns an amount with its currency: ``12.50 EUR``; nothing where none is known."""
        return "" if value is None else f"{self.number(value)} {currency}"

    def relative(self, value: dt.date) -> str:
        """Returns how far a due date is away: ``in 18 d``, ``today``, ``52 d late``."""
        days = (value - self.today).days
        if days == 0:
            return "today"
        size = abs(days)
        months = round(size / DAYS_A_MONTH)
        text = f"{months} months" if size > MONTHS_ABOVE else f"{size} d"
        return f"in {text}" if days > 0 else f"{text} late"

    def used(self, since: dt.date | None, until: dt.date) -> int | None:
        """Returns the share of an interval that has gone by, in percent, 0 to 100."""
        if since is None or since >= until:
            return None
        return max(0, min(100, round(100 * (self.today - since).days / (until - since).days)))


def initials(name: str) -> str:
    """Returns the initials of a person.

    >>> initials("Mira van der Kovač")
    'MK'
    """
    words = [word for word in name.split() if word[:1].isalnum()]
    if not words:
        return "?"
    first = words[0][0]
    return (first + words[-1][0] if len(words) > 1 else first).upper()
