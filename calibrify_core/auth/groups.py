"""Groups: people who are granted roles together."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.administrators import require_one_left
from calibrify_core.auth.grant import Grant
from calibrify_core.auth.group import Group, Membership
from calibrify_core.auth.permissions import GRANT_MANAGE, GROUP_MANAGE, GROUP_VIEW
from calibrify_core.auth.user import User
from calibrify_core.kernel.errors import Conflict, Invalid
from calibrify_core.records.listing import ListField, ListSpec
from calibrify_core.work.unit import UnitOfWork


class Groups:
    """Groups of the organisation.

    Args:
        unit: the unit of work.
    """

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def get(self, group_id: uuid.UUID, permission: str = GROUP_VIEW) -> Group:
        """Returns one group.

        Raises:
            NotFound: it does not exist, or the caller may not see groups.
        """
        return self._unit.find(Group, group_id, permission)

    def member_ids(self, group: Group) -> list[uuid.UUID]:
        """Returns the ids of a group's members, in order."""
        statement = (
            sa.select(Membership.user_id)
            .where(Membership.group_id == group.id)
            .order_by(Membership.user_id)
        )
        return list(self._unit.session.scalars(statement))

    def create(
        self, name: str, description: str = "", member_ids: Collection[uuid.UUID] = ()
    ) -> Group:
        """Adds a group.

        Raises:
            Forbidden: the caller may not manage groups of the whole organisation.
            Conflict: the name is taken.
            Invalid: a member does not exist.
        """
        self._unit.access.require_everywhere(GROUP_MANAGE)
        self._require_free(name, None)
        group = self._unit.add(
            Group(organisation_id=self._unit.organisation.id, name=name, description=description)
        )
        self._unit.session.flush()
        if member_ids:
            self.set_members(group, member_ids)
        return group

    def change(
        self,
        group: Group,
        *,
        name: str | None = None,
        description: str | None = None,
        member_ids: Collection[uuid.UUID] | None = None,
    ) -> Group:
        """Changes what is given of a group.

        Raises:
            Forbidden: the caller may not manage groups, or grants, of the whole organisation.
            Conflict: the name is taken, or nobody would be left to administer.
            Invalid: a member does not exist.
        """
        self._unit.access.require_everywhere(GROUP_MANAGE)
        if name is not None and name != group.name:
            self._require_free(name, group.id)
            group.name = name
        if description is not None:
            group.description = description
        if member_ids is not None:
            self.set_members(group, member_ids)
        self._unit.session.flush()
        return group

    def set_members(self, group: Group, member_ids: Collection[uuid.UUID]) -> None:
        """Makes exactly these people the members of a group.

        Raises:
            Forbidden: the caller may not manage groups; or not grants, and the group has some.
            Conflict: nobody would be left to administer.
            Invalid: a member does not exist.
        """
        self._unit.access.require_everywhere(GROUP_MANAGE)
        before, after = set(self.member_ids(group)), set(member_ids)
        if before == after:
            return
        if self._has_grants(group):
            self._unit.access.require_everywhere(GRANT_MANAGE)
        self._require_people(after - before)
        session = self._unit.session
        for user_id in sorted(after - before):
            session.add(Membership(user_id=user_id, group_id=group.id))
        self._leave(group, before - after)
        session.flush()
        # The group itself counts as changed, so that a stale version is noticed.
        group.updated_at = self._unit.clock.now()
        session.flush()
        if before - after:
            require_one_left(self._unit)
        changes = {"members": [_texts(before), _texts(after)]}
        self._unit.audit("update", "group", group.id, group.name, changes)

    def delete(self, group: Group) -> None:
        """Deletes a group and what it was granted; its members lose that at once.

        Raises:
            Forbidden: the caller may not manage groups; or not grants, and the group has some.
            Conflict: nobody would be left to administer.
        """
        self._unit.access.require_everywhere(GROUP_MANAGE)
        if self._has_grants(group):
            self._unit.access.require_everywhere(GRANT_MANAGE)
        session = self._unit.session
        self._leave(group, self.member_ids(group))
        grants = self._unit.select(Grant, GROUP_MANAGE).where(Grant.group_id == group.id)
        for grant in session.scalars(grants).all():
            session.delete(grant)
        session.flush()
        session.delete(group)
        require_one_left(self._unit)

    def _leave(self, group: Group, user_ids: Collection[uuid.UUID]) -> None:
        """Takes people out of a group, one by one, so that the change of rights is noticed."""
        statement = sa.select(Membership).where(
            Membership.group_id == group.id, Membership.user_id.in_(user_ids)
        )
        for membership in self._unit.session.scalars(statement).all():
            self._unit.session.delete(membership)

    def _has_grants(self, group: Group) -> bool:
        """Tells whether membership gives rights."""
        grants = self._unit.select(Grant, GROUP_MANAGE).where(Grant.group_id == group.id)
        return self._unit.session.scalars(grants.limit(1)).first() is not None

    def _require_free(self, name: str, own_id: uuid.UUID | None) -> None:
        """Refuses a name that another group has."""
        same = self._unit.select(Group, GROUP_MANAGE).where(Group.name == name)
        with self._unit.session.no_autoflush:
            found = self._unit.session.scalars(same).first()
        if found is not None and found.id != own_id:
            raise Conflict(f"There is a group {name} already.")

    def _require_people(self, user_ids: Collection[uuid.UUID]) -> None:
        """Refuses members that the organisation does not have."""
        if not user_ids:
            return
        statement = self._unit.restrict(
            sa.select(User.id).where(User.id.in_(user_ids)), User, GROUP_MANAGE
        )
        known = set(self._unit.session.scalars(statement))
        if missing := sorted(set(user_ids) - known):
            raise Invalid.field("member_ids", f"There is no account {missing[0]}.")


def _texts(ids: Iterable[uuid.UUID]) -> list[str]:
    """Returns ids as text, in order."""
    return sorted(str(identifier) for identifier in ids)


def group_shape(row: Any, _unit: Any = None) -> dict[str, Any]:
    """Returns a group as lists show it."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "members": row.members,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


GROUPS = ListSpec(
    model=Group,
    permission=GROUP_VIEW,
    columns=(
        Group.id,
        Group.name,
        Group.description,
        Group.created_at,
        Group.updated_at,
        sa.select(sa.func.count())
        .where(Membership.group_id == Group.id)
        .correlate(Group)
        .scalar_subquery()
        .label("members"),
    ),
    source=Group.__table__,
    key=Group.id,
    fields={
        item.name: item
        for item in (
            ListField("name", "Name", column=Group.name, orderable=True),
            ListField("description", "Description", filterable=False),
            ListField("members", "Members", filterable=False),
            ListField("created_at", "Added", filterable=False),
            ListField("updated_at", "Changed", filterable=False),
        )
    },
    shape=group_shape,
    default_ordering=("name",),
    search=lambda word: sa.func.lower(Group.name).contains(word, autoescape=True),
)
