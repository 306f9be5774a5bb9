"""What a body refers to: each id is looked up with the rights of whoever sent it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.user import User
from calibrify_core.kernel.errors import FieldError
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.lookup import KeptLookup, Sought
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment import permissions
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.location import Location
from calibrify_equipment.models.party import Customer, Supplier
from calibrify_equipment.models.tree import subtree

MOST_NAMED = 20
ABSENT = "This does not exist."
WANTED = "Give a location or a category that your rights cover."


def person_name(unit: UnitOfWork, user_id: uuid.UUID) -> str | None:
    """Returns the name of somebody of the organisation, None if there is no such person."""
    statement = sa.select(User.name, User.username).where(
        User.id == user_id, User.organisation_id == unit.organisation.id
    )
    marked = unscoped(statement, User, because="colleagues are named on instruments")
    found = unit.session.execute(marked).one_or_none()
    return (found.name or found.username) if found else None


def people(unit: UnitOfWork) -> list[tuple[uuid.UUID, str]]:
    """Returns (id, name) of the active people of the organisation, by name: for forms."""
    statement = (
        sa.select(User.id, User.name, User.username)
        .where(
            User.organisation_id == unit.organisation.id,
            User.state == "active",
            User.kind == "person",
        )
        .order_by(User.name, User.username)
        .limit(1_000)
    )
    marked = unscoped(statement, User, because="colleagues are named on instruments")
    return [(row.id, row.name or row.username) for row in unit.session.execute(marked)]


def words_of_filter(
    unit: UnitOfWork, texts: Sequence[str], permission: str = permissions.VIEW
) -> dict[tuple[str, str], str]:
    """Returns what a list says that is filtered by ``equipment_id``: by (name, value).

    Args:
        unit: the unit of work.
        texts: values of the filter as the address has them; what is no id is left out.
        permission: what a reader must hold.
    """
    ids = {}
    for text in texts[:MOST_NAMED]:
        with suppress(ValueError):
            ids[uuid.UUID(text)] = text
    if not ids:
        return {}
    statement = sa.select(Equipment.id, Equipment.asset_tag, Equipment.name)
    statement = statement.where(Equipment.id.in_(ids))
    return {
        ("equipment_id", ids[row.id]): f"Instrument: {row.asset_tag} {row.name}"
        for row in unit.session.execute(unit.restrict(statement, Equipment, permission))
    }


_IS_THERE: Any = sa.literal_column("1")
SOUGHT: Mapping[str, Sought] = {
    # With the fields that it asks of its instruments.
    "category_id": Sought(Category, permissions.CATEGORY_VIEW, Category.custom_field_schema),
    "location_id": Sought(Location, permissions.LOCATION_VIEW, _IS_THERE),
    "owner_id": Sought(Customer, permissions.PARTY_VIEW, _IS_THERE),
    "supplier_id": Sought(Supplier, permissions.PARTY_VIEW, _IS_THERE),
    "parent_id": Sought(Equipment, permissions.VIEW, _IS_THERE),
}
_LOOKUP = KeptLookup(SOUGHT)


def ids_in(values: Mapping[str, Any]) -> dict[str, uuid.UUID]:
    """Returns the ids in a body that `SOUGHT` names."""
    return {name: values[name] for name in SOUGHT if values.get(name) is not None}


def look_up(unit: UnitOfWork, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the ids in a body stand for, None for what does not exist for its sender.

    Args:
        unit: the unit of work.
        values: members of the body by name; others than ids are passed over.

    Returns:
        By name: of a category the custom fields that it asks for, of a person a name.
    """
    return _LOOKUP.find(unit, ids_in(values)) | look_up_keeper(unit, values)


def look_up_keeper(unit: UnitOfWork, values: Mapping[str, Any]) -> dict[str, str | None]:
    """Returns the name of the custodian that a body names, likewise."""
    keeper = values.get("custodian_id")
    return {} if keeper is None else {"custodian_id": person_name(unit, keeper)}


def absent(found: Mapping[str, Any]) -> list[FieldError]:
    """Returns an error for each id that stands for nothing."""
    return [FieldError(f"/{name}", ABSENT) for name, what in found.items() if what is None]


def check_reach(
    unit: UnitOfWork, location_id: uuid.UUID | None, category_id: uuid.UUID | None
) -> list[FieldError]:
    """Returns an error if somebody would put an instrument where their rights do not reach.

    Who may change the instruments of one subtree neither makes nor moves one outside of it;
    such a place looks as if it did not exist.

    Args:
        unit: the unit of work.
        location_id: where the instrument is to be.
        category_id: what it is to be.
    """
    scope = unit.access.scope(permissions.CHANGE)
    if scope.everything:
        return []
    for model, kind, identifier in (
        (Location, "location", location_id),
        (Category, "category", category_id),
    ):
        roots = scope.limits.get(kind, ())
        if identifier is None or not roots:
            continue
        statement = unscoped(
            subtree(model, roots).where(model.id == identifier),
            model,
            because="it asks whether a node lies below the roots of the caller's own rights",
        )
        if unit.session.execute(statement).one_or_none() is not None:
            return []
    member = "category_id" if set(scope.limits) == {"category"} else "location_id"
    given = category_id if member == "category_id" else location_id
    return [FieldError(f"/{member}", WANTED if given is None else ABSENT)]
