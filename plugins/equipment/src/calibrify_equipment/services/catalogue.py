"""Manufacturers and models: matched by name, or made."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from calibrify_core.kernel.ids import new_id
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.models.party import EquipmentModel, Manufacturer
from calibrify_equipment.permissions import CATALOGUE_VIEW


def match_manufacturer(unit: UnitOfWork, name: str) -> tuple[uuid.UUID, str]:
    """Returns id and name of a manufacturer, upper and lower case being alike; makes it if new.

    Everybody who may enter an instrument may name its maker, so no further right is asked.
    """
    statement = (
        sa.select(Manufacturer.id, Manufacturer.name)
        .where(sa.func.lower(Manufacturer.name) == name.lower())
        .order_by(Manufacturer.id)
        .limit(1)
    )
    found = unit.session.execute(unit.restrict(statement, Manufacturer, CATALOGUE_VIEW)).first()
    if found is not None:
        return found.id, found.name
    made = unit.add(Manufacturer(id=new_id(), organisation_id=unit.organisation.id, name=name))
    return made.id, name


def match_model(unit: UnitOfWork, manufacturer_id: uuid.UUID, name: str) -> tuple[uuid.UUID, str]:
    """Returns id and name of a model of a manufacturer, likewise."""
    statement = (
        sa.select(EquipmentModel.id, EquipmentModel.name)
        .where(
            EquipmentModel.manufacturer_id == manufacturer_id,
            sa.func.lower(EquipmentModel.name) == name.lower(),
        )
        .order_by(EquipmentModel.id)
        .limit(1)
    )
    found = unit.session.execute(unit.restrict(statement, EquipmentModel, CATALOGUE_VIEW)).first()
    if found is not None:
        return found.id, found.name
    made = EquipmentModel(
        id=new_id(),
        organisation_id=unit.organisation.id,
        manufacturer_id=manufacturer_id,
        name=name,
        specification={},
    )
    unit.add(made)
    return made.id, name

