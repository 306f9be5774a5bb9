"""A month as a page shows it: a table of weeks, and how one month leads to the next."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2200, 1, 1)
SHOWN_A_DAY = 3
"""How many entries stand in the square of a day."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month, with the days of the weeks that it begins and ends in.

    Attributes:
        first: its first day.
        today: the organisation's date.
    """

    first: dt.date
    today: dt.date

    @property
    def span(self) -> tuple[dt.date, dt.date]:
        """The first and the last day that its table shows.

        >>> Month(dt.date(2026, 11, 1), dt.date(2026, 11, 23)).span
        (datetime.date(2026, 10, 26), datetime.date(2026, 12, 6))
        """
        weeks = self._weeks()
        return weeks[0][0], weeks[-1][-1]

    def shown(
        self, total: int, href: str, day_of: Callable[[dt.date], Mapping[str, Any]], **query: str
    ) -> dict[str, Any]:
        """Returns the month as the macro ``month`` draws it.

        Args:
            total: how many entries it has.
            href: address of its page.
            day_of: returns of a day ``tone``, ``chips`` ``[{href, tag, title}]``, and what does
                not fit: ``rest`` as further chips, or ``more`` as a number with ``more_href``.
            query: what the address carries beside the month.
        """
        last = self.first + dt.timedelta(31)
        return {
            "title": f"{self.first:%B} {self.first.year}",
            "total": total,
            "days": [f"{day:%A}" for day in self._weeks()[0]],
            "weeks": [[self._day(day, day_of) for day in week] for week in self._weeks()],
            "previous": _link(self.first - dt.timedelta(1), href, query),
            "next": _link(last, href, query),
        }

    def _weeks(self) -> list[list[dt.date]]:
        """Returns the weeks, each from Monday."""
        return calendar.Calendar().monthdatescalendar(self.first.year, self.first.month)

    def _day(self, day: dt.date, day_of: Callable[[dt.date], Mapping[str, Any]]) -> dict[str, Any]:
        """Returns a square of the table."""
        other = day.month != self.first.month
        return {"on": day, "other": other, "today": day == self.today, **day_of(day)}


def month_of(text: str, today: dt.date) -> Month:
    """Returns the month that an address names, this one where it names none.

    >>> day = dt.date(2026, 11, 23)
    >>> month_of("2026-02", day).first, month_of("x", day).first, month_of("9999-12", day).first
    (datetime.date(2026, 2, 1), datetime.date(2026, 11, 1), datetime.date(2026, 11, 1))
    """
    this = today.replace(day=1)
    try:
        first = dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        first = this
    return Month(first if EARLIEST <= first <= LATEST else this, today)


def _link(day: dt.date, href: str, query: Mapping[str, str]) -> dict[str, str]:
    """Returns the link to the month of a day."""
    return {
        "label": f"{day:%B}",
        "href": f"{href}?{urlencode({**query, 'month': f'{day:%Y-%m}'})}",
    }
