"""The front door to suppliers and customers: what other plugins may import besides `public`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from calibrify_core.kernel.ids import new_id
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.models.party import Customer, Supplier
from calibrify_equipment.permissions import PARTY_CHANGE, PARTY_VIEW

LONGEST = 200


def supplier_choices(unit: UnitOfWork) -> list[tuple[str, str]]:
    """Returns the suppliers of the organisation by name, (id, name); none without the right."""
    if not unit.access.permits(PARTY_VIEW):
        return []
    statement = sa.select(Supplier.id, Supplier.name).order_by(sa.func.lower(Supplier.name))
    rows = unit.session.execute(unit.restrict(statement, Supplier, PARTY_VIEW))
    return [(str(row.id), row.name) for row in rows]


def supplier_named(unit: UnitOfWork, name: str) -> uuid.UUID:
    """Returns the supplier of a name, upper and lower case alike; a new one where there is none.

    Raises:
        Forbidden: it is new, and the author may not add suppliers.
    """
    wanted = " ".join(name.split())[:LONGEST]
    found = unit.session.scalars(
        unit.select(Supplier, PARTY_VIEW)
        .where(sa.func.lower(Supplier.name) == wanted.lower())
        .order_by(Supplier.id)
    ).first()
    if found is not None:
        return found.id
    unit.access.require(PARTY_CHANGE)
    made = unit.add(Supplier(id=new_id(), organisation_id=unit.organisation.id, name=wanted))
    unit.session.flush()
    return made.id


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """What other plugins learn of a supplier or a customer.

    Attributes:
        name: as it stands on letters.
        address: lines separated by a line feed.
        contact: person, e-mail or telephone.
        accreditation_number: of a supplier's accreditation, empty where there is none.
    """

    name: str
    address: str
    contact: str
    accreditation_number: str = ""


def supplier_facts(unit: UnitOfWork, supplier_id: uuid.UUID) -> PartyFacts | None:
    """Returns a supplier, None if there is no such one for the author."""
    row = _party(unit, Supplier, supplier_id)
    if row is None:
        return None
    return PartyFacts(row.name, row.address, row.contact or row.email, row.accreditation_number)


def customer_facts(unit: UnitOfWork, customer_id: uuid.UUID) -> PartyFacts | None:
    """Returns a customer, None if there is no such one for the author."""
    row = _party(unit, Customer, customer_id)
    return None if row is None else PartyFacts(row.name, row.address, row.contact or row.email)


def _party(unit: UnitOfWork, model: Any, identifier: uuid.UUID) -> Any:
    """Returns a party of the organisation."""
    statement = unit.select(model, PARTY_VIEW).where(model.id == identifier)
    return unit.session.scalars(statement).one_or_none()
