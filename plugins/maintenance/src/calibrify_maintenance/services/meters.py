"""Meters: adding them, and entering what they show."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.kernel.errors import Conflict, Invalid, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import equipment_by_id
from calibrify_maintenance.domain.meter import Reading, problem_of, total_after
from calibrify_maintenance.events import MeterRead
from calibrify_maintenance.models.meter import Meter, MeterReading
from calibrify_maintenance.permissions import METER_CHANGE, METER_RECORD, METER_VIEW
from calibrify_maintenance.services.meter_plans import follow_reading

ABSENT = "This does not exist."
TAKEN = "This instrument has a meter of this name already."


def find(unit: UnitOfWork, meter_id: uuid.UUID, permission: str = METER_VIEW) -> Meter:
    """Returns a meter.

    Raises:
        NotFound: it does not exist, or lies outside of what the permission reaches.
    """
    return unit.find(Meter, meter_id, permission)


def meters_of(unit: UnitOfWork, equipment_id: uuid.UUID) -> list[Meter]:
    """Returns the active meters of an instrument, by name."""
    statement = (
        unit.select(Meter, METER_VIEW)
        .where(Meter.equipment_id == equipment_id, Meter.active.is_(True))
        .order_by(Meter.name)
    )
    return list(unit.session.scalars(statement))


def add(unit: UnitOfWork, values: Mapping[str, Any]) -> Meter:
    """Gives an instrument a meter.

    Args:
        unit: the unit of work.
        values: members as `schemas.meter.MeterIn` names them.

    Raises:
        Forbidden: the author may do this nowhere.
        Invalid: there is no such instrument, or it has a meter of this name.
    """
    unit.access.require(METER_CHANGE)
    if values["equipment_id"] not in equipment_by_id(unit, [values["equipment_id"]], METER_CHANGE):
        raise Invalid.field("equipment_id", ABSENT)
    meter = unit.add(Meter(id=new_id(), organisation_id=unit.organisation.id, **values))
    _flush(unit)
    return meter


def change(unit: UnitOfWork, meter: Meter, values: Mapping[str, Any]) -> Meter:
    """Changes name, unit or use of a meter.

    Args:
        unit: the unit of work.
        meter: from `find` with `METER_CHANGE`.
        values: the members that change.

    Raises:
        Invalid: the instrument has a meter of this name.
    """
    for name, value in values.items():
        setattr(meter, name, value)
    _flush(unit)
    return meter


def delete(unit: UnitOfWork, meter: Meter) -> None:
    """Gives a meter up: one without readings is deleted, of any other the history stays."""
    if meter.latest_at is None:
        unit.session.delete(meter)
    else:
        meter.active = False
    unit.session.flush()


def record(
    unit: UnitOfWork,
    meter_id: uuid.UUID,
    value: Decimal,
    read_at: datetime | None = None,
    *,
    reset: bool = False,
    reason: str = "",
) -> MeterReading:
    """Enters what a meter shows.

    Args:
        unit: the unit of work.
        meter_id: which one.
        value: what it shows.
        read_at: when it was read; None for now.
        reset: whether it was set back, or replaced, since the reading before.
        reason: why it was set back.

    Raises:
        NotFound: there is no such meter, or it lies outside of the scope of `METER_RECORD`.
        Conflict: the meter is not in use any more.
        Invalid: it goes down without having been set back, or is out of the order of time.
    """
    statement = unit.select(Meter, METER_RECORD).where(Meter.id == meter_id)
    locked = statement.with_for_update().execution_options(populate_existing=True)
    meter: Meter | None = unit.session.scalars(locked).one_or_none()
    if meter is None:
        raise NotFound
    if not meter.active:
        raise Conflict("This meter is not in use any more.")
    now = unit.trade_now()
    at = read_at or now
    before = _latest(meter)
    wrong = problem_of(before, at, value, now, reset=reset)
    if wrong is not None:
        raise Invalid.field(*wrong)
    if reset and not reason:
        raise Invalid.field("reason", "Say why the meter was set back.")
    made = unit.add(
        MeterReading(
            id=new_id(),
            organisation_id=meter.organisation_id,
            meter_id=meter.id,
            equipment_id=meter.equipment_id,
            read_at=at,
            value=value,
            total=total_after(before, value, reset=reset),
            is_reset=reset,
            reason=reason,
            entered_by_id=unit.actor.user_id,
            entered_by=unit.actor.name,
        )
    )
    unit.session.flush()
    _remember(unit, made)
    unit.session.refresh(meter)
    follow_reading(unit, meter, made.total)
    unit.publish(MeterRead(meter.id, meter.equipment_id, made.value, made.total, at))
    return made


def _latest(meter: Meter) -> Reading | None:
    """Returns the latest reading of a meter."""
    if meter.latest_at is None or meter.latest_value is None or meter.latest_total is None:
        return None
    return Reading(meter.latest_at, meter.latest_value, meter.latest_total)


def _remember(unit: UnitOfWork, reading: MeterReading) -> None:
    """Repeats a reading beside its meter; that is no change of the meter's own version."""
    statement = (
        sa.update(Meter)
        .where(Meter.id == reading.meter_id)
        .values(
            latest_value=reading.value,
            latest_total=reading.total,
            latest_at=reading.read_at,
        )
        .execution_options(synchronize_session=False)
    )
    unit.session.execute(unit.restrict(statement, Meter, METER_RECORD))


def _flush(unit: UnitOfWork) -> None:
    """Writes; a second meter of the same name on an instrument is refused."""
    try:
        unit.session.flush()
    except IntegrityError as error:
        if "name" in str(error.orig):
            raise Invalid.field("name", TAKEN) from None
        raise
