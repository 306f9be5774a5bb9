"""Schedules: setting, changing and ending them; their due dates follow from the records."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from calibrify_calibration.domain.intervals import interval_from
from calibrify_calibration.domain.problems import RuleError
from calibrify_calibration.models.reach import tell_tag
from calibrify_calibration.models.schedule import CalibrationSchedule
from calibrify_calibration.permissions import SCHEDULE_CHANGE, SCHEDULE_VIEW
from calibrify_calibration.services.entries import EARLIEST, LATEST
from calibrify_calibration.services.problems import field_errors
from calibrify_calibration.services.states import refresh_states
from calibrify_core.kernel.errors import FieldError, Invalid, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import equipment_by_id

ABSENT = "This does not exist."
DEFAULTS: Mapping[str, Any] = {
    "interval": None,
    "anchor": "exact",
    "weekend_rule": "none",
    "opening_due_on": None,
}


def find_schedule(
    unit: UnitOfWork, schedule_id: uuid.UUID, permission: str = SCHEDULE_VIEW
) -> CalibrationSchedule:
    """Returns an active schedule.

    Raises:
        NotFound: it does not exist, has ended, or lies outside of what the permission reaches.
    """
    schedule = unit.find(CalibrationSchedule, schedule_id, permission)
    if not schedule.active:
        raise NotFound("This schedule has ended.")
    return schedule


def schedules_of(unit: UnitOfWork, equipment_id: uuid.UUID) -> list[dict[str, Any]]:
    """Returns the active schedules of an instrument as the API shows them, oldest first."""
    statement = (
        unit.select(CalibrationSchedule, SCHEDULE_VIEW)
        .where(
            CalibrationSchedule.equipment_id == equipment_id,
            CalibrationSchedule.active.is_(True),
        )
        .order_by(CalibrationSchedule.id)
    )
    return [schedule_out(row, unit) for row in unit.session.scalars(statement)]


def create(unit: UnitOfWork, values: Mapping[str, Any]) -> CalibrationSchedule:
    """Sets a schedule of an instrument.

    Args:
        unit: the unit of work.
        values: members as `schemas.schedule.ScheduleIn` names them.

    Raises:
        Forbidden: nobody said that the author may do this anywhere.
        Invalid: with every problem.
    """
    unit.access.require(SCHEDULE_CHANGE)
    equipment_id = values["equipment_id"]
    instrument = equipment_by_id(unit, [equipment_id], SCHEDULE_CHANGE).get(equipment_id)
    if instrument is None:
        raise Invalid.field("equipment_id", ABSENT)
    tell_tag(unit.session, instrument.id, instrument.asset_tag)
    schedule = CalibrationSchedule(
        id=new_id(),
        organisation_id=unit.organisation.id,
        equipment_id=equipment_id,
        kind=values.get("kind") or "calibration",
        **_columns({**DEFAULTS, **values}),
    )
    unit.add(schedule)
    return _refreshed(unit, schedule)


def change(
    unit: UnitOfWork, schedule: CalibrationSchedule, values: Mapping[str, Any]
) -> CalibrationSchedule:
    """Changes a schedule; its due date is derived again.

    Args:
        unit: the unit of work.
        schedule: from `find_schedule` with `SCHEDULE_CHANGE`.
        values: the members that change.

    Raises:
        Invalid: with every problem.
    """
    present: dict[str, Any] = {
        "interval": interval_out(schedule),
        "anchor": schedule.anchor,
        "weekend_rule": schedule.weekend_rule,
        "opening_due_on": schedule.opening_due_on,
    }
    for name, value in _columns({**present, **values}).items():
        setattr(schedule, name, value)
    return _refreshed(unit, schedule)


def end(unit: UnitOfWork, schedule: CalibrationSchedule) -> None:
    """Ends a schedule: it stays in the history, and the due date is derived without it."""
    schedule.active = False
    refresh_states(unit, [schedule.equipment_id])


def _refreshed(unit: UnitOfWork, schedule: CalibrationSchedule) -> CalibrationSchedule:
    """Derives the due dates of the instrument and reads the schedule again."""
    refresh_states(unit, [schedule.equipment_id])
    unit.session.refresh(schedule)
    return schedule


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the columns of a schedule, checked.

    Raises:
        Invalid: with every problem.
    """
    errors: list[FieldError] = []
    wanted = values["interval"]
    interval = None
    try:
        if wanted is not None:
            interval = interval_from(wanted["value"], wanted["unit"])
    except RuleError as error:
        errors += field_errors(error)
    opening: date | None = values["opening_due_on"]
    if opening is not None and not EARLIEST <= opening <= LATEST:
        errors.append(FieldError("/opening_due_on", "This is too far from today to be meant."))
    if wanted is None and opening is None:
        errors.append(FieldError("/interval", "Give an interval, or a date of expiry."))
    if errors:
        raise Invalid(errors)
    return {
        "interval_value": None if interval is None else interval.value,
        "interval_unit": None if interval is None else interval.unit.value,
        "anchor": values["anchor"],
        "weekend_rule": values["weekend_rule"],
        "opening_due_on": opening,
    }


def interval_out(row: Any) -> dict[str, Any] | None:
    """Returns the interval of a row as the API shows it."""
    if not row.interval_value:
        return None
    return {"value": row.interval_value, "unit": row.interval_unit}


def schedule_out(row: Any, _unit: Any) -> dict[str, Any]:
    """Returns a schedule as the API shows it."""
    return {
        "id": row.id,
        "equipment_id": row.equipment_id,
        "kind": row.kind,
        "interval": interval_out(row),
        "anchor": row.anchor,
        "weekend_rule": row.weekend_rule,
        "due_on": row.due_on,
        "due_source": row.due_source,
        "opening_due_on": row.opening_due_on,
        "last_accepted_on": row.last_accepted_on,
        "failed": row.failed,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
