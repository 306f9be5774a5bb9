"""What falls due: an agenda with the overdue first, and the month as a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from calibrify_calibration.domain.status import HEADLINE
from calibrify_calibration.models.reach import INSTRUMENTS
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.pages.wording import STATUSES, TONES
from calibrify_calibration.permissions import RECORD, VIEW
from calibrify_calibration.services.calendar import DUE
from calibrify_calibration.services.listing import due_list, due_request
from calibrify_core.kernel.errors import Invalid
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.formats import Formats
from calibrify_core.web.lists import summary_of
from calibrify_core.web.month import SHOWN_A_DAY, month_of
from calibrify_core.web.page import formats_of
from calibrify_core.web.panels import CALENDAR_ACTIONS, panels_of

WINDOWS = (7, 30, 90)
LENGTH = 100
_s = CalibrationState


def show(request: Any) -> dict[str, Any]:
    """Shows the agenda, or the month if the address asks for it."""
    month = request.GET.get("view") == "month"
    values = _month(request) if month else _agenda(request)
    href = request.route_path("calibration.due.list")
    return {
        "title": "Due list",
        "views": [
            {"label": "Agenda", "href": href, "current": not month},
            {"label": "Month", "href": f"{href}?view=month", "current": month},
        ],
        "subscribe": panels_of(request, CALENDAR_ACTIONS, DUE),
        "month": None,
        "groups": None,
        **values,
    }


def _agenda(request: Any) -> dict[str, Any]:
    """Returns what is overdue and what falls due within some days, in order."""
    fmt, href = formats_of(request), request.route_path("calibration.due.list")
    spec = due_list(request.platform)
    asked = read_request(spec, _asked(request), lenient=True)
    notices = asked.notices
    try:
        asked = due_request(replace(asked, limit=LENGTH, count="capped", fields=None))
    except Invalid as refusal:
        notices += tuple(error.detail for error in refusal.errors)
        asked = due_request(
            replace(read_request(spec, [], lenient=True), limit=LENGTH, count="capped")
        )
    page = run_list(request.unit, spec, asked)
    days = max(asked.filters["within_days"])
    may = request.unit.access.permits(RECORD)
    state = [pair for pair in _asked(request) if pair[0] not in {"cursor", "within_days"}]
    return {
        "days": days,
        "windows": [
            {
                "label": f"{window} days",
                "href": f"{href}?{urlencode([*state, ('within_days', window)])}",
                "current": window == days,
            }
            for window in WINDOWS
        ],
        "groups": by_time([_row(record, fmt) for record in page.rows], fmt.today),
        "may_record": may,
        "notices": notices,
        "summary": summary_of(page) if page.rows else f"Nothing falls due within {days} days",
        "previous_href": _cursor(href, state, days, page.previous),
        "next_href": _cursor(href, state, days, page.next),
    }


def _asked(request: Any) -> list[tuple[str, str]]:
    """Returns the filters of the address."""
    return [pair for pair in request.GET.items() if pair[0] not in {"view", "month"} and pair[1]]


def _cursor(href: str, state: Sequence[tuple[str, str]], days: int, cursor: str | None) -> str:
    """Returns the address of another page; empty where there is none."""
    if cursor is None:
        return ""
    return f"{href}?{urlencode([*state, ('within_days', str(days)), ('cursor', cursor)])}"


def _row(record: Mapping[str, Any], fmt: Formats) -> dict[str, Any]:
    """Returns an instrument as a row of the agenda."""
    status = record["calibration_status"]
    place = record["location"]["path"] if record["location"] else ""
    return {
        "href": f"/equipment/{record['id']}",
        "record_href": f"/calibrations/new?equipment={record['id']}",
        "title": record["name"],
        "tag": record["asset_tag"],
        "place": place,
        "state": STATUSES[status],
        "on": record["due_on"],
        "due": {
            "on": record["due_on"],
            "relative": fmt.relative(record["due_on"]),
            "tone": TONES[status],
            "used": fmt.used(record["last_calibrated_on"], record["due_on"]),
        },
    }


def by_time(
    rows: Sequence[Mapping[str, Any]], today: dt.date
) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Returns rows under headings of time: overdue, this week, then by month.

    >>> day = dt.date(2026, 11, 23)
    >>> rows = [{"on": day + dt.timedelta(days=n)} for n in (-3, 0, 6, 7, 40)]
    >>> [(heading, len(found)) for heading, found in by_time(rows, day)]
    [('Overdue', 1), ('This week', 2), ('November 2026', 1), ('January 2027', 1)]
    """
    sunday = today + dt.timedelta(days=6 - today.weekday())
    found: list[tuple[str, list[Mapping[str, Any]]]] = []
    for row in rows:
        day: dt.date = row["on"]
        heading = f"{day:%B} {day.year}"
        if day < today:
            heading = "Overdue"
        elif day <= sunday:
            heading = "This week"
        if not found or found[-1][0] != heading:
            found.append((heading, []))
        found[-1][1].append(row)
    return found


