"""What a plugin declares of calendars: where entries come from, and what an entry says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CalendarWindow:
    """What a calendar asks its sources for.

    Attributes:
        first: first day.
        last: last day.
        own: only what is in the hands of the unit's actor; what that means, the source knows.
        most: more entries are of no use; the earliest count.
    """

    first: date
    last: date
    own: bool
    most: int


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Something that stands in a calendar: a whole day, or a time with a beginning and an end.

    Attributes:
        uid: names it for ever, unique in the installation; what moves to another day either
            keeps it and counts its changes in ``revision``, or becomes another entry.
        title: one line.
        starts: the day, or the moment.
        ends: the moment of its end; None for a whole day.
        href: path of its page.
        changed_at: when it was last changed.
        revision: counts the changes of day, time and state.
        description: more about it.
        status: ``CONFIRMED``, ``TENTATIVE`` or ``CANCELLED``.
    """

    uid: str
    title: str
    starts: date | datetime
    href: str
    changed_at: datetime
    ends: datetime | None = None
    revision: int = 0
    description: str = ""
    status: str = "CONFIRMED"


@dataclass(frozen=True, slots=True)
class CalendarSource:
    """Where calendars get entries of one kind.

    Attributes:
        name: unique, ``<plugin>.<what>``.
        title: as people read it.
        permission: asked only for who holds it.
        entries: called with (unit, window), returns entries within the scope, earliest first.
    """

    name: str
    title: str
    permission: str
    entries: Callable[[Any, CalendarWindow], Iterable[CalendarEntry]]
