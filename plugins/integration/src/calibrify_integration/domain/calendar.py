"""The text of a calendar: iCalendar (RFC 5545), the same bytes for the same entries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Event, Timezone, TimezoneStandard

from calibrify_core.hooks.calendars import CalendarEntry

PRODUCT = "-//Calibrify//Calendar//EN"
REFRESH = timedelta(hours=1)
MOST_TEXT = 1000
# What may not stand in a text (RFC 5545 §3.3.11); tabs and line ends may.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class CalendarHead:
    """What a calendar says of itself.

    Attributes:
        title: as a calendar program lists it.
        description: one sentence about what is in it.
        zone: IANA name of the organisation's time zone.
        base: address of the installation, to which an entry's path is appended.
    """

    title: str
    description: str
    zone: str
    base: str


def write_calendar(head: CalendarHead, entries: Iterable[CalendarEntry]) -> bytes:
    r"""Returns a calendar as a program reads it.

    >>> head = CalendarHead("Due", "", "UTC", "https://lab.example")
    >>> day = CalendarEntry("a@b", "Due; now", date(2026, 3, 9), "/e/1", datetime(2026, 1, 1))
    >>> [line for line in write_calendar(head, [day]).split(b"\r\n") if line[:2] in (b"DT", b"SU")]
    ... # doctest: +NORMALIZE_WHITESPACE
    [b'DTSTART:19700101T000000', b'SUMMARY:Due\\; now', b'DTSTART;VALUE=DATE:20260309',
     b'DTEND;VALUE=DATE:20260310', b'DTSTAMP:20260101T000000Z']
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", _text(head.title))
    calendar.add("x-wr-calname", _text(head.title))
    calendar.add("x-wr-timezone", head.zone)
    if head.description:
        calendar.add("description", _text(head.description))
        calendar.add("x-wr-caldesc", _text(head.description))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    # A calendar must hold something, even when nothing falls due.
    calendar.add_component(_utc())
    for entry in entries:
        calendar.add_component(_event(entry, head.base))
    text: bytes = calendar.to_ical()
    return text


def _utc() -> Timezone:
    """Returns the zone in which moments are written."""
    standard = TimezoneStandard()
    standard.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001 - local by its definition
    standard.add("tzoffsetfrom", timedelta())
    standard.add("tzoffsetto", timedelta())
    zone = Timezone()
    zone.add("tzid", "UTC")
    zone.add_component(standard)
    return zone


def _event(entry: CalendarEntry, base: str) -> Event:
    """Returns an entry as an event that blocks nobody's time."""
    event = Event()
    event.add("uid", _text(entry.uid))
    event.add("dtstamp", _moment(entry.changed_at))
    event.add("last-modified", _moment(entry.changed_at))
    event.add("sequence", entry.revision)
    event.add("summary", _text(entry.title))
    if isinstance(entry.starts, datetime):
        event.add("dtstart", _moment(entry.starts))
        event.add("dtend", _moment(entry.ends or entry.starts + timedelta(hours=1)))
    else:
        event.add("dtstart", entry.starts)
        event.add("dtend", entry.starts + timedelta(days=1))
    if entry.description:
        event.add("description", _text(entry.description))
    event.add("url", base + entry.href)
    event.add("status", entry.status)
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event


def begins(entry: CalendarEntry) -> date:
    """Returns the day on which an entry begins, by which entries are put in order."""
    return entry.starts.date() if isinstance(entry.starts, datetime) else entry.starts


def _moment(moment: datetime) -> datetime:
    """Returns a moment in UTC, in whole seconds; a naive one is in UTC already."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=0)


def _text(text: str) -> str:
    """Returns a text of bounded length without control characters, line ends as one character."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", lines)[:MOST_TEXT]
