"""What a body refers to: each id is looked up with the rights of whoever sent it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.user import User
from calibrify_core.kernel.errors import FieldError
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.kept import KeptSelect
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment import permissions
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.location import Location
from calibrify_equipment.models.party import Customer, Supplier
from calibrify_equipment.models.tree import subtree

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


_Check = Callable[[UnitOfWork, uuid.UUID], bool]


_ID = sa.bindparam("id", type_=sa.Uuid())


def _scoped(model: Any, permission: str) -> _Check:
    """Makes the check that an object of a scoped class is there for who asks."""
    found = KeptSelect(sa.select(model.id).where(model.id == _ID), model, permission)
    return lambda unit, identifier: found.first(unit, {"id": identifier}) is not None


# A category is looked up with the fields that it asks for: see `category_schema`.
_CHECKS: Mapping[str, _Check] = {
    "location_id": _scoped(Location, permissions.LOCATION_VIEW),
    "owner_id": _scoped(Customer, permissions.PARTY_VIEW),
    "supplier_id": _scoped(Supplier, permissions.PARTY_VIEW),
    "parent_id": _scoped(Equipment, permissions.VIEW),
    "custodian_id": lambda unit, identifier: person_name(unit, identifier) is not None,
}


def check_references(unit: UnitOfWork, values: Mapping[str, Any]) -> list[FieldError]:
    """Returns an error for each id in a body that does not exist for who sent it.

    Args:
        unit: the unit of work.
        values: members of the body by name; others than ids are passed over.
    """
    return [
        FieldError(f"/{name}", ABSENT)
        for name, check in _CHECKS.items()
        if values.get(name) is not None and not check(unit, values[name])
    ]


_SCHEMA = KeptSelect(
    sa.select(Category.custom_field_schema).where(Category.id == _ID),
    Category,
    permissions.CATEGORY_VIEW,
)


def category_schema(unit: UnitOfWork, category_id: uuid.UUID | None) -> Mapping[str, Any] | None:
    """Returns what a category asks of its instruments; None if it does not exist for who asks."""
    if category_id is None:
        return {}
    found = _SCHEMA.first(unit, {"id": category_id})
    return found[0] if found is not None else None


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
