"""Taking back what an import did to a batch of instruments, as far as nobody built on it since."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.audit.trail import typed, write_entries
from calibrify_core.persistence.base import Base
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.files import StoredFile
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.events import (
    EquipmentImportUndone,
    EquipmentRetired,
    EquipmentTransitioned,
)
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.party import EquipmentModel, Manufacturer
from calibrify_equipment.permissions import CHANGE
from calibrify_equipment.public import ListFacet
from calibrify_equipment.services.equipment import derived
from calibrify_equipment.services.import_facts import IDENTITY
from calibrify_equipment.services.import_trail import KIND, Deed, Trail
from calibrify_equipment.services.listing import FACETS
from calibrify_equipment.services.references import check_reach

GONE = "It is no longer there, or your rights do not reach it."
CHANGED = "Somebody changed it since."
UNKNOWN = "A plugin that cannot take its part back changed it too."
ELSEWHERE = "Your rights do not reach where it was."
TAKEN = "Another record has taken its place, or refers to it."
BECAUSE = "what is out of the author's sight keeps an instrument too"
MODELS = "calibrify_models"
_COLUMNS: Any = Equipment.__table__.c


@dataclass(slots=True)
class TakenBack:
    """What became of some instruments.

    Attributes:
        removed: those that the import made, and that are gone.
        restored: those that have their former values again.
        left: why others stay as they are, by instrument.
    """

    removed: list[Deed] = field(default_factory=list)
    restored: list[Deed] = field(default_factory=list)
    left: list[tuple[Deed, str]] = field(default_factory=list)


def facets_of(unit: UnitOfWork) -> list[ListFacet]:
    """Returns all facets: each has a row for every instrument, whoever switched it off."""
    return unit.platform.plugins.whole.values(FACETS)


def sort_out(
    unit: UnitOfWork, trail: Trail, ids: Sequence[uuid.UUID], *, lock: bool = False
) -> tuple[TakenBack, dict[uuid.UUID, Equipment]]:
    """Tells what can be taken back; changes nothing.

    Args:
        unit: the unit of work.
        trail: of the import.
        ids: of instruments that it made or changed.
        lock: hold the instruments until the transaction ends.

    Returns:
        What would become of them, and the instruments that are within reach.
    """
    deeds = trail.deeds(unit, ids)
    statement = unit.select(Equipment, CHANGE).where(Equipment.id.in_(ids)).order_by(Equipment.id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    present = {row.id: row for row in unit.session.scalars(statement)}
    touched = trail.touched(unit, KIND, {deed.id: deed.entry_id for deed in deeds})
    uses = _uses(unit, [deed.id for deed in deeds if deed.created])
    claimed: frozenset[str] = frozenset()
    objections: dict[uuid.UUID, str] = {}
    for facet in facets_of(unit):
        if facet.import_undo is not None:
            claimed |= facet.import_undo.members
            told = [deed.told() for deed in deeds]
            objections |= facet.import_undo.objections(unit, told)
    found = TakenBack()
    for deed in deeds:
        row = present.get(deed.id)
        if row is None:
            why = GONE
        elif deed.id in touched or not _as_left(row, deed):
            why = CHANGED
        elif deed.members.keys() - claimed:
            why = UNKNOWN
        else:
            why = objections.get(deed.id) or uses.get(deed.id, "")
        if why:
            found.left.append((deed, why))
        else:
            (found.removed if deed.created else found.restored).append(deed)
    return found, present


def _as_left(row: Equipment, deed: Deed) -> bool:
    """Tells whether an instrument still is as the import left it: also what no entry tells of."""
    return all(
        getattr(row, name) == typed(_COLUMNS[name], after)
        for name, (_, after) in deed.columns.items()
    )


def _uses(unit: UnitOfWork, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Returns by what instruments are in use: rows of any plugin that refer to them, and files."""
    if not ids:
        return {}
    found: dict[uuid.UUID, str] = {}
    for noun, column in _references(unit):
        # A table, not its class: the guard of the scope sees classes.
        statement = sa.select(column).where(column.in_(ids)).distinct()
        for identifier in unit.session.connection().execute(statement).scalars():
            found[identifier] = f"It is in use: {noun}."
    files = sa.select(StoredFile.object_id).where(
        StoredFile.object_type == KIND, StoredFile.object_id.in_(ids)
    )
    for identifier in unit.session.scalars(unscoped(files, StoredFile, because=BECAUSE)):
        found[identifier] = "It is in use: file."
    return found


def _references(unit: UnitOfWork) -> Iterator[tuple[str, Any]]:
    """Yields the columns that refer to instruments, each with the noun of its row.

    Rows that facets look after are left out. What only a database knows, such as the tables of
    a plugin that does not run any more, refuses the deletion in the end.
    """
    modules = {module.__name__ for module in unit.platform.plugins.whole.values(MODELS)}
    own = set(_rows_of_facets(unit))
    for mapper in Base.registry.mappers:
        kind = mapper.class_
        if kind.__module__ not in modules or kind in own:
            continue
        noun = getattr(kind, "__audit_type__", kind.__tablename__).replace("_", " ")
        for key in kind.__table__.foreign_keys:
            if key.column is _COLUMNS.id:
                yield noun, key.parent


