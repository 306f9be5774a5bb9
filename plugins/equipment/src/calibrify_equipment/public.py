"""The front door: what other plugins may import of the equipment plugin."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from calibrify_core.api.endpoint import OpenShape
from calibrify_core.api.types import Body
from calibrify_core.exchange.fields import ImportField
from calibrify_core.kernel.errors import Conflict, FieldError, NotFound
from calibrify_core.persistence.scoping import Scope, condition
from calibrify_core.records.listing import ListField, ListSpec
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment import permissions
from calibrify_equipment.domain import lifecycle, usability
from calibrify_equipment.domain.lifecycle import allowed, may_become
from calibrify_equipment.events import (
    CategoryChanged,
    EquipmentChanged,
    EquipmentRegistered,
    EquipmentRetired,
    EquipmentTransitioned,
    MetrologyAffected,
)
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.schemas.equipment import EquipmentOut
from calibrify_equipment.services.listing import equipment_list, facets_of
from calibrify_equipment.services.references import absent, look_up, person_name, words_of_filter
from calibrify_equipment.services.usability import verdict

VIEW = permissions.VIEW
CHANGE = permissions.CHANGE

# News that other plugins may subscribe to; their members are described in `events`.
Registered = EquipmentRegistered
Changed = EquipmentChanged
Transitioned = EquipmentTransitioned
Retired = EquipmentRetired
CategoryRedefined = CategoryChanged
# Told by whichever plugin knows of such work; it is neutral ground for both sides.
Affected = MetrologyAffected
words_of_equipment = words_of_filter

# Lifecycle states in which the schedules of an instrument rest: it is in no due list, reminder
# or headline count.
SUSPENDED: frozenset[str] = frozenset(map(str, lifecycle.SUSPENDED))

Usability = usability.Usability
UsabilityCheck = usability.UsabilityCheck
# The one answer that lists, pages and labels show: the gravest of all checks.
verdict_of_equipment = verdict


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column of the equipment page's table.

    Attributes:
        name: unique; also the name under which the list sorts by it, if it does.
        title: the heading.
        template: asset spec of the Jinja template that draws a cell; it is handed ``row``, and as
            ``judged`` the `Usability` that the row shows.
        order: small first.
        css: class of the cell, for example ``duec``.
    """

    name: str
    title: str
    template: str
    order: int = 100
    css: str = ""


