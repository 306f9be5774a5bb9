"""Headline counts: what is overdue, what falls due, and how the last calibrations went."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.decisions import Result
from calibrify_calibration.domain.intervals import shift_days
from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.domain.status import HEADLINE, boundaries
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.reach import CATEGORIES, INSTRUMENTS
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.permissions import VIEW
from calibrify_core.work.unit import UnitOfWork

WINDOW_DAYS = 30
MOST_CATEGORIES = 10
RESULTS = tuple(result.value for result in Result)

MEMBERS: Mapping[str, Mapping[str, Any]] = {
    "overdue": {"type": "integer"},
    "due_30": {"type": "integer"},
    "overdue_by_category": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["category_id", "category", "count"],
            "properties": {
                "category_id": {"type": ["string", "null"], "format": "uuid"},
                "category": {"type": ["string", "null"]},
                "count": {"type": "integer"},
            },
        },
    },
    "results_30_days": {
        "type": "object",
        "required": list(RESULTS),
        "properties": {name: {"type": "integer"} for name in RESULTS},
    },
}
"""Members of the dashboard summary, with their JSON schemas."""

_s = CalibrationState
_HELD = sa.join(
    CalibrationState, INSTRUMENTS, INSTRUMENTS.c.id == CalibrationState.equipment_id
).join(CATEGORIES, CATEGORIES.c.id == INSTRUMENTS.c.category_id, isouter=True)


def figures(unit: UnitOfWork) -> dict[str, Any]:
    """Returns all headline figures, in two statements, within the author's scope."""
    counted = due_counts(unit)
    return {**counted, "results_30_days": recent_results(unit)}


def due_counts(unit: UnitOfWork) -> dict[str, Any]:
    """Returns ``overdue``, ``due_30`` and ``overdue_by_category`` of what is in service.

    One statement: a row for each category that has something overdue or falling due.
    """
    limits = boundaries(unit.today(), WINDOW_DAYS)
    overdue = sa.func.count().filter(_s.due_on < limits.today)
    soon = sa.func.count().filter(_s.due_on >= limits.today)
    statement = (
        sa.select(
            INSTRUMENTS.c.category_id,
            CATEGORIES.c.name,
            overdue.label("overdue"),
            soon.label("soon"),
        )
        .select_from(_HELD)
        .where(
            _s.required.is_(True),
            _s.due_on <= limits.window_until,
            INSTRUMENTS.c.status == HEADLINE,
        )
        .group_by(INSTRUMENTS.c.category_id, CATEGORIES.c.name)
    )
    rows = list(unit.session.execute(unit.restrict(statement, CalibrationState, VIEW)))
    late = sorted(
        (row for row in rows if row.overdue), key=lambda row: (-row.overdue, row.name or "")
    )
    return {
        "overdue": sum(row.overdue for row in rows),
        "due_30": sum(row.soon for row in rows),
        "overdue_by_category": [
            {
                "category_id": None if row.category_id is None else str(row.category_id),
                "category": row.name,
                "count": row.overdue,
            }
            for row in late[:MOST_CATEGORIES]
        ],
    }


def recent_results(unit: UnitOfWork) -> dict[str, int]:
    """Returns how many approved calibrations of the last 30 days came to which outcome."""
    today = unit.today()
    statement = (
        sa.select(Calibration.outcome, sa.func.count())
        .where(
            Calibration.state == RecordState.APPROVED.value,
            Calibration.performed_on > shift_days(today, -WINDOW_DAYS),
            Calibration.performed_on <= today,
            Calibration.is_historical.is_(False),
        )
        .group_by(Calibration.outcome)
    )
    rows = unit.session.execute(unit.restrict(statement, Calibration, VIEW))
    found = {row[0]: row[1] for row in rows}
    return {name: int(found.get(name, 0)) for name in RESULTS}


def due_by_week(unit: UnitOfWork, weeks: int = 12) -> list[tuple[date, int]]:
    """Returns how many instruments in service fall due in each coming week, for a forecast.

    Args:
        unit: the unit of work.
        weeks: how many weeks, the present one first.

    Returns:
        First day of each week, and how many; what is overdue counts in the first.
    """
    today = unit.today()
    last = shift_days(today, 7 * weeks - 1)
    statement = (
        sa.select(_s.due_on, sa.func.count())
        .select_from(_HELD)
        .where(_s.required.is_(True), _s.due_on <= last, INSTRUMENTS.c.status == HEADLINE)
        .group_by(_s.due_on)
    )
    counts = [0] * weeks
    for due_on, count in unit.session.execute(unit.restrict(statement, CalibrationState, VIEW)):
        counts[max(0, ((due_on or today) - today).days) // 7] += count
    return [(shift_days(today, 7 * index), count) for index, count in enumerate(counts)]
