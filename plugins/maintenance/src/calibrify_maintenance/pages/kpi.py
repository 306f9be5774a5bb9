"""The page with the figures of maintenance, and the same as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from pyramid.response import Response

from calibrify_core.api.reply import attachment
from calibrify_core.kernel.errors import Invalid
from calibrify_core.web.chart_data import Bar, Forecast, Part
from calibrify_core.web.forms import validated
from calibrify_core.web.kit import problems_of
from calibrify_core.web.page import formats_of
from calibrify_equipment.public import find_equipment
from calibrify_maintenance.domain.kpis import hours, shown_hours
from calibrify_maintenance.permissions import KPI_VIEW
from calibrify_maintenance.schemas.kpi import KpiFilters
from calibrify_maintenance.services import kpis
from calibrify_maintenance.services.kpis import Asked, Figures

PAGE = "maintenance.kpi.show"
FILE = "maintenance.kpi.export"
NAMES = ("from", "to", "equipment", "category")
UNKNOWN = "n/a"


def _sent(request: Any) -> dict[str, str]:
    """Returns what the address asks for, as text."""
    return {name: request.GET[name] for name in NAMES if request.GET.get(name)}


def _asked(request: Any, sent: Mapping[str, str]) -> Asked:
    """Returns what the address asks for.

    Raises:
        Invalid: it makes no sense.
    """
    asked = validated(KpiFilters, sent)
    return kpis.asked_for(request.unit, asked.from_, asked.to, asked.equipment, asked.category)


def show(request: Any) -> dict[str, Any]:
    """Shows the figures; where the question makes no sense, those of the year."""
    sent, problems = _sent(request), list[dict[str, str]]()
    try:
        asked = _asked(request, sent)
    except Invalid as error:
        problems = [
            {**one, "name": one["name"].removeprefix("query.")} for one in problems_of(error)
        ]
        asked = kpis.asked_for(request.unit)
    found = kpis.figures(request.unit, asked)
    of = {}
    if asked.equipment_id is not None:
        of = {"equipment": find_equipment(request.unit, asked.equipment_id, KPI_VIEW)}
    return {
        "title": "Figures of maintenance",
        "crumbs": [],
        **of,
        "first": asked.first,
        "last": asked.last,
        "categories": kpis.categories(request.unit),
        "category": str(asked.category_id or ""),
        "kpis": _figures(found),
        "failures": _chart(found, "Failures by month", _failures),
        "downtime": _chart(found, "Hours of downtime by month", _downtime),
        "months": [_line(month, part) for month, part in found.months],
        "action": request.route_path(PAGE),
        "file_href": f"{request.route_path(FILE)}?{urlencode(sent)}",
        "problems": problems,
        "errors": {problem["name"]: problem["text"] for problem in problems},
        "days": _days(request, asked),
    }


def _days(request: Any, asked: Asked) -> str:
    """Returns the days as words."""
    fmt = formats_of(request)
    return f"{fmt.date(asked.first)} to {fmt.date(asked.last)}"


def _figures(found: Figures) -> list[dict[str, str]]:
    """Returns the key figures as the page shows them."""
    whole, done, waiting = found.whole, found.compliance, found.backlog
    failures = f"{whole.failures} failure{'' if whole.failures == 1 else 's'}"
    unknown = f", {waiting.unestimated} not estimated" if waiting.unestimated else ""
    return [
        _figure("Time between failures", shown_hours(whole.mtbf), "h", failures, "gauge"),
        _figure("Time to restoration", shown_hours(whole.mttr), "h", failures, "wrench"),
        _figure(
            "Availability",
            whole.availability,
            "%",
            f"{whole.instruments} instruments, {shown_hours(whole.down)} h down",
            "activity",
        ),
        _figure(
            "Done in time",
            None if done.percent is None else round(done.percent, 1),
            "%",
            f"{done.on_time} of {done.due} due",
            "circle-check",
        ),
        _figure(
            "Backlog",
            waiting.count,
            "orders",
            f"{kpis.backlog_hours(waiting)} h of work{unknown}",
            "clipboard-list",
        ),
    ]


def _figure(label: str, value: Any, unit: str, detail: str, icon: str) -> dict[str, str]:
    """Returns one key figure; what cannot be said is *n/a*."""
    known = value is not None
    return {
        "label": label,
        "value": str(value) if known else UNKNOWN,
        "unit": unit if known else "",
        "detail": detail,
        "icon": icon,
    }


def _failures(part: Any) -> tuple[int, str, str]:
    """Returns the column of the failures of a month."""
    return part.failures, "incal", "failures"


def _downtime(part: Any) -> tuple[int, str, str]:
    """Returns the column of the downtime of a month, in whole hours."""
    return round(hours(part.down)), "incal", "hours down"


def _chart(found: Figures, label: str, column: Any) -> Forecast:
    """Returns the course of a figure by month."""
    bars = []
    for month, part in found.months:
        count, tone, word = column(part)
        bars.append(Bar(f"{month[5:]}/{month[2:4]}", (Part(tone, count, word),)))
    return Forecast(tuple(bars), label)


def _line(month: str, part: Any) -> dict[str, str]:
    """Returns the figures of a month as the table shows them."""
    values = {
        "failures": part.failures,
        "down": shown_hours(part.down),
        "mtbf": shown_hours(part.mtbf),
        "mttr": shown_hours(part.mttr),
        "availability": part.availability,
    }
    shown = {name: UNKNOWN if value is None else str(value) for name, value in values.items()}
    return {"month": f"{date.fromisoformat(f'{month}-01'):%b %Y}", **shown}


def export(request: Any) -> Response:
    """Sends the figures as a CSV file.

    Raises:
        Invalid: the question makes no sense.
    """
    asked = _asked(request, _sent(request))
    text = io.StringIO(newline="")
    csv.writer(text).writerows(kpis.rows_of(kpis.figures(request.unit, asked)))
    body = text.getvalue().encode()
    name = f"maintenance {asked.first} to {asked.last}.csv"
    return attachment(name, "text/csv; charset=utf-8", len(body), [body])


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        PAGE, "/maintenance/figures", show, permission=KPI_VIEW, template="maintenance/kpis.html"
    )
    config.add_page(FILE, "/maintenance/figures/export", export, permission=KPI_VIEW)
