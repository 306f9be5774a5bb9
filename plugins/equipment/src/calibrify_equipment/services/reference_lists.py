"""The lists of categories, locations, manufacturers, models, suppliers and customers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from calibrify_core.records.keyset import find_row
from calibrify_core.records.listing import Kind, ListField, ListSpec, only_shown
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment import permissions
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.location import KINDS, Location
from calibrify_equipment.models.party import Customer, EquipmentModel, Manufacturer, Supplier


def _found(column: Any) -> Callable[[str], sa.ColumnElement[bool]]:
    """Makes the search of a short list: every word somewhere in a column."""
    return lambda word: sa.func.lower(column).contains(word, autoescape=True)


def _spec(
    model: Any,
    permission: str,
    fields: Sequence[ListField],
    order: str = "name",
    search: Any = None,
    shown: Sequence[str] = (),
) -> ListSpec:
    """Makes the list of a class whose records are shown as they are stored."""
    names = ("id", *(item.name for item in fields), *shown, "created_at", "updated_at")
    columns = tuple(getattr(model, name) for name in names)

    def shape(row: Any, _unit: Any) -> dict[str, Any]:
        return dict(zip(names, row, strict=False))

    times = (
        ListField("created_at", "Created at", Kind.MOMENT, model.created_at, orderable=True),
        ListField("updated_at", "Updated at", Kind.MOMENT, model.updated_at, orderable=True),
    )
    extra = tuple(only_shown(shown))
    return ListSpec(
        model=model,
        permission=permission,
        columns=(*columns, model.version),
        source=model.__mapper__,
        key=model.id,
        fields={item.name: item for item in (*fields, *extra, *times)},
        shape=shape,
        default_ordering=(order,),
        search=_found(model.name if search is None else search),
    )


def _name(model: Any) -> ListField:
    return ListField("name", "Name", column=model.name, orderable=True)


def _path(model: Any) -> ListField:
    return ListField("path", "Path", column=model.path, orderable=True)


def _under(model: Any, name: str, label: str) -> ListField:
    return ListField(name, label, Kind.IDENTIFIER, getattr(model, name))


CATEGORIES = _spec(
    Category,
    permissions.CATEGORY_VIEW,
    (_name(Category), _under(Category, "parent_id", "Parent"), _path(Category)),
    "path",
    Category.path,
    ("default_interval", "custom_field_schema", "due_soon_days"),
)
LOCATIONS = _spec(
    Location,
    permissions.LOCATION_VIEW,
    (
        _name(Location),
        ListField("kind", "Kind", Kind.CHOICE, Location.kind, choices=KINDS),
        _under(Location, "parent_id", "Parent"),
        _path(Location),
    ),
    "path",
    Location.path,
)
MANUFACTURERS = _spec(Manufacturer, permissions.CATALOGUE_VIEW, (_name(Manufacturer),))
MODELS = _spec(
    EquipmentModel,
    permissions.CATALOGUE_VIEW,
    (_name(EquipmentModel), _under(EquipmentModel, "manufacturer_id", "Manufacturer")),
    shown=("specification",),
)
SUPPLIERS = _spec(
    Supplier,
    permissions.PARTY_VIEW,
    (
        _name(Supplier),
        ListField("accreditation_number", "Accreditation", column=Supplier.accreditation_number),
    ),
    shown=("contact", "email", "phone", "address", "notes"),
)
CUSTOMERS = _spec(
    Customer, permissions.PARTY_VIEW, (_name(Customer),), shown=("contact", "email", "address")
)


def read_one(unit: UnitOfWork, spec: ListSpec, identifier: uuid.UUID) -> tuple[dict[str, Any], int]:
    """Returns one record as its list shows it, and its version.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    row = find_row(unit, spec, identifier)
    return spec.shape(row, unit), row.version


def options_of(unit: UnitOfWork, spec: ListSpec, label: Any) -> list[tuple[str, str]]:
    """Returns (id, label) of all records of a short list, by label: for forms and facets.

    Args:
        unit: the unit of work.
        spec: the list.
        label: the column to show.
    """
    statement = sa.select(spec.key, label).order_by(sa.func.lower(label)).limit(2_000)
    rows = unit.session.execute(unit.restrict(statement, spec.model, spec.permission))
    return [(str(identifier), text) for identifier, text in rows]
