"""The last administrator: an organisation is never left without one."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.grant import Grant
from calibrify_core.auth.group import Membership
from calibrify_core.auth.permissions import ADMINISTRATION
from calibrify_core.auth.role import Role
from calibrify_core.auth.user import ACTIVE, PERSON, User
from calibrify_core.kernel.errors import Conflict, Forbidden
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.access import ORGANISATION
from calibrify_core.work.organisation import Organisation
from calibrify_core.work.unit import UnitOfWork

REASON = "rights are weighed over the whole organisation, whoever asks"


def administrators(unit: UnitOfWork) -> set[uuid.UUID]:
    """Returns the active people who may administer people and rights of the organisation."""
    held: dict[uuid.UUID, set[str]] = {}
    for user_id, permissions in unit.session.execute(_holdings(unit)):
        held.setdefault(user_id, set()).update(permissions)
    return {user_id for user_id, permissions in held.items() if permissions >= ADMINISTRATION}


def require_one_left(unit: UnitOfWork) -> None:
    """Refuses a change that leaves the organisation without an administrator.

    The organisation's row is locked first: two administrators who remove each other at the
    same moment are looked at one after the other.

    Raises:
        Conflict: nobody would be left.
    """
    unit.session.flush()
    unit.session.execute(
        sa.select(Organisation.id).where(Organisation.id == unit.organisation.id).with_for_update()
    )
    if not administrators(unit):
        raise Conflict("This would leave the organisation without an administrator.")


def require_not_above(unit: UnitOfWork, user_id: uuid.UUID) -> None:
    """Refuses to take over an account that administers what the actor does not.

    Raises:
        Forbidden: it does.
    """
    if unit.access.unlimited or user_id == unit.actor.user_id:
        return
    theirs: set[str] = set()
    for holder, permissions in unit.session.execute(_holdings(unit, active_only=False)):
        if holder == user_id:
            theirs.update(permissions)
    beyond = sorted(
        name for name in ADMINISTRATION & theirs if not unit.access.scope(name).everything
    )
    if beyond:
        raise Forbidden(f"This account may do more than you: {', '.join(beyond)}.")


def _holdings(unit: UnitOfWork, *, active_only: bool = True) -> Any:
    """Returns (account, permissions) for each role that holds for the whole organisation."""
    member = sa.select(Membership.user_id).where(
        Membership.user_id == User.id, Membership.group_id == Grant.group_id
    )
    statement: Any = (
        sa.select(User.id, Role.permissions)
        .select_from(User)
        .join(Grant, sa.or_(Grant.user_id == User.id, member.exists()))
        .join(Role, Role.id == Grant.role_id)
        .where(
            User.organisation_id == unit.organisation.id,
            Grant.scope_type == ORGANISATION,
        )
    )
    if active_only:
        statement = statement.where(User.state == ACTIVE, User.kind == PERSON)
    return unscoped(statement, User, Grant, Role, because=REASON)
