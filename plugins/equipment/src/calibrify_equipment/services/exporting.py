"""Exporting instruments: the columns that an import reads, so that what comes back is the same."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from calibrify_core.exchange.writing import CSV_TYPE, XLSX_TYPE, csv_bytes, xlsx_bytes
from calibrify_core.persistence.session import GuardedSession
from calibrify_core.records.listing import Kind, ListField, ListRequest, ListSpec
from calibrify_core.records.selects import ordered
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.party import Customer, Supplier
from calibrify_equipment.services.custom_columns import CustomColumns
from calibrify_equipment.services.import_fields import import_fields
from calibrify_equipment.services.listing import equipment_list, facets_of

FORMATS = ("csv", "xlsx")
TYPES = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE}
AT_ONCE = 500


def export_list(platform: Platform) -> ListSpec:
    """Returns the list of instruments with what an export needs besides, and its ``format``."""
    own = equipment_list(platform)
    source = own.source.join(Customer, Customer.id == Equipment.owner_id, isouter=True).join(
        Supplier, Supplier.id == Equipment.supplier_id, isouter=True
    )
    shape = own.shape

    def shape_row(row: Any, unit: Any) -> dict[str, Any]:
        record = shape(row, unit)
        record["category_path"] = row.export_category
        record["owner"], record["supplier"] = row.export_owner, row.export_supplier
        return record

    columns = (
        Category.path.label("export_category"),
        Customer.name.label("export_owner"),
        Supplier.name.label("export_supplier"),
    )
    item = ListField(
        "format", "Format", Kind.CHOICE, choices=FORMATS, matches=lambda _values, _unit: sa.true()
    )
    joined = own.extended([item], columns, source, shape_row, (Customer, Supplier))
    return replace(joined, paged=False)


def columns_of(platform: Platform, custom: CustomColumns) -> tuple[str, ...]:
    """Returns the header: what an import can fill, then what facets only show."""
    names = [item.name for item in import_fields(platform, custom)]
    names += [
        name
        for facet in facets_of(platform)
        for name, schema in facet.schema.items()
        if _is_plain(schema)
    ]
    return tuple(dict.fromkeys(names))


def _is_plain(schema: Mapping[str, Any]) -> bool:
    """Tells whether what a facet shows fits into a cell."""
    kinds = schema.get("type")
    named = {kinds} if isinstance(kinds, str) else set(kinds or ())
    return not named & {"object", "array"} and "$ref" not in schema


def note(unit: UnitOfWork, form: str, request: ListRequest) -> None:
    """Writes the audit entry of an export, before its first byte leaves."""
    filters = {name: [str(value) for value in values] for name, values in request.filters.items()}
    unit.audit(
        "export", "equipment", None, f"equipment.{form}", {"filters": filters, "q": request.q}
    )


def snapshot_session(platform: Platform) -> GuardedSession:
    """Returns a session that reads one consistent state, row by row; the caller closes it."""
    bind = platform.database.snapshot
    return GuardedSession(bind=bind, autoflush=False, expire_on_commit=False)


def produce(unit: UnitOfWork, form: str, request: ListRequest) -> Iterator[bytes]:
    """Returns the file in pieces; memory does not grow with the number of rows.

    Args:
        unit: on a session from `snapshot_session`.
        form: ``csv`` or ``xlsx``.
        request: filters, words and ordering, read with `export_list`.
    """
    custom = CustomColumns.read(unit)
    columns = columns_of(unit.platform, custom)
    rows = _rows(unit, columns, custom, request)
    if form == "xlsx":
        return xlsx_bytes(columns, rows, sheet="Equipment")
    return csv_bytes(columns, rows)


class Sent:
    """A file on its way to somebody, with the session that it is read by.

    Attributes:
        name: of the file.
        media_type: of its content.
    """

    def __init__(
        self,
        platform: Platform,
        unit_on: Callable[[GuardedSession], UnitOfWork],
        form: str,
        request: ListRequest,
    ) -> None:
        self.name, self.media_type = f"equipment.{form}", TYPES[form]
        self._session = snapshot_session(platform)
        try:
            self._pieces = produce(unit_on(self._session), form, request)
        except BaseException:
            self._session.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        """Returns the pieces."""
        return self._pieces

    def close(self) -> None:
        """Closes the session; the server calls this in the end, whatever happened."""
        self._session.close()


def _rows(
    unit: UnitOfWork, columns: Sequence[str], custom: CustomColumns, request: ListRequest
) -> Iterator[list[object]]:
    """Yields the cells of all instruments that match, in order."""
    platform = unit.platform
    spec = export_list(platform)
    wanted = replace(request, limit=1, cursor=None)
    statement = ordered(unit, spec, wanted).execution_options(yield_per=AT_ONCE)
    facets = [facet for facet in facets_of(platform) if facet.export_values is not None]
    for rows in unit.session.execute(statement).partitions(AT_ONCE):
        records = [spec.shape(row, unit) for row in rows]
        for facet in facets:
            more = facet.export_values
            if more is not None:
                found = more(unit, [uuid.UUID(record["id"]) for record in records])
                for record in records:
                    record.update(found.get(uuid.UUID(record["id"]), {}))
        for record in records:
            _flatten(record)
            if record["custom_fields"] and record["category_id"]:
                category_id = uuid.UUID(record["category_id"])
                record.update(custom.cells(category_id, record["custom_fields"]))
            yield [record.get(name) for name in columns]


def _flatten(record: dict[str, Any]) -> None:
    """Puts names in place of what the list shows as objects."""
    record["category"] = record["category_path"]
    record["location"] = record["location"]["path"] if record["location"] else None
    record["custodian"] = record["custodian"]["name"] if record["custodian"] else None
    ranges = record["ranges"]
    record["accuracy_text"] = ranges[0].get("accuracy_text") if len(ranges) == 1 else None
