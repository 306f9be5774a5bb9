"""Finding the instruments that a batch of rows means, and those that stand in its way."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from calibrify_core.kernel.errors import Conflict
from calibrify_core.persistence.scoping import condition, unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.location import Location
from calibrify_equipment.permissions import CHANGE

BECAUSE = "tags and serial numbers are unique in the whole organisation; the scope is a column"
_COLUMNS = (
    "id", "asset_tag", "name", "serial_number", "manufacturer_id", "model_id", "manufacturer",
    "model", "identity_key", "category_id", "location_id", "department", "owner_id",
    "custodian_id", "supplier_id", "ranges", "is_reference_standard", "use_limitation", "status",
    "criticality", "acquired_on", "warranty_until", "purchase_price", "firmware_version", "notes",
    "custom_fields", "version",
)  # fmt: skip


@dataclass(slots=True)
class Present:
    """Instruments that are there already, with a mark whether the author may change them.

    Attributes:
        by_tag: by asset tag.
        by_identity: by manufacturer, model and serial number.
    """

    by_tag: dict[str, Any] = field(default_factory=dict)
    by_identity: dict[str, Any] = field(default_factory=dict)

    def add(self, rows: Iterable[Any]) -> None:
        """Takes rows of the database in."""
        for row in rows:
            self.by_tag[row.asset_tag] = row
            if row.identity_key is not None:
                self.by_identity[row.identity_key] = row


def read_present(unit: UnitOfWork, tags: Sequence[str], identities: Sequence[str]) -> Present:
    """Reads the instruments with one of some tags or identities, in one statement each.

    Args:
        unit: the unit of work.
        tags: asset tags.
        identities: from `calibrify_equipment.domain.identity.identity_key`.
    """
    present = Present()
    for column, keys in ((Equipment.asset_tag, tags), (Equipment.identity_key, identities)):
        if keys:
            present.add(unit.session.execute(_statement(unit, _one_of(unit, column, keys))))
    return present


def hold(unit: UnitOfWork, known: Sequence[Any]) -> None:
    """Holds instruments that will be changed until the transaction ends.

    Args:
        unit: the unit of work.
        known: as `read_present` read them.

    Raises:
        Conflict: somebody else changed one of them meanwhile.
    """
    if not known:
        return
    versions = {row.id: row.version for row in known}
    statement = (
        sa.select(Equipment.id, Equipment.version)
        .where(Equipment.id.in_(versions))
        .order_by(Equipment.id)
        .with_for_update()
    )
    marked = unscoped(statement, Equipment, because="they were found within the scope before")
    held = {row.id: row.version for row in unit.session.execute(marked)}
    if held != versions:
        raise Conflict("Somebody else has just changed this instrument; import the row again.")


def _one_of(unit: UnitOfWork, column: Any, keys: Sequence[str]) -> sa.ColumnElement[bool]:
    """Returns the condition that a column has one of many values, as one parameter if it can."""
    if unit.platform.database.dialect == "postgresql":
        values = sa.bindparam(None, list(keys), type_=postgresql.ARRAY(sa.Text))
        return column == sa.any_(values)  # type: ignore[no-any-return]
    return column.in_(keys)  # type: ignore[no-any-return]


def taken_tags(unit: UnitOfWork, tags: Iterable[str]) -> set[str]:
    """Returns those of some tags that instruments of the organisation have."""
    statement = sa.select(Equipment.asset_tag).where(
        Equipment.organisation_id == unit.organisation.id, Equipment.asset_tag.in_(list(tags))
    )
    marked = unscoped(statement, Equipment, because=BECAUSE)
    return set(unit.session.execute(marked).scalars())


def _statement(unit: UnitOfWork, which: Any) -> sa.Select[Any]:
    scope = unit.access.scope(CHANGE)
    reached = sa.true() if scope.everything else condition(Equipment, scope)
    columns = [getattr(Equipment, name) for name in _COLUMNS]
    statement = (
        sa.select(
            *columns,
            Category.path.label("category_path"),
            Location.path.label("location_path"),
            sa.case((reached, sa.true()), else_=sa.false()).label("reached"),
        )
        .select_from(Equipment)
        .join(Category, Category.id == Equipment.category_id, isouter=True)
        .join(Location, Location.id == Equipment.location_id, isouter=True)
        .where(Equipment.organisation_id == unit.organisation.id, which)
    )
    return unscoped(statement, Equipment, Category, Location, because=BECAUSE)


def stays_at(known: Any, field_name: str, path: str) -> uuid.UUID | None:
    """Returns the node that a known instrument lies in if a text is the path of just that one."""
    present = known.category_path if field_name == "category" else known.location_path
    if present != path:
        return None
    found: uuid.UUID = known.category_id if field_name == "category" else known.location_id
    return found
