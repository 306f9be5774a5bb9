"""Parts: entering, changing and giving up what the store holds."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.kernel.errors import Conflict, Invalid
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.models.part import Part, PartMovement
from calibrify_maintenance.permissions import PART_CHANGE, PART_VIEW
from calibrify_maintenance.services import stock

SERIES = "maintenance.part"
DEFAULTS: Mapping[str, Any] = {
    "unit": "pcs",
    "minimum": Decimal(0),
    "location": "",
    "notes": "",
    "active": True,
}
TAKEN = "Another part has this number."


def find(unit: UnitOfWork, part_id: uuid.UUID, permission: str = PART_VIEW) -> Part:
    """Returns a part.

    Raises:
        NotFound: it does not exist.
        Forbidden: the author may change parts for a part of the organisation only.
    """
    part = unit.find(Part, part_id, permission)
    if permission == PART_CHANGE:
        unit.access.require_everywhere(PART_CHANGE)
    return part


def add(unit: UnitOfWork, values: Mapping[str, Any]) -> Part:
    """Enters a part, with what is there of it already.

    Args:
        unit: the unit of work.
        values: members as `schemas.part.PartIn` names them.

    Raises:
        Forbidden: the author may not do this for the whole organisation.
        Invalid: another part has this number.
    """
    unit.access.require_everywhere(PART_CHANGE)
    given = {name: value for name, value in values.items() if value is not None}
    opening = given.pop("opening_stock", Decimal(0))
    given.setdefault("number", None)
    part = Part(id=new_id(), organisation_id=unit.organisation.id, **{**DEFAULTS, **given})
    part.number = part.number or unit.next_number(SERIES)
    part.stock = Decimal(0)
    unit.add(part)
    _flush(unit)
    if opening:
        stock.correct(unit, part.id, opening, "Opening stock")
    return part


def change(unit: UnitOfWork, part: Part, values: Mapping[str, Any]) -> Part:
    """Changes what is known of a part; its stock changes by movements only.

    Args:
        unit: the unit of work.
        part: from `find` with `PART_CHANGE`.
        values: the members that change.

    Raises:
        Invalid: another part has this number.
    """
    for name, value in values.items():
        if name == "number" and value is None:
            continue
        setattr(part, name, DEFAULTS.get(name) if value is None else value)
    _flush(unit)
    return part


def delete(unit: UnitOfWork, part: Part) -> None:
    """Gives a part up: one that never moved is deleted, of any other the history stays.

    Raises:
        Conflict: there is still something of it in stock.
    """
    statement = unit.restrict(
        sa.select(PartMovement.id).where(PartMovement.part_id == part.id).limit(1),
        PartMovement,
        PART_CHANGE,
    )
    if unit.session.execute(statement).first() is None:
        unit.session.delete(part)
    elif part.stock:
        raise Conflict(f"There are {part.stock:f} {part.unit} of it in stock.")
    else:
        part.active = False
    unit.session.flush()


def _flush(unit: UnitOfWork) -> None:
    """Writes; a second part of the same number is refused."""
    try:
        unit.session.flush()
    except IntegrityError as error:
        if "number" in str(error.orig):
            raise Invalid.field("number", TAKEN) from None
        raise
