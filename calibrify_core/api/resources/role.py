"""Roles and their permissions."""

from typing import Annotated, Any

from pydantic import Field

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import (
    Body,
    Identifier,
    Moment,
    Name,
    Prose,
    Shape,
    ShortText,
    partial,
)
from calibrify_core.auth.permissions import ROLE_MANAGE, ROLE_VIEW
from calibrify_core.auth.roles import ROLES, Roles, role_shape
from calibrify_core.kernel.errors import Conflict

ONE = "roles/{id:uuid}/"
PermissionName = Annotated[str, ShortText(100)]
Permissions = Annotated[list[PermissionName], Field(max_length=2000)]


class RoleDetails(Body):
    """What can change of a role, as PUT replaces it."""

    title: Name
    description: Prose = ""
    permissions: Permissions = Field(default_factory=list)


class RoleIn(RoleDetails):
    """A role of the organisation's own."""

    name: Annotated[str, ShortText(64, least=1)]


RoleChange = partial(RoleDetails, "RoleChange")


class RoleShape(Shape):
    """A role; a built-in one is kept in step with the plugins and cannot be deleted."""

    id: Identifier
    name: str
    title: str
    description: str
    built_in: bool
    permissions: list[str]
    created_at: Moment
    updated_at: Moment


def read(request: Request) -> Reply:
    """Shows a role."""
    role = Roles(request.unit).get(request.matchdict["id"])
    return shown(role_shape(role), role.version)


def create(request: Request) -> Reply:
    """Adds a role."""
    data = request.data
    role = Roles(request.unit).create(data.name, data.title, data.description, data.permissions)
    return created(role_shape(role), role.version, f"roles/{role.id}/")


def change(request: Request) -> Reply:
    """Changes a role, or replaces it; its holders feel it at their next request."""
    roles, data = Roles(request.unit), request.data
    role = roles.get(request.matchdict["id"], ROLE_MANAGE)
    check_version(request, role.version)
    roles.change(role, title=data.title, description=data.description, permissions=data.permissions)
    return shown(role_shape(role), role.version)


def delete(request: Request) -> None:
    """Deletes a role that nobody holds."""
    roles = Roles(request.unit)
    role = roles.get(request.matchdict["id"], ROLE_MANAGE)
    check_version(request, role.version)
    roles.delete(role)


def includeme(config: Any) -> None:
    """Adds the resource."""
    add = config.add_api_view
    config.add_api_list(
        "roles", listing=ROLES, path="roles/", out=RoleShape, summary="Lists roles."
    )
    add(
        create,
        "roles",
        "create",
        path="roles/",
        permission=ROLE_MANAGE,
        body=RoleIn,
        out=RoleShape,
        errors=(Conflict,),
        summary="Adds a role of the organisation's own.",
    )
    add(
        read,
        "roles",
        "read",
        path=ONE,
        permission=ROLE_VIEW,
        out=RoleShape,
        summary="Shows a role.",
    )
    add(
        change,
        "roles",
        "replace",
        path=ONE,
        permission=ROLE_MANAGE,
        body=RoleDetails,
        out=RoleShape,
        errors=(Conflict,),
        summary="Replaces a role, all but its name; its holders feel it at their next request.",
    )
    add(
        change,
        "roles",
        "change",
        path=ONE,
        permission=ROLE_MANAGE,
        body=RoleChange,
        out=RoleShape,
        errors=(Conflict,),
        summary="Changes a role; its holders feel it at their next request.",
    )
    add(
        delete,
        "roles",
        "delete",
        path=ONE,
        permission=ROLE_MANAGE,
        errors=(Conflict,),
        summary="Deletes a role that nobody holds.",
    )