def _month(request: Any) -> dict[str, Any]:
    """Returns a month as weeks of days, each with what falls due."""
    unit, href = request.unit, request.route_path("calibration.due.list")
    month = month_of(request.GET.get("month", ""), unit.today())
    counts, chips = _counts(unit, *month.span), _chips(unit, *month.span)
    total = sum(n for day, n in counts.items() if day.month == month.first.month)

    def day_of(day: dt.date) -> dict[str, Any]:
        return _day(day, month.today, counts.get(day, 0), chips.get(day, []))

    return {"month": month.shown(total, href, day_of, view="month")}


def _day(
    day: dt.date, today: dt.date, count: int, chips: Sequence[dict[str, str]]
) -> dict[str, Any]:
    """Returns what falls due on a day of the month."""
    query = [
        ("status", HEADLINE),
        ("calibration_required", "true"),
        ("due_on_from", day.isoformat()),
        ("due_on_to", day.isoformat()),
    ]
    return {
        "tone": "late" if day < today else "soon" if day < today + dt.timedelta(30) else "out",
        "chips": chips,
        "more": max(0, count - len(chips)),
        "more_href": f"/equipment?{urlencode(query)}",
    }


def _due_between(first: dt.date, last: dt.date) -> tuple[Any, ...]:
    """Returns the conditions of what falls due in a time, as the headline counts it."""
    return (
        _s.required.is_(True),
        _s.due_on >= first,
        _s.due_on <= last,
        INSTRUMENTS.c.status == HEADLINE,
    )


def _counts(unit: Any, first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """Returns how many instruments fall due on each day."""
    statement = (
        sa.select(_s.due_on, sa.func.count())
        .join(INSTRUMENTS, INSTRUMENTS.c.id == _s.equipment_id)
        .where(*_due_between(first, last))
        .group_by(_s.due_on)
    )
    rows = unit.session.execute(unit.restrict(statement, _s, VIEW))
    return {row[0]: int(row[1]) for row in rows}


def _chips(unit: Any, first: dt.date, last: dt.date) -> dict[dt.date, list[dict[str, str]]]:
    """Returns the first few instruments of each day, by tag."""
    place = sa.func.row_number().over(
        partition_by=_s.due_on, order_by=(INSTRUMENTS.c.asset_tag, INSTRUMENTS.c.id)
    )
    inner = (
        sa.select(
            _s.due_on,
            INSTRUMENTS.c.id,
            INSTRUMENTS.c.asset_tag,
            INSTRUMENTS.c.name,
            place.label("place"),
        )
        .join(INSTRUMENTS, INSTRUMENTS.c.id == _s.equipment_id)
        .where(*_due_between(first, last))
    )
    inner = unit.restrict(inner, _s, VIEW)
    options = inner.get_execution_options()
    found = inner.subquery()
    statement = (
        sa.select(found)
        .where(found.c.place <= SHOWN_A_DAY)
        .order_by(found.c.due_on, found.c.place)
        .execution_options(**options)
    )
    chips: dict[dt.date, list[dict[str, str]]] = {}
    for row in unit.session.execute(statement):
        chip = {"href": f"/equipment/{row.id}", "tag": row.asset_tag, "title": row.name}
        chips.setdefault(row.due_on, []).append(chip)
    return chips


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "calibration.due.list", "/due", show, permission=VIEW, template="calibration/due.html"
    )
