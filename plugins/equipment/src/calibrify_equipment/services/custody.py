"""Custody: handing instruments out and taking them back."""

from __future__ import annotations

import uuid
from datetime import date

from calibrify_core.kernel.errors import Conflict, Invalid, NotFound
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.events import EquipmentCheckedIn, EquipmentCheckedOut
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.location import Location
from calibrify_equipment.permissions import CUSTODY, LOCATION_VIEW
from calibrify_equipment.services.equipment import find
from calibrify_equipment.services.lifecycle import require_fitness
from calibrify_equipment.services.references import ABSENT, person_name


def check_out(
    unit: UnitOfWork,
    equipment_id: uuid.UUID,
    *,
    holder_id: uuid.UUID | None = None,
    location_id: uuid.UUID | None = None,
    expected_return_on: date | None = None,
    condition: str = "",
    override_reason: str = "",
) -> Equipment:
    """Hands an instrument out, to a person (by default the author) or to a place.

    Args:
        unit: the unit of work.
        equipment_id: which one.
        holder_id: the person who takes it.
        location_id: the place where it is brought instead.
        expected_return_on: when it should be back.
        condition: as it is handed out.
        override_reason: why it is issued although it may not be used.

    Raises:
        NotFound: it does not exist, or lies outside of the scope of `CUSTODY`.
        Conflict: it is out already, or may not be used.
        Invalid: person or place do not exist, both are given, or the return lies in the past.
        Forbidden: an override is given without the permission for it.
    """
    equipment = find(unit, equipment_id, CUSTODY)
    if equipment.held_since is not None:
        raise Conflict(f"It is checked out already, to {equipment.held_by}.")
    if holder_id is not None and location_id is not None:
        raise Invalid.field("/location_id", "Give a person or a place, not both.")
    if expected_return_on is not None and expected_return_on < unit.today():
        raise Invalid.field("/expected_return_on", "This lies in the past.")
    require_fitness(unit, equipment, equipment.status, override_reason, "issued")
    if location_id is not None:
        equipment.held_by = _place_name(unit, location_id)
    else:
        holder_id = holder_id or unit.actor.user_id
        name = person_name(unit, holder_id) if holder_id is not None else None
        if name is None:
            raise Invalid.field("/holder_id", ABSENT)
        equipment.held_by = name
    equipment.holder_id, equipment.held_at_id = holder_id, location_id
    equipment.held_since = unit.trade_now()
    equipment.expected_return_on = expected_return_on
    unit.reason = "; ".join(text for text in (condition, override_reason) if text) or None
    unit.session.flush()
    unit.publish(EquipmentCheckedOut(equipment.id, holder_id, location_id, expected_return_on))
    return equipment


def check_in(unit: UnitOfWork, equipment_id: uuid.UUID, condition: str = "") -> Equipment:
    """Takes an instrument back.

    Raises:
        NotFound: it does not exist, or lies outside of the scope of `CUSTODY`.
        Conflict: it is not checked out.
    """
    equipment = find(unit, equipment_id, CUSTODY)
    if equipment.held_since is None:
        raise Conflict("It is not checked out.")
    equipment.holder_id = equipment.held_at_id = None
    equipment.held_since = equipment.expected_return_on = None
    equipment.held_by = ""
    unit.reason = condition or None
    unit.session.flush()
    unit.publish(EquipmentCheckedIn(equipment.id, condition))
    return equipment


def _place_name(unit: UnitOfWork, location_id: uuid.UUID) -> str:
    """Returns the path of a location.

    Raises:
        Invalid: it does not exist for the author.
    """
    try:
        return unit.find(Location, location_id, LOCATION_VIEW).path
    except NotFound:
        raise Invalid.field("/location_id", ABSENT) from None