def _rows_of_facets(unit: UnitOfWork) -> Iterator[type[Any]]:
    """Yields the classes whose rows go with an instrument."""
    for facet in facets_of(unit):
        yield facet.model
        if facet.import_undo is not None:
            yield from facet.import_undo.models


def take_back(unit: UnitOfWork, trail: Trail, ids: Sequence[uuid.UUID]) -> TakenBack:
    """Takes back what an import did to some instruments, in the caller's transaction.

    Instruments whose former tag or serial number another one has by now stay as they are: the
    database refuses them, and the others are done without them.
    """
    savepoint = unit.session.begin_nested()
    try:
        found = _take_back(unit, trail, ids)
        savepoint.commit()
    except IntegrityError:
        savepoint.rollback()
        unit.session.expire_all()
        if len(ids) == 1:
            return TakenBack(left=[(deed, TAKEN) for deed in trail.deeds(unit, ids)])
        found = TakenBack()
        for identifier in ids:
            one = take_back(unit, trail, [identifier])
            found.removed += one.removed
            found.restored += one.restored
            found.left += one.left
    return found


def _take_back(unit: UnitOfWork, trail: Trail, ids: Sequence[uuid.UUID]) -> TakenBack:
    found, present = sort_out(unit, trail, ids, lock=True)
    kept = []
    names = _names(unit, found.restored)
    for deed in found.restored:
        if _restore(unit, present[deed.id], deed, names):
            kept.append(deed)
        else:
            found.left.append((deed, ELSEWHERE))
    found.restored = kept
    unit.session.flush()
    told = [deed.told() for deed in (*found.removed, *kept)]
    if told:
        for facet in facets_of(unit):
            if facet.import_undo is not None:
                facet.import_undo.take_back(unit, told)
        _remove(unit, [present[deed.id] for deed in found.removed])
        _tell(unit, found)
    return found


def _names(unit: UnitOfWork, deeds: Sequence[Deed]) -> dict[str, dict[uuid.UUID, str]]:
    """Returns the present names of the makers and models that instruments had, by column."""
    names: dict[str, dict[uuid.UUID, str]] = {}
    models: Mapping[str, Any] = {"manufacturer": Manufacturer, "model": EquipmentModel}
    for column, model in models.items():
        before = (deed.columns.get(f"{column}_id", (None,))[0] for deed in deeds)
        ids = {uuid.UUID(text) for text in before if text}
        statement = sa.select(model.id, model.name).where(model.id.in_(ids))
        marked = unscoped(statement, model, because="an instrument names its maker")
        rows = unit.session.execute(marked) if ids else ()
        names[column] = {row.id: row.name for row in rows}
    return names


def _restore(
    unit: UnitOfWork, row: Equipment, deed: Deed, names: Mapping[str, Mapping[uuid.UUID, str]]
) -> bool:
    """Gives an instrument its former columns; tells whether the author's rights reach there."""
    former = {name: typed(_COLUMNS[name], before) for name, (before, _) in deed.columns.items()}
    for name, present in names.items():
        identifier = former.get(f"{name}_id")
        if identifier is not None and identifier in present:
            former[name] = present[identifier]
    place = [former.get(name, getattr(row, name)) for name in ("location_id", "category_id")]
    if {"location_id", "category_id"} & former.keys() and check_reach(unit, *place):
        return False
    for name, value in former.items():
        setattr(row, name, value)
    if IDENTITY & former.keys():
        for name, value in derived({name: getattr(row, name) for name in IDENTITY}).items():
            setattr(row, name, value)
    return True


def _remove(unit: UnitOfWork, rows: Sequence[Equipment]) -> None:
    """Deletes instruments that nothing refers to; nothing cascades from them."""
    ids = [row.id for row in rows]
    if ids:
        for facet in facets_of(unit):
            table: Any = facet.model.__table__
            unit.session.connection().execute(sa.delete(table).where(table.c.equipment_id.in_(ids)))
    for row in rows:
        unit.session.delete(row)
    unit.session.flush()


def _tell(unit: UnitOfWork, found: TakenBack) -> None:
    """Writes down what the facets took back, and tells the news of the batch."""
    reason = unit.reason or ""
    write_entries(
        unit,
        [
            ("undo_import", KIND, deed.id, deed.label, _turned(deed.members))
            for deed in (*found.removed, *found.restored)
            if deed.members
        ],
    )
    for deed in found.restored:
        if "status" in deed.columns:
            after, before = deed.columns["status"]
            unit.publish(EquipmentTransitioned(deed.id, before, after, reason))
            if after == "retired":
                unit.publish(EquipmentRetired(deed.id, reason))
    unit.publish(
        EquipmentImportUndone(
            tuple(str(deed.id) for deed in found.removed),
            tuple(str(deed.id) for deed in found.restored),
        )
    )


def _turned(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, list[Any]]:
    """Returns changes the other way round."""
    return {name: [after, before] for name, (before, after) in changes.items()}
