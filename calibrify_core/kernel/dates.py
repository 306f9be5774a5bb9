"""How a day is written where people read it; the API and exports write ``2026-03-02``."""

from __future__ import annotations

from datetime import date


def in_words(day: date) -> str:
    """Returns a day so that nobody takes the month for the day.

    >>> in_words(date(2026, 3, 2))
    '2 Mar 2026'
    """
    return f"{day.day} {day:%b} {day.year:04d}"
