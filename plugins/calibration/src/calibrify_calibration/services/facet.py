"""What calibration adds to the list of instruments: status, due date, last calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.status import (
    CalibrationStatus,
    StatusFacts,
    boundaries,
    calibration_status,
)
from calibrify_calibration.models.state import NOTHING_KNOWN, CalibrationState
from calibrify_core.records.listing import Kind, ListField

_TEXT_OF = {status: status.value for status in CalibrationStatus}
STATUSES = tuple(_TEXT_OF.values())
_s = CalibrationState
_RECORDS = sa.table(
    "calibration_record",
    sa.column("id", sa.Uuid()),
    sa.column("performed_on", sa.Date()),
    sa.column("limitation", sa.String()),
)
_WAS_BAD = (_s.last_result == "fail") | (_s.last_result == "conditional_fail")


def _of_last(column: Any, when: Any) -> Any:
    """Returns a column of the last record of an instrument, looked up only where it tells."""
    found = sa.select(column).where(_RECORDS.c.id == _s.last_record_id).correlate(_s)
    return sa.case((when, found.scalar_subquery()))


COLUMNS: tuple[Any, ...] = (
    _s.required.label("calibration_required"),
    _s.not_required_reason.label("calibration_not_required_reason"),
    _s.failed.label("calibration_failed"),
    _s.has_accepted.label("calibration_has_accepted"),
    _s.due_on.label("calibration_due_on"),
    _s.ordinary_due_on.label("calibration_ordinary_due_on"),
    _s.due_soon_on.label("calibration_due_soon_on"),
    _s.is_limited.label("calibration_is_limited"),
    _s.last_calibrated_on.label("calibration_last_on"),
    _s.recalibrate_after.label("calibration_recalibrate_after"),
    _of_last(_RECORDS.c.performed_on, _s.failed & _WAS_BAD).label("calibration_failed_on"),
    _of_last(_RECORDS.c.limitation, _s.is_limited).label("calibration_limitation"),
)
"""Columns that the list of instruments selects besides its own."""

FRESH: Mapping[str, Any] = {
    column.key: NOTHING_KNOWN.get(getattr(column.element, "key", "")) for column in COLUMNS
}
"""What these columns hold of an instrument that was just registered."""

SCHEMA: Mapping[str, Mapping[str, Any]] = {
    "calibration_required": {"type": "boolean"},
    "calibration_not_required_reason": {"type": ["string", "null"]},
    "calibration_status": {"type": "string", "enum": list(STATUSES)},
    "last_calibrated_on": {"type": ["string", "null"], "format": "date"},
    "due_on": {"type": ["string", "null"], "format": "date"},
    "recalibrate_after": {"type": ["string", "null"]},
    "calibration_failed_on": {"type": ["string", "null"], "format": "date"},
    "calibration_limitation": {"type": ["string", "null"]},
}
"""JSON schemas of the members that are added to an instrument."""


_facts_in = attrgetter(*(f"calibration_{name}" for name in StatusFacts._fields))


def shape(row: Any, unit: Any) -> dict[str, Any]:
    """Returns the members that a row of the list gives."""
    facts = StatusFacts._make(_facts_in(row))
    return {
        "calibration_required": facts.required,
        "calibration_not_required_reason": row.calibration_not_required_reason or None,
        "calibration_status": _TEXT_OF[calibration_status(facts, unit.today())],
        "last_calibrated_on": row.calibration_last_on,
        "due_on": facts.due_on,
        "recalibrate_after": row.calibration_recalibrate_after,
        "calibration_failed_on": row.calibration_failed_on,
        "calibration_limitation": row.calibration_limitation,
    }


def facts_of(row: Any) -> StatusFacts:
    """Returns what the status of a row of `CalibrationState` depends on."""
    return StatusFacts(
        row.required,
        row.failed,
        row.has_accepted,
        row.due_on,
        row.ordinary_due_on,
        row.due_soon_on,
        row.is_limited,
    )


def status_condition(values: Sequence[str], unit: Any) -> sa.ColumnElement[bool]:
    """Returns the condition that the calibration status of a row is one of some.

    It spells `calibrify_calibration.domain.status.Boundaries` out in SQL: one condition for
    each status, each true for the rows that the conditions before it leave.

    Args:
        values: names of statuses.
        unit: the unit of work; its organisation's day decides.
    """
    conditions = _conditions(unit)
    wanted = [conditions[value] for value in dict.fromkeys(values)]
    return wanted[0] if len(wanted) == 1 else sa.or_(*wanted)


def judged_by(unit: Any) -> dict[str, sa.ColumnElement[Any]]:
    """Returns the calibration status in SQL: by it the verdict on an instrument looks.

    Args:
        unit: the unit of work; its organisation's day decides.
    """
    whens = [(condition, sa.literal(status)) for status, condition in _conditions(unit).items()]
    return {"calibration_status": sa.case(*whens)}


def _conditions(unit: Any) -> dict[str, sa.ColumnElement[bool]]:
    """Returns for each status the condition of the rows that have it; it is true for one alone."""
    today = boundaries(unit.today()).today
    valid = _s.due_on >= today
    needed = sa.and_(_s.required.is_(True), _s.failed.is_(False))
    extended = sa.and_(valid, _s.ordinary_due_on < today)
    soon = sa.and_(
        valid,
        sa.or_(_s.ordinary_due_on.is_(None), _s.ordinary_due_on >= today),
        _s.due_soon_on <= today,
    )
    rest = sa.or_(
        sa.and_(_s.due_on.is_(None), _s.has_accepted.is_(True)),
        sa.and_(
            valid,
            sa.or_(_s.ordinary_due_on.is_(None), _s.ordinary_due_on >= today),
            sa.or_(_s.due_soon_on.is_(None), _s.due_soon_on > today),
        ),
    )
    conditions = {
        CalibrationStatus.NOT_REQUIRED: _s.required.is_(False),
        CalibrationStatus.FAILED: sa.and_(_s.required.is_(True), _s.failed.is_(True)),
        CalibrationStatus.NEVER_CALIBRATED: sa.and_(
            needed, _s.has_accepted.is_(False), _s.due_on.is_(None)
        ),
        CalibrationStatus.OVERDUE: sa.and_(needed, _s.due_on < today),
        CalibrationStatus.EXTENDED: sa.and_(needed, extended),
        CalibrationStatus.DUE_SOON: sa.and_(needed, soon),
        CalibrationStatus.LIMITED_USE: sa.and_(needed, rest, _s.is_limited.is_(True)),
        CalibrationStatus.CURRENT: sa.and_(needed, rest, _s.is_limited.is_(False)),
    }
    return {status.value: condition for status, condition in conditions.items()}


FIELDS: tuple[ListField, ...] = (
    ListField(
        "calibration_required", "Calibration required", Kind.BOOLEAN, CalibrationState.required
    ),
    ListField("recalibrate_after", "Recalibrate after", filterable=False),
    ListField("calibration_not_required_reason", "Why no calibration", filterable=False),
    ListField(
        "calibration_status",
        "Calibration",
        Kind.CHOICE,
        CalibrationState.due_on,
        orderable=True,
        nullable=True,
        choices=STATUSES,
        matches=status_condition,
        kept=True,
        order_column=CalibrationState.due_on,
    ),
    ListField(
        "due_on", "Due on", Kind.DATE, CalibrationState.due_on, orderable=True, nullable=True
    ),
    ListField(
        "last_calibrated_on",
        "Last calibrated",
        Kind.DATE,
        CalibrationState.last_calibrated_on,
        orderable=True,
        nullable=True,
    ),
)
"""Filters and sorts of the list of instruments."""
