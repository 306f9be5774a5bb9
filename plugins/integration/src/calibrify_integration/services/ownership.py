"""Whose something is that acts for its owner: a calendar feed, a connector, a webhook."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from calibrify_core.kernel.errors import Forbidden, NotFound
from calibrify_core.work.unit import UnitOfWork


def own(unit: Any, owner: Any, permission: str) -> list[sa.ColumnElement[bool]]:
    """Returns the condition that leaves what is one's own, unless all may be seen.

    Args:
        unit: the unit of work.
        owner: the column that says whose it is.
        permission: what a reader must hold.
    """
    if unit.access.scope(permission).everything:
        return []
    return [owner == unit.actor.user_id]


def find_own(unit: UnitOfWork, model: Any, identifier: uuid.UUID, permission: str) -> Any:
    """Returns one's own object of a class with an ``owner_id``, or anybody's for who may see all.

    Raises:
        NotFound: it does not exist, or is somebody else's who reaches further.
    """
    statement = unit.select(model, permission).where(
        model.id == identifier, *own(unit, model.owner_id, permission)
    )
    found = unit.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound
    return found


def person(unit: UnitOfWork, permission: str, refusal: str) -> uuid.UUID:
    """Returns whose rights something will have.

    Args:
        unit: the unit of work.
        permission: what the author must hold.
        refusal: what a token is told.

    Raises:
        Forbidden: a token asks, which is cut down to less than its owner may, or the system.
    """
    unit.access.require(permission)
    if unit.actor.kind == "token" or unit.actor.user_id is None:
        raise Forbidden(refusal)
    return unit.actor.user_id
