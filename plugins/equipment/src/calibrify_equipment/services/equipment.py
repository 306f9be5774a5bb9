"""Instruments: entering, changing, finding and retiring them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.audit.trail import told_of_new, write_entries
from calibrify_core.kernel.errors import CalibrifyError, Conflict, FieldError, Invalid
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.base import utc_now
from calibrify_core.persistence.bulk import insert_later, insert_unless_taken
from calibrify_core.persistence.prepared import Prepared
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain import custom_fields, identity
from calibrify_equipment.events import EquipmentChanged, EquipmentRegistered
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.permissions import CHANGE, VIEW
from calibrify_equipment.public import move_on
from calibrify_equipment.schemas.equipment import FACTS
from calibrify_equipment.services.catalogue import match, matched
from calibrify_equipment.services.first_look import FirstLook, look
from calibrify_equipment.services.references import (
    absent,
    check_reach,
    look_up,
)

SERIES = "equipment.equipment"
API_PATH = "/api/v1/equipment/"
LABEL_BYTES = 9

DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(("name", "serial_number", "manufacturer", "model"), ""),
    **dict.fromkeys(("asset_tag", "category_id", "location_id", "owner_id", "custodian_id")),
    **dict.fromkeys(("supplier_id", "parent_id")),
    "ranges": [],
    "custom_fields": {},
    **{name: fact.blank for name, fact in FACTS.items()},
}
"""Members of an instrument, with what they are where nothing is given."""

NEW: Mapping[str, Any] = {
    **DEFAULTS,
    "asset_tag": "",
    **dict.fromkeys(("manufacturer_id", "model_id")),
    "status": "in_service",
    "held_by": "",
    "version": 1,
}
"""Columns of an instrument of which nothing is known."""

_EQUIPMENT: Any = Equipment.__table__

_IDENTITY = frozenset({"asset_tag", "serial_number", "name", "manufacturer", "model"})


def new_label_code() -> str:
    """Returns a random code for a QR label, 72 bits: nobody finds another by counting."""
    return secrets.token_urlsafe(LABEL_BYTES)


def derived(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the columns of an instrument that follow from others.

    Args:
        values: with ``asset_tag, serial_number, name, manufacturer, model``.
    """
    tag, serial = values["asset_tag"], values["serial_number"]
    manufacturer, model = values["manufacturer"], values["model"]
    return {
        "tag_key": identity.sort_key(tag),
        "name_key": identity.sort_key(values["name"]),
        "identity_key": identity.identity_key(manufacturer, model, serial),
        "search_text": identity.search_text(tag, serial, values["name"], manufacturer, model),
    }


def find(unit: UnitOfWork, equipment_id: uuid.UUID, permission: str = VIEW) -> Equipment:
    """Returns an instrument.

    Raises:
        NotFound: it does not exist, or lies outside of what the permission reaches.
    """
    return unit.find(Equipment, equipment_id, permission)


def told_of(row: Mapping[str, Any]) -> tuple[str, str, uuid.UUID, str, dict[str, Any]]:
    """Returns what the audit trail says of a new instrument that is written past the mapper.

    Args:
        row: its columns.
    """
    label = f"{row['asset_tag']} {row['name']}"
    return "create", Equipment.__audit_type__, row["id"], label, told_of_new(Equipment, row)


@dataclass(frozen=True, slots=True)
class Entered:
    """An instrument that was entered just now.

    Attributes:
        row: its columns.
        names: of what it refers to; a row with ``category, location, location_path``.
    """

    row: Mapping[str, Any]
    names: Any


def register(unit: UnitOfWork, values: Mapping[str, Any]) -> uuid.UUID:
    """Enters a new instrument.

    Args:
        unit: the unit of work.
        values: checked members as `schemas.equipment.EquipmentIn` names them; those that are
            absent or None take their defaults. Without a tag one is drawn from the number mask.

    Returns:
        Its id.

    Raises:
        Forbidden: nobody said that the author may do this anywhere.
        Invalid: an id does not exist for the author, or a custom field is wrong.
        Conflict: tag or serial number belong to another instrument, which ``existing`` links.
    """
    identifier: uuid.UUID = enter(unit, values).row["id"]
    return identifier


