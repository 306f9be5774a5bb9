"""Manufacturers and models: matched by name or made, and renamed on all their instruments."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.kernel.errors import Conflict
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.prepared import Prepared
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain import identity
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.party import EquipmentModel, Manufacturer
from calibrify_equipment.permissions import CATALOGUE_CHANGE, CATALOGUE_VIEW
from calibrify_equipment.services.entries import Kind


def match_manufacturer(unit: UnitOfWork, name: str) -> tuple[uuid.UUID, str]:
    """Returns id and name of a manufacturer, upper and lower case being alike; makes it if new.

    Everybody who may enter an instrument may name its maker, so no further right is asked.
    """
    statement = (
        sa.select(Manufacturer.id, Manufacturer.name)
        .where(
            Manufacturer.organisation_id == unit.organisation.id,
            sa.func.lower(Manufacturer.name) == name.lower(),
        )
        .order_by(Manufacturer.id)
        .limit(1)
    )
    marked = unscoped(statement, Manufacturer, because="makers are matched by name, not shown")
    found = unit.session.execute(marked).first()
    if found is not None:
        return found.id, found.name
    made = unit.add(Manufacturer(id=new_id(), organisation_id=unit.organisation.id, name=name))
    unit.session.flush()  # before what refers to it
    return made.id, name


def match_model(unit: UnitOfWork, manufacturer_id: uuid.UUID, name: str) -> tuple[uuid.UUID, str]:
    """Returns id and name of a model of a manufacturer, likewise."""
    statement = (
        sa.select(EquipmentModel.id, EquipmentModel.name)
        .where(
            EquipmentModel.organisation_id == unit.organisation.id,
            EquipmentModel.manufacturer_id == manufacturer_id,
            sa.func.lower(EquipmentModel.name) == name.lower(),
        )
        .order_by(EquipmentModel.id)
        .limit(1)
    )
    marked = unscoped(statement, EquipmentModel, because="models are matched by name, not shown")
    found = unit.session.execute(marked).first()
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
    unit.session.flush()  # before what refers to it
    return made.id, name


MATCH = (
    sa.select(
        Manufacturer.id.label("maker_id"),
        Manufacturer.name.label("maker"),
        EquipmentModel.id.label("model_id"),
        EquipmentModel.name.label("model"),
    )
    .join(
        EquipmentModel,
        sa.and_(
            EquipmentModel.manufacturer_id == Manufacturer.id,
            sa.func.lower(EquipmentModel.name) == sa.bindparam("model", type_=sa.Text()),
        ),
        isouter=True,
    )
    .where(
        Manufacturer.organisation_id == sa.bindparam("organisation"),
        sa.func.lower(Manufacturer.name) == sa.bindparam("maker", type_=sa.Text()),
    )
    .order_by(Manufacturer.id, EquipmentModel.id)
    .limit(sa.literal_column("1"))
)
"""Finds a manufacturer, and its model. They are matched by name, not shown: their scope does not
matter."""
_MATCH = Prepared(MATCH)


def names_to_match(manufacturer: str, model: str) -> dict[str, str]:
    """Returns the values of `MATCH`."""
    return {"maker": manufacturer.lower(), "model": model.lower()}


def match(
    unit: UnitOfWork, manufacturer: str, model: str
) -> tuple[uuid.UUID, str, uuid.UUID | None, str]:
    """Returns ids and names of a manufacturer and its model, in one look; makes what is new.

    Args:
        unit: the unit of work.
        manufacturer: its name.
        model: name of the model, blank for none.
    """
    values = {"organisation": unit.organisation.id, **names_to_match(manufacturer, model)}
    return matched(unit, manufacturer, model, _MATCH.first(unit.connection, values))


def matched(
    unit: UnitOfWork, manufacturer: str, model: str, found: Any
) -> tuple[uuid.UUID, str, uuid.UUID | None, str]:
    """Returns the same, given what `MATCH` has found: a row that may be empty, or None."""
    known = found is not None and found.maker_id is not None
    if known and not model:
        return found.maker_id, found.maker, None, ""
    if known and found.model_id is not None:
        return found.maker_id, found.maker, found.model_id, found.model
    maker_id, maker = match_manufacturer(unit, manufacturer)
    if not model:
        return maker_id, maker, None, ""
    return maker_id, maker, *match_model(unit, maker_id, model)


def _rename_manufacturer(unit: UnitOfWork, manufacturer: Any) -> None:
    """Writes a manufacturer's name beside all its instruments."""
    _rename(unit, Equipment.manufacturer_id == manufacturer.id, {"manufacturer": manufacturer.name})


def _rename_model(unit: UnitOfWork, model: Any) -> None:
    """Writes the names of a model and of its maker beside all its instruments."""
    maker = unit.find(Manufacturer, model.manufacturer_id, CATALOGUE_VIEW)
    names = {"model": model.name, "manufacturer": maker.name, "manufacturer_id": maker.id}
    _rename(unit, Equipment.model_id == model.id, names)


def _rename(unit: UnitOfWork, which: Any, names: dict[str, Any]) -> None:
    """Writes new names beside instruments, with the keys that follow from them.

    Raises:
        Conflict: two instruments would have the same manufacturer, model and serial number.
    """
    table: Any = Equipment.__table__
    columns = ("id", "asset_tag", "serial_number", "name", "manufacturer", "model")
    reading = sa.select(*(table.c[name] for name in {*columns, *names})).where(which)
    why = "a maker's name is the same on all its instruments"
    rows = unit.session.execute(unscoped(reading, Equipment, because=why)).all()
    changes = []
    for row in rows:
        facts = {**row._mapping, **names}
        if all(getattr(row, name) == value for name, value in names.items()):
            continue
        tag, serial, maker, model = (
            facts["asset_tag"],
            facts["serial_number"],
            facts["manufacturer"],
            facts["model"],
        )
        changes.append(
            {
                "row_id": row.id,
                "new_identity": identity.identity_key(maker, model, serial),
                "new_search": identity.search_text(tag, serial, facts["name"], maker, model),
            }
        )
    if not changes:
        return
    writing = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("row_id"))
        .values(
            **names,
            identity_key=sa.bindparam("new_identity"),
            search_text=sa.bindparam("new_search"),
        )
    )
    try:
        unit.session.connection().execute(writing, changes)
    except IntegrityError:
        raise Conflict("Two instruments would have the same model and serial number.") from None


MANUFACTURERS = Kind(
    Manufacturer,
    "manufacturer",
    CATALOGUE_VIEW,
    CATALOGUE_CHANGE,
    {},
    (Equipment.manufacturer_id, EquipmentModel.manufacturer_id),
    _rename_manufacturer,
)
MODELS = Kind(
    EquipmentModel,
    "model",
    CATALOGUE_VIEW,
    CATALOGUE_CHANGE,
    {"specification": {}},
    (Equipment.model_id,),
    _rename_model,
    {"manufacturer_id": Manufacturer},
)
