"""Dates as registers write them: ISO, day or month first, or with the name of the month."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

FIRST_YEAR = 1900
LAST_YEAR = 2199

DateOrder = Literal["day_first", "month_first", "mixed"]

_TIME = r"(?:[T ]\d{1,2}:\d{2}[\d:.]*Z?)?\Z"
_NAMES = re.ASCII | re.IGNORECASE
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _TIME, re.ASCII)
_NUMBERS = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})" + _TIME, re.ASCII)
_DAY_NAME = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]*([a-z]{3,9})\.?[-/., ]+(\d{4})\Z", _NAMES)
_NAME_DAY = re.compile(r"([a-z]{3,9})\.?[-/. ]*(\d{1,2})(?:st|nd|rd|th)?[-/., ]+(\d{4})\Z", _NAMES)
_SHORT_YEAR = re.compile(r"\d{1,2}([-/. ])\d{1,2}\1\d{2}\Z", re.ASCII)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_DIRECTIVES = frozenset("YymdbBjeHMSp%-")


class UnreadableDate(ValueError):
    """The text is no date, or could be two; the message is a sentence for a person."""


@dataclass(slots=True)
class DateSurvey:
    """What all values of one column tell about the order of day and month.

    Attributes:
        day_first: a value that can only be day first, such as ``29/02/2016``.
        month_first: a value that can only be month first, such as ``2/29/2016``.
        open: values that can be both.
    """

    day_first: str | None = None
    month_first: str | None = None
    open: int = 0
    _seen: set[str] = field(default_factory=set)

    def look(self, text: str) -> None:
        """Takes one value of the column into account; ISO dates and blanks tell nothing."""
        if text in self._seen:
            return
        if len(self._seen) < 100_000:
            self._seen.add(text)
        match = _NUMBERS.match(text)
        if match is None or match.group(2) == ".":
            return
        first, second = int(match.group(1)), int(match.group(3))
        if first > 12 >= second:
            self.day_first = self.day_first or text
        elif second > 12 >= first:
            self.month_first = self.month_first or text
        elif first != second:
            self.open += 1

    @property
    def order(self) -> DateOrder | None:
        """Returns the order of day and month, ``mixed`` if both occur, None if it stays open."""
        if self.day_first and self.month_first:
            return "mixed"
        if self.day_first:
            return "day_first"
        return "month_first" if self.month_first else None


def check_format(pattern: str) -> str | None:
    """Returns why a date format cannot be used, or None.

    >>> check_format("%m/%d/%Y") is None
    True
    >>> check_format("%H:%M")
    'The format needs a year (%Y or %y), a month (%m, %b or %B) and a day (%d).'
    """
    directives = re.findall(r"%(.?)", pattern)
    odd = [name for name in directives if name not in _DIRECTIVES or name in {"", "-", "e"}]
    if odd:
        return f"%{odd[0]} is not possible in a date format."
    found = set(directives)
    if "j" in found and found & {"Y", "y"}:
        return None
    if not (found & {"Y", "y"} and found & {"m", "b", "B"} and "d" in found):
        return "The format needs a year (%Y or %y), a month (%m, %b or %B) and a day (%d)."
    return None


def read_date(text: str, pattern: str | None, order: DateOrder | None) -> date:
    """Reads one date.

    Args:
        text: trimmed, not blank.
        pattern: format as of ``strptime``; ISO 8601 is read besides, since workbooks hold both.
        order: of day and month, from a survey of the column.

    Raises:
        UnreadableDate: no date of the calendar, out of range, or not clear which one.

    >>> read_date("8/29/2001", None, "month_first"), read_date("13 Mar 2016", None, None)
    (datetime.date(2001, 8, 29), datetime.date(2016, 3, 13))
    """
    iso = _ISO.match(text)
    if iso is not None:
        return _date(text, int(iso.group(1)), int(iso.group(2)), int(iso.group(3)))
    if pattern is not None:
        try:
            found = datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            message = f"“{text[:40]}” is no date of the form {pattern}."
            raise UnreadableDate(message) from None
        return _date(text, found.year, found.month, found.day)
    numbers = _NUMBERS.match(text)
    if numbers is not None:
        return _ordered(
            text,
            int(numbers.group(1)),
            int(numbers.group(3)),
            int(numbers.group(4)),
            "day_first" if numbers.group(2) == "." else order,
        )
    named = _DAY_NAME.match(text)
    if named is not None:
        return _date(text, int(named.group(3)), _month(text, named.group(2)), int(named.group(1)))
    named = _NAME_DAY.match(text)
    if named is not None:
        return _date(text, int(named.group(3)), _month(text, named.group(1)), int(named.group(2)))
    if _SHORT_YEAR.match(text):
        message = f"“{text[:40]}” has a year of two digits; give the date format of the column."
        raise UnreadableDate(message)
    message = f"“{text[:40]}” is no date."
    raise UnreadableDate(message)


def _ordered(text: str, first: int, second: int, year: int, order: DateOrder | None) -> date:
    if first > 12 or (order == "day_first" and second <= 12) or first == second:
        return _date(text, year, second, first)
    if second > 12 or order == "month_first":
        return _date(text, year, first, second)
    why = "the column has dates of both kinds" if order == "mixed" else "nothing tells which"
    message = (
        f"“{text[:40]}” can be day first or month first, and {why}; "
        "give the date format of the column."
    )
    raise UnreadableDate(message)


def _month(text: str, name: str) -> int:
    folded = name.lower()
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(folded) or (folded == "sept" and number == 9):
            return number
    message = f"“{text[:40]}” is no date: “{name[:20]}” is no month."
    raise UnreadableDate(message)


def _date(text: str, year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        message = f"“{text[:40]}” is no date of the calendar."
        raise UnreadableDate(message) from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        message = f"“{text[:40]}” lies outside the years {FIRST_YEAR} to {LAST_YEAR}."
        raise UnreadableDate(message)
    return found
