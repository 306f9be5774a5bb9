"""People and groups as their colleagues see them: names to choose from, and no more."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import sqlalchemy as sa

from calibrify_core.auth.group import Group
from calibrify_core.auth.user import ACTIVE, PERSON, User
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork

MOST = 500
REASON = "the names of colleagues and groups are known to everybody in the organisation"


class People:
    """Names of the people and groups of the organisation.

    Args:
        unit: the unit of work.
    """

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def names(self, user_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
        """Returns the names of accounts by their ids; disabled ones too, unknown ones not."""
        wanted = set(user_ids)
        if not wanted:
            return {}
        return dict(self._select(User.id.in_(wanted)))

    def choices(self) -> list[tuple[uuid.UUID, str]]:
        """Returns the active people to choose from, by name; at most 500."""
        return self._select(User.state == ACTIVE, User.kind == PERSON)

    def exists(self, user_id: uuid.UUID) -> bool:
        """Tells whether an account belongs to the organisation and is active."""
        return bool(self._select(User.id == user_id, User.state == ACTIVE))

    def groups(self) -> list[tuple[uuid.UUID, str]]:
        """Returns the groups that work can be given to, by name; at most 500."""
        return self._groups()

    def group_exists(self, group_id: uuid.UUID) -> bool:
        """Tells whether a group belongs to the organisation."""
        return bool(self._groups(Group.id == group_id))

    def _groups(self, *conditions: sa.ColumnElement[bool]) -> list[tuple[uuid.UUID, str]]:
        """Returns (id, name) of groups, in the order of their names."""
        statement = (
            sa.select(Group.id, Group.name)
            .where(Group.organisation_id == self._unit.organisation.id, *conditions)
            .order_by(sa.func.lower(Group.name), Group.id)
            .limit(MOST)
        )
        rows = self._unit.session.execute(unscoped(statement, Group, because=REASON))
        return [(group_id, name) for group_id, name in rows]

    def _select(self, *conditions: sa.ColumnElement[bool]) -> list[tuple[uuid.UUID, str]]:
        """Returns (id, name) of accounts, in the order of their names."""
        shown = sa.case((User.name != "", User.name), else_=User.username)
        statement = (
            sa.select(User.id, shown)
            .where(User.organisation_id == self._unit.organisation.id, *conditions)
            .order_by(sa.func.lower(shown), User.id)
            .limit(MOST)
        )
        rows = self._unit.session.execute(unscoped(statement, User, because=REASON))
        return [(user_id, name) for user_id, name in rows]
