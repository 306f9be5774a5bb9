"""The list of instruments: one `ListSpec` for API, pages, search, export and reports.

Facets of other plugins are joined in: each has one row per instrument in a table of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from calibrify_core.auth.user import User
from calibrify_core.records.constructs import id_text
from calibrify_core.records.kept import KeptSelect
from calibrify_core.records.listing import Kind, ListField, ListSpec
from calibrify_core.records.selects import columns_of
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain.identity import search_pattern
from calibrify_equipment.domain.lifecycle import WORDS
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.location import Location
from calibrify_equipment.models.tree import subtree
from calibrify_equipment.permissions import VIEW
from calibrify_equipment.services.reference_lists import read_one

if TYPE_CHECKING:
    from calibrify_equipment.public import ListFacet
from calibrify_equipment.schemas.equipment import FACTS, RangeOut
from calibrify_equipment.schemas.fact import Fact

FACETS = "calibrify_equipment_list_facets"


_e = Equipment
# Under the name of the member that each becomes; of what is shown as an object, its name; what is
# structured, as the text that it is kept as, since most is empty.
_SHOWN: tuple[Any, ...] = (
    id_text(_e.id).label("id"),
    _e.asset_tag,
    _e.name,
    _e.serial_number,
    _e.manufacturer,
    _e.model,
    id_text(_e.category_id).label("category_id"),
    Category.name.label("category"),
    id_text(_e.location_id).label("location_id"),
    Location.name.label("location"),
    id_text(_e.owner_id).label("owner_id"),
    id_text(_e.custodian_id).label("custodian_id"),
    sa.func.coalesce(sa.func.nullif(User.name, ""), User.username).label("custodian"),
    id_text(_e.supplier_id).label("supplier_id"),
    id_text(_e.parent_id).label("parent_id"),
    sa.cast(_e.ranges, sa.Text).label("ranges"),
    _e.status,
    _e.held_since.label("custody"),
    sa.cast(_e.custom_fields, sa.Text).label("custom_fields"),
    *(getattr(_e, name) for name in FACTS),
    _e.created_at,
    _e.updated_at,
)
_BESIDE: tuple[Any, ...] = (
    Location.path.label("location_path"),
    id_text(_e.holder_id).label("holder_id"),
    id_text(_e.held_at_id).label("held_at_id"),
    _e.held_by,
    _e.expected_return_on,
    _e.version,
)
_MEMBERS = tuple(column.key for column in _SHOWN)
_RANGE: dict[str, Any] = dict.fromkeys(RangeOut.model_fields)
"""A range of which nothing is known: only what is known is kept."""


def _custody(row: Any) -> dict[str, Any] | None:
    """Returns with whom, or where, an instrument is; None if it is at home."""
    if row.custody is None:
        return None
    holder, place, name = row.holder_id, row.held_at_id, row.held_by
    return {
        "holder": {"id": holder, "name": name} if holder else None,
        "location": {"id": place, "name": name} if place else None,
        "since": row.custody,
        "expected_return_on": row.expected_return_on,
    }


def shape_own(row: Any, _unit: Any) -> dict[str, Any]:
    """Turns a row into the members that this plugin gives; ids are text."""
    record: dict[str, Any] = dict(zip(_MEMBERS, row, strict=False))  # more stands beside them
    category, place, keeper = record["category_id"], record["location_id"], record["custodian_id"]
    if category is not None:
        record["category"] = {"id": category, "name": row.category}
    if place is not None:
        record["location"] = {"id": place, "name": row.location, "path": row.location_path}
    if keeper is not None:
        record["custodian"] = {"id": keeper, "name": row.custodian}
    record["custody"] = _custody(row)
    ranges, more = record["ranges"], record["custom_fields"]
    record["ranges"] = [] if ranges == "[]" else [_RANGE | given for given in orjson.loads(ranges)]
    record["custom_fields"] = {} if more == "{}" else orjson.loads(more)
    return record


# What lies in a tree is cut by the scope of the instruments; the tree itself only names nodes.
_SEEN: Mapping[Any, str] = {Category: VIEW, Location: VIEW}


def _below(model: Any) -> Callable[[Sequence[Any], Any], Sequence[Any]]:
    """Makes the reading of a filter of a tree: a node means itself and all that lies below it.

    The ids are fetched first: with them at hand the database reads the rows in order from an
    index, with a subquery it would sort them.
    """
    below_one = KeptSelect(
        subtree(model, [sa.bindparam("root", type_=sa.Uuid())]), model, _SEEN[model]
    )

    def expand(values: Sequence[uuid.UUID], unit: UnitOfWork) -> Sequence[uuid.UUID]:
        if len(values) == 1:
            return [row.id for row in below_one.rows(unit, {"root": values[0]})]
        statement = unit.restrict(_subtree(model), model, _SEEN[model])
        return columns_of(unit, statement, {"roots": tuple(values)}).scalars().all()  # type: ignore[no-any-return]

    return expand


@cache
def _subtree(model: Any) -> sa.Select[Any]:
    """Returns the select of the nodes below ``roots``, made once."""
    return subtree(model, sa.bindparam("roots", expanding=True))


def _fields() -> tuple[ListField, ...]:
    """Returns the fields of the list that this plugin gives."""
    words = tuple(str(status) for status in WORDS)
    item = ListField
    return (
        item(
            "asset_tag", "Asset tag", column=_e.asset_tag, orderable=True, order_column=_e.tag_key
        ),
        item("name", "Name", column=_e.name, orderable=True, order_column=_e.name_key),
        item("serial_number", "Serial number", column=_e.serial_number),
        item("manufacturer", "Manufacturer", column=_e.manufacturer),
        item("model", "Model", column=_e.model),
        item(
            "category",
            "Category",
            Kind.IDENTIFIER,
            _e.category_id,
            expand=_below(Category),
        ),
        item("category_id", "Category", Kind.IDENTIFIER, _e.category_id, filterable=False),
        item(
            "location",
            "Location",
            Kind.IDENTIFIER,
            _e.location_id,
            expand=_below(Location),
        ),
        item("location_id", "Location", Kind.IDENTIFIER, _e.location_id, filterable=False),
        item("owner_id", "Owner", Kind.IDENTIFIER, _e.owner_id),
        item("custodian_id", "Custodian", Kind.IDENTIFIER, _e.custodian_id),
        item("custodian", "Custodian", Kind.IDENTIFIER, _e.custodian_id),
        item("supplier_id", "Supplier", Kind.IDENTIFIER, _e.supplier_id),
        item("parent_id", "Part of", Kind.IDENTIFIER, _e.parent_id),
        item("ranges", "Ranges", Kind.OTHER, filterable=False),
        item("status", "Status", Kind.CHOICE, _e.status, choices=words),
        item("custody", "Custody", Kind.OTHER, filterable=False),
        item("custom_fields", "Custom fields", Kind.OTHER, filterable=False),
        item("created_at", "Created at", Kind.MOMENT, _e.created_at),
        item("updated_at", "Updated at", Kind.MOMENT, _e.updated_at, orderable=True),
        *(_fact_field(name, fact) for name, fact in FACTS.items()),
    )


_KINDS: Mapping[str, Kind] = {
    "text": Kind.TEXT,
    "date": Kind.DATE,
    "boolean": Kind.BOOLEAN,
    "choice": Kind.CHOICE,
}


def _fact_field(name: str, fact: Fact) -> ListField:
    """Returns a fact as a field of the list; prose and decimals are only shown."""
    kind = _KINDS.get(fact.kind, Kind.OTHER)
    return ListField(
        name,
        fact.label,
        kind,
        getattr(_e, name),
        filterable=fact.filterable and kind is not Kind.OTHER,
        choices=tuple(value for value, _ in fact.choices),
    )


def _search(pattern: Any) -> sa.ColumnElement[bool]:
    """Returns the condition of one word of ``q``, given its pattern."""
    return _e.search_text.like(pattern, escape="\\")


def _source(facets: Sequence[ListFacet] = ()) -> Any:
    """Returns instruments with their facets, and with the names that are shown beside them.

    The facets come first: the database joins in this order, and an order by a facet is served
    from the facet's index.
    """
    source: Any = _e.__table__
    for facet in facets:
        model = facet.model
        # The organisation is equated too, so that an index which begins with it serves the order.
        source = sa.join(
            source,
            model,
            sa.and_(model.equipment_id == _e.id, model.organisation_id == _e.organisation_id),
        )
    return (
        sa.join(source, Category, Category.id == _e.category_id, isouter=True)
        .join(Location, Location.id == _e.location_id, isouter=True)
        .join(User, User.id == _e.custodian_id, isouter=True)
    )


def _with_facets(own: ListSpec, facets: Sequence[ListFacet]) -> ListSpec:
    """Returns the list with what other plugins know of each instrument."""
    shapes = tuple(facet.shape for facet in facets)

    def shape(row: Any, unit: Any) -> dict[str, Any]:
        record = shape_own(row, unit)
        for more in shapes:
            record.update(more(row, unit))
        return record

    return own.extended(
        [field for facet in facets for field in facet.fields],
        [column for facet in facets for column in facet.columns],
        _source(facets),
        shape,
        [facet.model for facet in facets],
    )


SERVED = (
    frozenset({"status"}),
    frozenset({"location"}),
    frozenset({"category", "status"}),
)
"""Filters whose rows an index holds in the order of tags."""

_SPECS: dict[int, tuple[Any, ListSpec]] = {}


def equipment_list(platform: Platform) -> ListSpec:
    """Returns the list of instruments with all facets, made once for each set of plugins.

    Its records hold the members of `schemas.equipment.EquipmentOut` and of all facets, with ids
    as text. Default order is by tag.
    """
    plugins = platform.plugins
    known = _SPECS.get(id(plugins))
    if known is None or known[0] is not plugins:
        own = ListSpec(
            model=Equipment,
            permission=VIEW,
            columns=(*_SHOWN, *_BESIDE),
            source=_source(),
            key=_e.id,
            fields={field.name: field for field in _fields()},
            shape=shape_own,
            default_ordering=("asset_tag",),
            search=_search,
            pattern=search_pattern,
            joined=(Category, Location, User),
            served=SERVED,
        )
        known = _SPECS[id(plugins)] = (plugins, _with_facets(own, facets_of(platform)))
    return known[1]


def facets_of(platform: Platform) -> list[ListFacet]:
    """Returns what other plugins add to the list, in dependency order."""
    return platform.plugins.values(FACETS)


def read_record(unit: UnitOfWork, equipment_id: uuid.UUID) -> tuple[dict[str, Any], int]:
    """Returns one instrument as the list shows it, and its version.

    Raises:
        NotFound: it does not exist, or lies outside of the scope.
    """
    return read_one(unit, equipment_list(unit.platform), equipment_id)