def enter(unit: UnitOfWork, values: Mapping[str, Any]) -> Entered:
    """Enters a new instrument as `register` does, and returns what was written.

    Raises:
        Forbidden: as `register`.
        Invalid: as `register`.
        Conflict: as `register`.
    """
    unit.access.require(CHANGE)
    row = dict(NEW)
    row.update({name: value for name, value in values.items() if value is not None})
    seen = look(unit, row)
    _check(unit, row, row, seen.found)
    row |= _catalogued(unit, row, seen)
    _enter(unit, row, seen)
    write_entries(unit, [told_of(row)])
    told = ("id", "asset_tag", "status", "category_id", "location_id")
    unit.publish(EquipmentRegistered(*(row[name] for name in told)))
    return Entered(row, seen.beside)


def _enter(unit: UnitOfWork, row: dict[str, Any], seen: FirstLook) -> None:
    """Completes the row of a new instrument, and writes it.

    Raises:
        Conflict: tag or serial number belong to another instrument.
    """
    unit.flush()  # what it refers to
    row |= {"id": new_id(), "organisation_id": unit.organisation.id}
    row["created_at"] = row["updated_at"] = utc_now()
    if not row["asset_tag"]:
        _enter_numbered(unit, row)
        return
    row |= derived(row) | {"label_code": new_label_code()}
    if seen.beside.is_taken or row["identity_key"] != seen.identity:
        taken = _taken(unit, row)
        if taken is not None:
            raise _collision(unit, row, taken)
    # Who is faster by a moment makes the next statement fail; the next try finds them.
    insert_later(unit.connection, _EQUIPMENT, row)


def _enter_numbered(unit: UnitOfWork, row: dict[str, Any]) -> None:
    """Writes the row of an instrument under the next number that no other one has."""
    while True:
        row |= {"asset_tag": unit.next_number(SERIES), "label_code": new_label_code()}
        row |= derived(row)
        if insert_unless_taken(unit.connection, _EQUIPMENT, row):
            return
        taken = _taken(unit, row)
        if taken is not None and taken.asset_tag != row["asset_tag"]:
            raise _collision(unit, row, taken)


def change(unit: UnitOfWork, equipment: Equipment, values: Mapping[str, Any]) -> Equipment:
    """Changes members of an instrument that was found with the permission to change it.

    Args:
        unit: the unit of work.
        equipment: from `find` with `CHANGE`.
        values: the members that change; None empties one. A blank tag keeps the present one.

    Raises:
        Invalid: an id does not exist for the author, or a custom field is wrong.
        Conflict: tag or serial number belong to another instrument, which ``existing`` links.
    """
    wanted = {
        name: DEFAULTS[name] if value is None else value
        for name, value in values.items()
        if not (name == "asset_tag" and not value)
    }
    present = {name: getattr(equipment, name) for name in DEFAULTS}
    changed = {name: value for name, value in wanted.items() if value != present[name]}
    if not changed:
        return equipment
    facts = present | changed
    # What its custom fields have to be stands in its category.
    asked = {"category_id": facts["category_id"]} if "custom_fields" in changed else {}
    _check(unit, changed, facts, look_up(unit, changed | asked), equipment.id)
    if "custom_fields" in changed:
        changed["custom_fields"] = facts["custom_fields"]
    if {"manufacturer", "model"} & set(changed):
        changed |= _catalogued(unit, facts)
        facts |= changed
    if _IDENTITY & set(changed):
        keys = derived(facts)
        taken = _taken(unit, facts | keys, equipment.id)
        if taken is not None:
            raise _collision(unit, facts, taken)
        changed |= keys
    for name, value in changed.items():
        setattr(equipment, name, value)
    _flush(unit)
    names = tuple(sorted(name for name in changed if name in DEFAULTS))
    unit.publish(EquipmentChanged(equipment.id, names))
    return equipment


def replace(unit: UnitOfWork, equipment: Equipment, values: Mapping[str, Any]) -> Equipment:
    """Replaces all members of an instrument; one that is absent takes its default.

    Raises:
        Invalid: as `change`.
        Conflict: as `change`.
    """
    return change(unit, equipment, {**DEFAULTS, **values})


def retire(unit: UnitOfWork, equipment: Equipment, reason: str = "") -> Equipment:
    """Retires an instrument: it leaves the lists of what is used, and its history stays.

    Args:
        unit: the unit of work.
        equipment: from `find` with `CHANGE`.
        reason: why.

    Raises:
        Conflict: its present state does not lead there.
    """
    if equipment.status != "retired":
        move_on(unit, equipment, "retired", reason)
    return equipment