@dataclass(frozen=True, slots=True)
class ListView:
    """A ready-made filter above the equipment page's table.

    Attributes:
        label: on its tab.
        parameters: (name, value) of what it filters by.
    """

    label: str
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DetailTab:
    """A tab of an instrument's page.

    Attributes:
        name: unique, ``<plugin>.<what>``.
        label: on the tab.
        route: name of the route of its page; it takes the instrument's ``id``.
        permission: shown to who holds it.
        order: small first; *Overview* is 0, *Documents* 80, *Activity* 90.
    """

    name: str
    label: str
    route: str
    permission: str
    order: int = 50


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """An instrument of an import batch, for the facets to add what they know.

    Attributes:
        row: number of the row in the file.
        equipment_id: the instrument, already inserted or found.
        created: whether this import made it.
        values: converted values of the facet's own import fields; absent when not mapped.
        context: values of the instrument that facets may need (``status``, ``category_id``).
    """

    row: int
    equipment_id: uuid.UUID
    created: bool
    values: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FacetOutcome:
    """What a facet did with one row of an import batch.

    Attributes:
        changed: whether anything is different from before.
        errors: (field, detail) of what refuses the row.
        warnings: (field, detail) of what was left out, and why.
    """

    changed: bool = False
    errors: tuple[tuple[str, str], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedChange:
    """What an import did to one instrument, as the audit trail has it.

    Attributes:
        equipment_id: the instrument.
        created: whether the import made it; then it is going to be deleted.
        entry_id: the import's first entry about it: what was told since has a greater id.
        changes: (before, after) of the facets' members, as JSON values.
    """

    equipment_id: uuid.UUID
    created: bool
    entry_id: uuid.UUID
    changes: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class ImportUndo:
    """How a facet takes back what an import told it.

    Attributes:
        members: what it tells the trail of an import, under the action ``import``.
        models: mapped classes of rows that go with a deleted instrument, beside the facet's own.
        objections: called with (unit, changes); returns, by id of an instrument, a sentence why
            it stays as it is.
        take_back: called with (unit, changes) once per batch without objections: before those
            that the import made are deleted, after the others have their former columns again.
    """

    members: frozenset[str]
    models: tuple[type[Any], ...]
    objections: Callable[[Any, Sequence[ImportedChange]], Mapping[uuid.UUID, str]]
    take_back: Callable[[Any, Sequence[ImportedChange]], None]


@dataclass(frozen=True, slots=True)
class ListFacet:
    """What a plugin adds to the list of equipment.

    Attributes:
        name: unique, ``<plugin>.<what>``.
        model: mapped class of the facet's table: exactly one row per instrument, with the
            columns ``equipment_id`` (its key) and ``organisation_id``; inserted in the
            transaction that registers the instrument, back-filled by ``db upgrade``.
        columns: labelled columns of that table that the list selects.
        fields: filters and sorts.
        shape: turns a row into the members that are added to the record, from (row, unit).
        schema: JSON schema of those members, for the API's document.
        body: schema of members that the body of an instrument may bring; all can be left out.
        write: called with (unit, id, those members that were named) once it is written.
        form: called with (unit); returns the section (`calibrify_core.web.forms.Section`) that
            the page of a new instrument asks besides, None for who may not answer it. The names
            of its fields begin with a word of the plugin's own and a dot.
        write_form: called with (unit, id, values by field) once the instrument is written; the
            pointers of an `Invalid` that it raises are names of fields.
        list_columns: columns of the page's table.
        list_views: ready-made filters above it.
        import_fields: further fields that an import can fill.
        import_rows: called with (unit, rows) once per import batch, returns one outcome a row.
        import_undo: how that is taken back; without it, instruments that it changed stay so.
        export_values: called with (unit, ids) for some instruments of an export; returns, by id,
            values of import fields that the list does not show.
        fresh: what the columns hold, by label, of an instrument that was just registered; without
            it, or where ``write`` was called, a new instrument is read back to be shown.
        judged_by: called with (unit); returns, by member of the record, what its value is in SQL,
            for those few members by which a verdict looks. What counts instruments by their
            verdict groups by them; all other members are then None.
    """

    name: str
    model: type[Any]
    columns: tuple[Any, ...]
    fields: tuple[ListField, ...]
    shape: Callable[[Any, Any], dict[str, Any]]
    schema: Mapping[str, Mapping[str, Any]]
    body: type[Body] | None = None
    write: Callable[[Any, uuid.UUID, Mapping[str, Any]], None] | None = None
    form: Callable[[Any], Any] | None = None
    write_form: Callable[[Any, uuid.UUID, Mapping[str, Any]], None] | None = None
    list_columns: tuple[ListColumn, ...] = ()
    list_views: tuple[ListView, ...] = ()
    import_fields: tuple[ImportField, ...] = ()
    import_rows: Callable[[Any, Sequence[ImportedRow]], list[FacetOutcome]] | None = None
    import_undo: ImportUndo | None = None
    export_values: (
        Callable[[Any, Sequence[uuid.UUID]], Mapping[uuid.UUID, Mapping[str, Any]]] | None
    ) = None
    fresh: Mapping[str, Any] | None = None
    judged_by: Callable[[Any], Mapping[str, sa.ColumnElement[Any]]] | None = None


@dataclass(frozen=True, slots=True)
class EquipmentTrail:
    """Records of a plugin whose entries of the audit trail belong to an instrument's history.

    Attributes:
        model: mapped class that is audited, with the columns ``id`` and ``equipment_id``.
        permission: shown to who holds it, within its scope.
    """

    model: type[Any]
    permission: str


@dataclass(frozen=True, slots=True)
class EquipmentFacts:
    """What other plugins learn of an instrument.

    Attributes:
        id: the instrument.
        asset_tag: its tag.
        name: what it is.
        serial_number: its maker's number.
        manufacturer: name of the maker.
        model: the maker's type.
        status: lifecycle state.
        category_id: its category.
        location_id: where it belongs.
        owner_id: customer who owns it, None for the organisation itself.
        is_reference_standard: whether others are calibrated with it.
        use_limitation: what it may not be used for.
        label_code: code on its QR label.
    """

    id: uuid.UUID
    asset_tag: str
    name: str
    serial_number: str
    manufacturer: str
    model: str
    status: str
    category_id: uuid.UUID | None
    location_id: uuid.UUID | None
    owner_id: uuid.UUID | None
    is_reference_standard: bool
    use_limitation: str
    label_code: str


_FACTS = tuple(EquipmentFacts.__dataclass_fields__)


def find_equipment(
    unit: UnitOfWork, equipment_id: uuid.UUID, permission: str = VIEW
) -> EquipmentFacts:
    """Returns an instrument within the scope of a permission.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    found = equipment_by_id(unit, [equipment_id], permission)
    if not found:
        raise NotFound("This instrument does not exist.")
    return found[equipment_id]


def equipment_by_id(
    unit: UnitOfWork, ids: Sequence[uuid.UUID], permission: str = VIEW
) -> dict[uuid.UUID, EquipmentFacts]:
    """Returns those of several instruments that lie within the scope, in one statement."""
    columns = [getattr(Equipment, name) for name in _FACTS]
    statement = sa.select(*columns).where(Equipment.id.in_(ids))
    rows = unit.session.execute(unit.restrict(statement, Equipment, permission))
    return {row.id: EquipmentFacts(*row) for row in rows}


def through_equipment(column: Any) -> Callable[[Scope], sa.ColumnElement[bool]]:
    """Returns the scope rule of a class whose rows belong to an instrument.

    Args:
        column: its column that holds the instrument's id.
    """

    def rule(scope: Scope) -> sa.ColumnElement[bool]:
        reached = sa.select(Equipment.id).where(condition(Equipment, scope))
        return column.in_(reached)  # type: ignore[no-any-return]

    return rule


def move_on(unit: UnitOfWork, equipment: Equipment, to: str, reason: str) -> None:
    """Moves an instrument on to another state, as its lifecycle allows.

    Whether it may be used is not asked here: `calibrify_equipment.services.lifecycle` does.

    Raises:
        Conflict: the state cannot follow; ``allowed`` lists those that can.
    """
    before = equipment.status
    if not may_become(before, to):
        raise Conflict(
            f"What is {before.replace('_', ' ')} cannot become {to.replace('_', ' ')}.",
            allowed=list(allowed(before)),
        )
    if reason:
        unit.reason = reason
    equipment.status = to
    unit.session.flush()
    unit.publish(EquipmentTransitioned(equipment.id, before, to, reason))
    if to == "retired":
        unit.publish(EquipmentRetired(equipment.id, reason))


def move_equipment_on(unit: UnitOfWork, equipment_id: uuid.UUID, to: str, reason: str) -> bool:
    """Moves an instrument on for another plugin, for example to quarantine after a failure.

    The scope is that of whoever caused it: who may record the cause sees the instrument.

    Returns:
        Whether it is in that state now; False if its lifecycle does not allow it.

    Raises:
        NotFound: it does not exist, or lies outside of the scope of `VIEW`.
    """
    equipment = unit.find(Equipment, equipment_id, VIEW)
    if equipment.status == to:
        return True
    if not may_become(equipment.status, to):
        return False
    move_on(unit, equipment, to, reason)
    return True


def unknown_references(unit: UnitOfWork, values: Mapping[str, Any]) -> list[FieldError]:
    """Returns an error for each id that does not exist for the author.

    Args:
        unit: the unit of work.
        values: members of a body by name: ``category_id``, ``location_id``, ``owner_id`` (a
            customer), ``supplier_id``, ``parent_id`` (an instrument), ``custodian_id`` (a
            person of the organisation).
    """
    return absent(look_up(unit, values))


def name_of_person(unit: UnitOfWork, user_id: uuid.UUID) -> str | None:
    """Returns the name of somebody of the organisation, None if there is no such person."""
    return person_name(unit, user_id)


def list_of_equipment(platform: Platform) -> ListSpec:
    """Returns the list of instruments with all facets, for lists that are cut out of it."""
    return equipment_list(platform)


def _facet_members(platform: Platform) -> Mapping[str, Mapping[str, Any]]:
    """Returns the members that plugins add to an instrument, with their schemas."""
    return {name: schema for facet in facets_of(platform) for name, schema in facet.schema.items()}


EQUIPMENT_SHAPE = OpenShape(EquipmentOut, _facet_members)
"""The schema of an instrument as that list shows it, for the API's document."""
