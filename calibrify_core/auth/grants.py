"""Grants: who holds which role, for the organisation or a part of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.administrators import require_one_left
from calibrify_core.auth.grant import Grant
from calibrify_core.auth.group import Group, Membership
from calibrify_core.auth.permissions import GRANT_MANAGE, GRANT_VIEW
from calibrify_core.auth.role import Role
from calibrify_core.auth.user import User
from calibrify_core.kernel.errors import Conflict, Invalid, NotFound
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.listing import Kind, ListField, ListSpec
from calibrify_core.work.access import ORGANISATION
from calibrify_core.work.unit import UnitOfWork


class Grants:
    """Grants of the organisation.

    Args:
        unit: the unit of work.
    """

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def get(self, grant_id: uuid.UUID, permission: str = GRANT_VIEW) -> Grant:
        """Returns one grant.

        Raises:
            NotFound: it does not exist, or the caller may not see grants.
        """
        return self._unit.find(Grant, grant_id, permission)

    def give(
        self,
        role_id: uuid.UUID,
        *,
        user_id: uuid.UUID | None = None,
        group_id: uuid.UUID | None = None,
        scope_type: str = ORGANISATION,
        scope_id: uuid.UUID | None = None,
    ) -> Grant:
        """Gives a role to a person or to a group.

        Args:
            role_id: the role.
            user_id: to whom; or
            group_id: to which group.
            scope_type: ``organisation``, or a kind that a plugin declares (``location``).
            scope_id: the node of that kind; it holds there and below. For the organisation
                None, or its own id.

        Raises:
            Forbidden: the caller may not manage grants of the whole organisation.
            Invalid: holder, role or scope do not exist.
            Conflict: this was granted already.
        """
        self._unit.access.require_everywhere(GRANT_MANAGE)
        if (user_id is None) == (group_id is None):
            raise Invalid.field("user_id", "Name a user or a group, and not both.")
        if user_id is not None:
            self._require(User, user_id, "user_id", "account")
        if group_id is not None:
            self._require(Group, group_id, "group_id", "group")
        self._require(Role, role_id, "role_id", "role")
        scope_id = self._checked_scope(scope_type, scope_id)
        fingerprint = f"{user_id or group_id}:{role_id}:{scope_type}:{scope_id or ''}"
        same = self._unit.select(Grant, GRANT_MANAGE).where(Grant.fingerprint == fingerprint)
        if self._unit.session.scalars(same).first() is not None:
            raise Conflict("This role is granted there already.")
        grant = Grant(
            organisation_id=self._unit.organisation.id,
            user_id=user_id,
            group_id=group_id,
            role_id=role_id,
            scope_type=scope_type,
            scope_id=scope_id,
            fingerprint=fingerprint,
        )
        self._unit.add(grant)
        self._unit.session.flush()
        return grant

    def take_away(self, grant: Grant) -> None:
        """Takes a role away; the holders feel it at their next request.

        Raises:
            Forbidden: the caller may not manage grants of the whole organisation.
            Conflict: nobody would be left to administer.
        """
        self._unit.access.require_everywhere(GRANT_MANAGE)
        self._unit.session.delete(grant)
        require_one_left(self._unit)

    def _require(self, model: type[Any], identifier: uuid.UUID, member: str, noun: str) -> None:
        """Refuses what the organisation does not have."""
        try:
            self._unit.find(model, identifier, GRANT_MANAGE)
        except NotFound:
            raise Invalid.field(member, f"There is no {noun} {identifier}.") from None

    def _checked_scope(self, kind: str, identifier: uuid.UUID | None) -> uuid.UUID | None:
        """Returns the node of a scope, which exists in the organisation; None for all of it."""
        if kind == ORGANISATION:
            if identifier not in {None, self._unit.organisation.id}:
                raise Invalid.field("/scope/id", "A grant holds in one's own organisation.")
            return None
        kinds = self._unit.platform.plugins.named("calibrify_scope_kinds")
        if kind not in kinds:
            known = ", ".join([ORGANISATION, *sorted(kinds)])
            raise Invalid.field("/scope/type", f"{kind} is none of: {known}.")
        model = kinds[kind].model
        statement = self._unit.restrict(
            sa.select(model.id).where(model.id == identifier), model, GRANT_MANAGE
        )
        if identifier is None or self._unit.session.scalars(statement).first() is None:
            raise Invalid.field(
                "/scope/id", f"There is no {kind} {identifier or ''}".rstrip() + "."
            )
        return identifier


def grant_shape(row: Any, unit: Any) -> dict[str, Any]:
    """Returns a grant as it is shown."""
    return {
        "id": row.id,
        "user_id": row.user_id,
        "group_id": row.group_id,
        "role_id": row.role_id,
        "scope": {"type": row.scope_type, "id": row.scope_id or unit.organisation.id},
        "created_at": row.created_at,
    }


GRANTS = ListSpec(
    model=Grant,
    permission=GRANT_VIEW,
    columns=(
        Grant.id,
        Grant.user_id,
        Grant.group_id,
        Grant.role_id,
        Grant.scope_type,
        Grant.scope_id,
        Grant.created_at,
    ),
    source=Grant.__table__,
    key=Grant.id,
    fields={
        item.name: item
        for item in (
            ListField("user_id", "User", Kind.IDENTIFIER, Grant.user_id),
            ListField("group_id", "Group", Kind.IDENTIFIER, Grant.group_id),
            ListField("role_id", "Role", Kind.IDENTIFIER, Grant.role_id),
            ListField("scope", "Scope", filterable=False),
            ListField("created_at", "Given", Kind.MOMENT, Grant.created_at, orderable=True),
        )
    },
    shape=grant_shape,
    default_ordering=("created_at",),
)


def roles_held(unit: UnitOfWork, user_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """Returns the titles of the roles that people hold, by themselves or through a group.

    Args:
        unit: the unit of work.
        user_ids: the people; who is in another organisation has none.
    """
    through = sa.select(Membership.user_id, Grant.role_id, Grant.organisation_id).join(
        Grant, Grant.group_id == Membership.group_id
    )
    own = sa.select(Grant.user_id, Grant.role_id, Grant.organisation_id)
    held = sa.union(
        own.where(Grant.user_id.in_(user_ids)), through.where(Membership.user_id.in_(user_ids))
    ).subquery()
    statement = (
        sa.select(held.c.user_id, Role.title)
        .join(Role, Role.id == held.c.role_id)
        .where(held.c.organisation_id == unit.organisation.id)
        .order_by(Role.title)
    )
    marked = unscoped(statement, Grant, Role, because="told beside people who are in reach")
    found: dict[uuid.UUID, list[str]] = {}
    for user_id, title in unit.session.execute(marked):
        found.setdefault(user_id, []).append(title)
    return found