def _check(
    unit: UnitOfWork,
    changed: Mapping[str, Any],
    facts: dict[str, Any],
    found: Mapping[str, Any],
    equipment_id: uuid.UUID | None = None,
) -> None:
    """Checks what an instrument refers to; cleans its custom fields in place.

    Args:
        unit: the unit of work.
        changed: the members that change.
        facts: these and all others.
        found: what the ids stand for, as `look_up` returns it.
        equipment_id: of an instrument that is there already.

    Raises:
        Invalid: with every error.
    """
    errors = absent(found)
    schema: Mapping[str, Any] = found.get("category_id") or {}
    if not errors and (equipment_id is None or {"location_id", "category_id"} & set(changed)):
        errors = check_reach(unit, facts["location_id"], facts["category_id"])
    parent = changed.get("parent_id")
    if equipment_id is not None and parent is not None and _part_of(unit, parent, equipment_id):
        errors.append(FieldError("/parent_id", "An instrument is no part of itself."))
    # What is asked of them stands in the category: of one that is none nothing is known.
    known = found.get("category_id", schema) is not None
    if known and ("custom_fields" in changed or facts["custom_fields"]):
        clean, problems = custom_fields.check_values(schema, facts["custom_fields"])
        if "custom_fields" in changed or "category_id" in changed:
            errors += [FieldError(f"/custom_fields{where}", what) for where, what in problems]
            facts["custom_fields"] = clean
    if errors:
        raise Invalid(errors)


def _part_of(unit: UnitOfWork, part: uuid.UUID, whole: uuid.UUID) -> bool:
    """Tells whether one instrument is another, or a part of it at any depth."""
    above = sa.select(Equipment.id, Equipment.parent_id).where(Equipment.id == part)
    chain = above.cte("chain", recursive=True)
    # What was met once is not followed again: a ring ends too.
    chain = chain.union(
        sa.select(Equipment.id, Equipment.parent_id).where(Equipment.id == chain.c.parent_id)
    )
    asked = unscoped(
        sa.select(chain.c.id).where(chain.c.id == whole),
        Equipment,
        because="it asks for a ring, whatever the author may see of it",
    )
    return unit.session.execute(asked).first() is not None


def _catalogued(
    unit: UnitOfWork, facts: Mapping[str, Any], seen: FirstLook | None = None
) -> dict[str, Any]:
    """Matches or makes manufacturer and model; returns their ids and names."""
    maker, model = facts["manufacturer"], facts["model"]
    if not maker:
        return {"manufacturer": "", "manufacturer_id": None, "model": model, "model_id": None}
    fit = match(unit, maker, model) if seen is None else matched(unit, maker, model, seen.beside)
    return dict(zip(("manufacturer_id", "manufacturer", "model_id", "model"), fit, strict=True))


_SAME = Prepared(
    sa.select(Equipment.id, Equipment.asset_tag, Equipment.identity_key)
    .where(
        Equipment.organisation_id == sa.bindparam("organisation"),
        sa.or_(
            Equipment.asset_tag == sa.bindparam("tag"),
            Equipment.identity_key == sa.bindparam("identity"),
        ),
    )
    .limit(sa.literal_column("2"))
)
"""Tags are unique in the whole organisation, whatever somebody may see of it."""


def _taken(unit: UnitOfWork, facts: Mapping[str, Any], but: uuid.UUID | None = None) -> Any:
    """Returns another instrument of the organisation with the same tag or identity, if any."""
    values = {
        "organisation": unit.organisation.id,
        "tag": facts["asset_tag"],
        "identity": facts["identity_key"],
    }
    rows = _SAME.rows(unit.connection, values)
    return next((row for row in rows if row.id != but), None)


def _collision(unit: UnitOfWork, facts: Mapping[str, Any], taken: Any) -> CalibrifyError:
    """Returns the error about another instrument, linked if the author may see it."""
    if taken.asset_tag == facts["asset_tag"]:
        detail = f"The asset tag {facts['asset_tag']} belongs to another instrument."
    else:
        detail = (
            f"The serial number {facts['serial_number']} of this manufacturer and model belongs "
            f"to another instrument."
        )
    statement = sa.select(Equipment.id).where(Equipment.id == taken.id)
    seen = unit.session.execute(unit.restrict(statement, Equipment, VIEW)).one_or_none()
    if seen is None:
        return Conflict(detail)
    return Conflict(f"{detail[:-1]}: {taken.asset_tag}.", existing=f"{API_PATH}{taken.id}/")


def _flush(unit: UnitOfWork) -> None:
    """Writes; whoever was faster by a moment is met as a conflict too."""
    try:
        unit.session.flush()
    except IntegrityError as error:
        text = str(error.orig)
        if "identity_key" in text or "asset_tag" in text:
            what = "serial number" if "identity_key" in text else "asset tag"
            raise Conflict(f"Another instrument has just taken this {what}.") from None
        raise
