"""Plain entries of the organisation: manufacturers, models, suppliers and customers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.kernel.errors import Conflict, Invalid
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.party import Customer, EquipmentModel, Supplier
from calibrify_equipment.permissions import (
    PARTY_CHANGE,
    PARTY_VIEW,
)
from calibrify_equipment.services.references import absent


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entries.

    Attributes:
        model: its class.
        noun: for messages.
        view: the permission to read them.
        change: the permission to change them.
        defaults: of members that may be left out.
        users: columns that refer to them.
        after: called with (unit, entry) after a change, in the same transaction.
        refers: classes of what its members refer to, by name of the member.
    """

    model: Any
    noun: str
    view: str
    change: str
    defaults: Mapping[str, Any]
    users: tuple[Any, ...]
    after: Callable[[UnitOfWork, Any], None] | None = None
    refers: Mapping[str, Any] = field(default_factory=dict)


SUPPLIERS = Kind(
    Supplier,
    "supplier",
    PARTY_VIEW,
    PARTY_CHANGE,
    dict.fromkeys(("accreditation_number", "contact", "email", "phone", "address", "notes"), ""),
    (Equipment.supplier_id,),
)
CUSTOMERS = Kind(
    Customer,
    "customer",
    PARTY_VIEW,
    PARTY_CHANGE,
    dict.fromkeys(("contact", "email", "address"), ""),
    (Equipment.owner_id,),
)


def find(unit: UnitOfWork, kind: Kind, entry_id: uuid.UUID) -> Any:
    """Returns an entry that the author may change.

    Raises:
        NotFound: it does not exist.
        Forbidden: the author may change entries for a part of the organisation only.
    """
    entry = unit.find(kind.model, entry_id, kind.change)
    unit.access.require_everywhere(kind.change)
    return entry


def add(unit: UnitOfWork, kind: Kind, values: Mapping[str, Any]) -> Any:
    """Makes an entry.

    Raises:
        Forbidden: the author may not.
        Invalid: it refers to what does not exist for the author.
        Conflict: there is one of this name already.
    """
    unit.access.require(kind.change)
    _check(unit, kind, values)
    given = {name: value for name, value in values.items() if value is not None}
    entry = kind.model(
        id=new_id(), organisation_id=unit.organisation.id, **{**kind.defaults, **given}
    )
    unit.add(entry)
    _flush(unit, kind)
    return entry


def change(unit: UnitOfWork, kind: Kind, entry: Any, values: Mapping[str, Any]) -> Any:
    """Changes an entry.

    Raises:
        Invalid: it refers to what does not exist for the author.
        Conflict: there is one of this name already.
    """
    _check(unit, kind, values)
    for name, value in values.items():
        setattr(entry, name, kind.defaults.get(name) if value is None else value)
    _flush(unit, kind)
    if kind.after is not None:
        kind.after(unit, entry)
    return entry


def delete(unit: UnitOfWork, kind: Kind, entry: Any) -> None:
    """Deletes an entry that nothing refers to.

    Raises:
        Conflict: it is in use.
    """
    for column in kind.users:
        statement = unscoped(
            sa.select(column).where(column == entry.id).limit(1),
            Equipment,
            EquipmentModel,
            because="what is out of the author's sight keeps an entry too",
        )
        if unit.session.execute(statement).first() is not None:
            raise Conflict(f"This {kind.noun} is in use.")
    unit.session.delete(entry)
    try:
        unit.session.flush()
    except IntegrityError:
        raise Conflict(f"This {kind.noun} is in use.") from None


def _check(unit: UnitOfWork, kind: Kind, values: Mapping[str, Any]) -> None:
    """Checks what an entry refers to.

    Raises:
        Invalid: with every member that stands for nothing.
    """
    found = {
        name: unit.session.execute(
            unit.restrict(sa.select(model.id).where(model.id == values[name]), model, kind.view)
        ).one_or_none()
        for name, model in kind.refers.items()
        if values.get(name) is not None
    }
    errors = absent(found)
    if errors:
        raise Invalid(errors)


def _flush(unit: UnitOfWork, kind: Kind) -> None:
    """Writes; a second entry of the same name is a conflict."""
    try:
        unit.session.flush()
    except IntegrityError as error:
        if "name" in str(error.orig):
            raise Conflict(f"There is a {kind.noun} of this name already.") from None
        raise
