"""What the calibration plugin shows on the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from calibrify_calibration.domain.status import (
    HEADLINE,
    USABLE,
    CalibrationStatus,
    boundaries,
)
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.reach import INSTRUMENTS
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.pages.panels import link
from calibrify_calibration.pages.wording import RESULTS
from calibrify_calibration.permissions import VIEW
from calibrify_calibration.services.facet import status_condition
from calibrify_calibration.services.figures import due_by_week, recent_results
from calibrify_calibration.services.listing import attention_list
from calibrify_core.kernel.dates import in_words
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.chart_data import Bar, Forecast, Part
from calibrify_core.web.formats import Formats
from calibrify_equipment.public import verdict_of_equipment

WEEKS = 12
WINDOW = 30
MOST = 8
VALID = tuple(status.value for status in CalibrationStatus
              if status in USABLE and status is not CalibrationStatus.NOT_REQUIRED)  # fmt: skip
HELD = (HEADLINE, "quarantined", "in_calibration", "in_maintenance")
BAD = ("failed", "overdue", "never_calibrated")
_s = CalibrationState


def address(base: str, *pairs: tuple[str, str]) -> str:
    """Returns the address of a list with filters.

    >>> address("/equipment", ("status", "in_service"))
    '/equipment?status=in_service'
    """
    return f"{base}?{urlencode(pairs)}"


def _due_address(unit: Any) -> str:
    """Returns the list of what falls due within the window."""
    limits = boundaries(unit.today(), WINDOW)
    return address(
        "/equipment",
        ("status", HEADLINE),
        ("calibration_required", "true"),
        ("due_on_from", limits.today.isoformat()),
        ("due_on_to", limits.window_until.isoformat()),
        ("ordering", "due_on"),
    )


def figures(unit: Any) -> dict[str, Any]:
    """Returns the key figures; each leads to a list that counts the same."""
    counts = _counts(unit)
    share = f"{100 * counts.valid / counts.needed:.1f}" if counts.needed else "–"
    served = ("status", HEADLINE)
    kpis = [
        {
            "label": "In calibration",
            "value": share,
            "unit": "%" if counts.needed else "",
            "detail": f"{counts.valid} of {counts.needed} in service that need calibration",
            "href": address("/equipment", served, *(("calibration_status", v) for v in VALID)),
            "icon": "shield-check",
            "tone": "ok",
        },
        {
            "label": f"Due in {WINDOW} days",
            "value": counts.soon,
            "href": _due_address(unit),
            "icon": "clock-alert",
            "tone": "soon",
        },
        {
            "label": "Overdue",
            "value": counts.overdue,
            "href": address(
                "/equipment", served, ("calibration_status", "overdue"), ("ordering", "due_on")
            ),
            "icon": "triangle-alert",
            "tone": "late",
        },
        {
            "label": "Out of tolerance",
            "value": counts.failed,
            "href": address(
                "/equipment",
                *(("status", one) for one in HELD),
                ("calibration_status", "failed"),
            ),
            "icon": "octagon-alert",
            "tone": "oot",
        },
        {
            "label": "At the lab",
            "value": counts.lab,
            "href": address("/equipment", ("status", "in_calibration")),
            "icon": "flask-conical",
            "tone": "incal",
        },
    ]
    blank = {"unit": "", "detail": "", "trend": "", "trend_icon": ""}
    return {"kpis": [blank | kpi for kpi in kpis], "lead": lead_of(counts.overdue, counts.failed)}


def lead_of(overdue: int, failed: int) -> str:
    """Returns the worst news in one sentence.

    >>> lead_of(5, 1)
    '5 instruments are overdue and 1 is out of tolerance.'
    >>> lead_of(0, 0)
    'Nothing in service is overdue or out of tolerance.'
    """
    parts = []
    if overdue:
        parts.append(f"{overdue} instrument{'s are' if overdue != 1 else ' is'} overdue")
    if failed:
        who = "" if overdue else f" instrument{'s' if failed != 1 else ''}"
        parts.append(f"{failed}{who} {'are' if failed != 1 else 'is'} out of tolerance")
    if not parts:
        return "Nothing in service is overdue or out of tolerance."
    return f"{' and '.join(parts)}."


def _counts(unit: Any) -> Any:
    """Returns all key figures, in one statement within the scope."""
    status, limits = INSTRUMENTS.c.status, boundaries(unit.today(), WINDOW)
    served = status == HEADLINE

    def count(*conditions: Any) -> Any:
        return sa.func.count().filter(sa.and_(*conditions))

    statement = sa.select(
        count(served, _s.required.is_(True)).label("needed"),
        count(served, status_condition(VALID, unit)).label("valid"),
        count(
            served,
            _s.required.is_(True),
            _s.due_on >= limits.today,
            _s.due_on <= limits.window_until,
        ).label("soon"),
        count(served, status_condition(["overdue"], unit)).label("overdue"),
        count(status.in_(HELD), status_condition(["failed"], unit)).label("failed"),
        count(status == "in_calibration").label("lab"),
    ).select_from(sa.join(_s, INSTRUMENTS, INSTRUMENTS.c.id == _s.equipment_id))
    return unit.session.execute(unit.restrict(statement, _s, VIEW)).one()


def forecast(unit: Any) -> dict[str, Any]:
    """Returns how much falls due in the weeks to come, what is overdue first."""
    today = unit.today()
    weeks = due_by_week(unit, WEEKS)
    overdue = _counts(unit).overdue
    bars = []
    for index, (first, count) in enumerate(weeks):
        late = min(overdue, count) if index == 0 else 0
        parts = (Part("late", late, "Overdue"), Part("soon", count - late, "Due"))
        label = "Now" if index == 0 else f"W{first.isocalendar().week}"
        bars.append(Bar(label, parts))
    until = today + timedelta(days=7 * WEEKS - 1)
    label = f"{sum(count for _, count in weeks)} calibrations due until {in_words(until)}"
    return {
        "title": f"Calibrations due, next {WEEKS} weeks",
        "end": link("/due", "Due list"),
        "forecast": Forecast(tuple(bars), label),
    }


def attention(unit: Any) -> dict[str, Any]:
    """Returns what needs somebody: out of tolerance first, then what is in use and overdue."""
    fmt = Formats(unit.organisation.zone, unit.today())
    asked = [*(("status", one) for one in HELD), *(("calibration_status", one) for one in BAD)]
    spec = attention_list(unit.platform)
    page = run_list(unit, spec, read_request(spec, [*asked, ("limit", str(MOST))]))
    rows = [_attended(unit, record, fmt) for record in page.rows]
    href = address("/equipment", *asked, ("ordering", "due_on"))
    return {"title": "Needs attention", "end": link(href, "See all"), "flush": True, "rows": rows}


def _attended(unit: Any, record: Mapping[str, Any], fmt: Formats) -> dict[str, Any]:
    """Returns an instrument with its state as the list shows it, and the thing to do about it."""
    judged = verdict_of_equipment(unit, record)
    due = None
    if judged.due_on is not None:
        due = {
            "on": judged.due_on,
            "relative": fmt.relative(judged.due_on),
            "tone": judged.state,
            "used": fmt.used(judged.since_on, judged.due_on),
        }
    href = f"/equipment/{record['id']}"
    looks = record["calibration_status"] == "failed"
    return {
        "href": href,
        "title": record["name"],
        "tag": record["asset_tag"],
        "state": judged,
        "due": due,
        "action": "See the results" if looks else "Record",
        "action_href": (
            f"{href}/calibrations" if looks else f"/calibrations/new?equipment={record['id']}"
        ),
    }


def results(unit: Any) -> dict[str, Any]:
    """Returns what came of the calibrations of the last thirty days."""
    found = recent_results(unit)
    total = sum(found.values())
    today = unit.today()
    since = today - timedelta(days=WINDOW - 1)
    parts = _parts(found)
    return {
        "title": f"Results, last {WINDOW} days",
        "end": link(
            address(
                "/calibrations",
                ("state", "approved"),
                ("is_historical", "false"),
                ("performed_on_from", since.isoformat()),
                ("performed_on_to", today.isoformat()),
            ),
            "See all",
        ),
        "total": total,
        "parts": parts,
        "reviews": _waiting(unit),
    }


def _parts(found: Mapping[str, int]) -> list[Part]:
    """Returns the results that there are."""
    return [
        Part(RESULTS[name][0], count, RESULTS[name][2]) for name, count in found.items() if count
    ]


def _waiting(unit: Any) -> int:
    """Returns how many records wait for a review."""
    statement = sa.select(sa.func.count(Calibration.id)).where(Calibration.state == "submitted")
    return int(unit.session.execute(unit.restrict(statement, Calibration, VIEW)).scalar_one())


def to_review(unit: Any) -> str | None:
    """Returns the count beside the menu entry, None while nothing waits."""
    count = _waiting(unit)
    return str(count) if count else None
