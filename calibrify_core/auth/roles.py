"""Roles: the default ones kept in step with what the plugins declare, and an organisation's own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from functools import partial
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.administrators import require_one_left
from calibrify_core.auth.grant import Grant
from calibrify_core.auth.permissions import ROLE_MANAGE, ROLE_VIEW
from calibrify_core.auth.role import Role
from calibrify_core.kernel.errors import Conflict, FieldError, Invalid, check_all
from calibrify_core.records.listing import Kind, ListField, ListSpec
from calibrify_core.work.unit import UnitOfWork

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


class Roles:
    """Roles of the organisation.

    Args:
        unit: the unit of work.
    """

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def get(self, role_id: uuid.UUID, permission: str = ROLE_VIEW) -> Role:
        """Returns one role.

        Raises:
            NotFound: it does not exist, or the caller may not see roles.
        """
        return self._unit.find(Role, role_id, permission)

    def named(self, name: str, permission: str = ROLE_VIEW) -> Role | None:
        """Returns the role of a name, None if there is none."""
        statement = self._unit.select(Role, permission).where(Role.name == name)
        return self._unit.session.scalars(statement).one_or_none()

    def create(
        self,
        name: str,
        title: str,
        description: str = "",
        permissions: Collection[str] = (),
    ) -> Role:
        """Adds a role of the organisation's own.

        Raises:
            Forbidden: the caller may not manage roles of the whole organisation.
            Conflict: the name is taken.
            Invalid: a permission does not exist, or the name does not fit.
        """
        self._unit.access.require_everywhere(ROLE_MANAGE)
        check_all(partial(_check_name, name), partial(self._checked, permissions))
        with self._unit.session.no_autoflush:
            if self.named(name, ROLE_MANAGE) is not None:
                raise Conflict(f"There is a role {name} already.")
        role = Role(
            organisation_id=self._unit.organisation.id,
            name=name,
            title=title or name,
            description=description,
            permissions=self._checked(permissions),
        )
        self._unit.add(role)
        self._unit.session.flush()
        return role

    def change(
        self,
        role: Role,
        *,
        title: str | None = None,
        description: str | None = None,
        permissions: Collection[str] | None = None,
    ) -> Role:
        """Changes what is given of a role; its holders feel it at their next request.

        Raises:
            Forbidden: the caller may not manage roles of the whole organisation.
            Conflict: nobody would be left to administer.
            Invalid: a permission does not exist.
        """
        self._unit.access.require_everywhere(ROLE_MANAGE)
        if title is not None:
            role.title = title
        if description is not None:
            role.description = description
        if permissions is not None:
            before = set(role.permissions)
            role.permissions = self._checked(permissions, known=before)
            if before - set(role.permissions):
                require_one_left(self._unit)
        self._unit.session.flush()
        return role

    def delete(self, role: Role) -> None:
        """Deletes a role of the organisation's own that nobody holds.

        Raises:
            Forbidden: the caller may not manage roles of the whole organisation.
            Conflict: it is a default role, or somebody holds it.
        """
        self._unit.access.require_everywhere(ROLE_MANAGE)
        if role.built_in:
            raise Conflict("A default role stays; take its permissions away instead.")
        held = self._unit.select(Grant, ROLE_MANAGE).where(Grant.role_id == role.id).limit(1)
        if self._unit.session.scalars(held).first() is not None:
            raise Conflict("Somebody holds this role: take it away from them first.")
        self._unit.session.delete(role)
        self._unit.session.flush()

    def synchronise(self) -> list[str]:
        """Brings the default roles in step with what the running plugins declare.

        A role that is new is added. A permission that is new as a default is given to its
        roles. What the organisation changed stays: a permission that it took away does not
        come back, and one that it added is kept.

        Returns:
            One line for each role that changed.
        """
        self._unit.access.require_everywhere(ROLE_MANAGE)
        plugins = self._unit.platform.plugins
        lines = []
        for declared in plugins.values("calibrify_roles"):
            default = {
                permission.name
                for permission in plugins.values("calibrify_permissions")
                if declared.name in permission.roles
            }
            role = self.named(declared.name, ROLE_MANAGE)
            if role is None:
                role = Role(
                    organisation_id=self._unit.organisation.id,
                    name=declared.name,
                    title=declared.title,
                    description=declared.description,
                    permissions=(),
                    seeded=(),
                )
                self._unit.add(role)
            role.built_in = True
            new = default - set(role.seeded)
            if new:
                role.permissions = tuple(sorted({*role.permissions, *new}))
                role.seeded = tuple(sorted({*role.seeded, *new}))
                lines.append(f"{role.name}: {len(new)} permissions added")
        self._unit.session.flush()
        return lines

    def _checked(
        self, permissions: Collection[str], known: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Returns permissions in order; one that no running plugin declares must be known."""
        declared = self._unit.platform.plugins.named("calibrify_permissions").keys() | set(known)
        unknown = [
            FieldError(f"/permissions/{index}", f"{name} is no permission.")
            for index, name in enumerate(permissions)
            if name not in declared
        ]
        if unknown:
            raise Invalid(unknown)
        return tuple(sorted(set(permissions)))


def _check_name(name: str) -> None:
    """Refuses a name that a program cannot read."""
    if not NAME.fullmatch(name):
        raise Invalid.field("name", "Use lower-case letters, digits and underscores.")


def role_shape(row: Any, _unit: Any = None) -> dict[str, Any]:
    """Returns a role as it is shown."""
    return {
        "id": row.id,
        "name": row.name,
        "title": row.title,
        "description": row.description,
        "built_in": row.built_in,
        "permissions": list(row.permissions),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


ROLES = ListSpec(
    model=Role,
    permission=ROLE_VIEW,
    columns=(
        Role.id,
        Role.name,
        Role.title,
        Role.description,
        Role.built_in,
        Role.permissions,
        Role.created_at,
        Role.updated_at,
    ),
    source=Role.__table__,
    key=Role.id,
    fields={
        item.name: item
        for item in (
            ListField("name", "Name", column=Role.name, orderable=True),
            ListField("title", "Title", column=Role.title, orderable=True),
            ListField("description", "Description", filterable=False),
            ListField("built_in", "Default", Kind.BOOLEAN, Role.built_in),
            ListField("permissions", "Permissions", filterable=False),
            ListField("created_at", "Added", filterable=False),
            ListField("updated_at", "Changed", filterable=False),
        )
    },
    shape=role_shape,
    default_ordering=("name",),
    search=lambda word: sa.func.lower(Role.title).contains(word, autoescape=True),
)
