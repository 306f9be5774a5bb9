"""Grants: who holds which role, and where."""

from typing import Annotated, Any

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import Body, Identifier, Moment, Shape, ShortText
from calibrify_core.auth.grants import GRANTS, Grants, grant_shape
from calibrify_core.auth.permissions import GRANT_MANAGE, GRANT_VIEW
from calibrify_core.kernel.errors import Conflict

ONE = "grants/{id:uuid}/"
VERSION = 1  # a grant is given and taken away, and never changed


class ScopeIn(Body):
    """Where a grant holds; the type `organisation` needs no id."""

    type: Annotated[str, ShortText(64, least=1)]
    id: Identifier | None = None


class GrantIn(Body):
    """A role for a person or for a group."""

    user_id: Identifier | None = None
    group_id: Identifier | None = None
    role_id: Identifier
    scope: ScopeIn


class ScopeShape(Shape):
    """Where a grant holds, with all that lies below it."""

    type: str
    id: Identifier


class GrantShape(Shape):
    """A role that a person or group holds."""

    id: Identifier
    user_id: Identifier | None
    group_id: Identifier | None
    role_id: Identifier
    scope: ScopeShape
    created_at: Moment


def read(request: Request) -> Reply:
    """Shows a grant."""
    grant = Grants(request.unit).get(request.matchdict["id"])
    return shown(grant_shape(grant, request.unit), VERSION)


def create(request: Request) -> Reply:
    """Gives a role."""
    unit, data = request.unit, request.data
    grant = Grants(unit).give(
        data.role_id,
        user_id=data.user_id,
        group_id=data.group_id,
        scope_type=data.scope.type,
        scope_id=data.scope.id,
    )
    return created(grant_shape(grant, unit), VERSION, f"grants/{grant.id}/")


def delete(request: Request) -> None:
    """Takes a role away."""
    grants = Grants(request.unit)
    grant = grants.get(request.matchdict["id"], GRANT_MANAGE)
    check_version(request, VERSION)
    grants.take_away(grant)


def includeme(config: Any) -> None:
    """Adds the resource."""
    add = config.add_api_view
    config.add_api_list(
        "grants", listing=GRANTS, path="grants/", out=GrantShape, summary="Lists grants."
    )
    add(
        create,
        "grants",
        "create",
        path="grants/",
        permission=GRANT_MANAGE,
        body=GrantIn,
        out=GrantShape,
        errors=(Conflict,),
        summary="Gives a role to a person or group, for the organisation or a part of it.",
    )
    add(
        read,
        "grants",
        "read",
        path=ONE,
        permission=GRANT_VIEW,
        out=GrantShape,
        summary="Shows a grant.",
    )
    add(
        delete,
        "grants",
        "delete",
        path=ONE,
        permission=GRANT_MANAGE,
        errors=(Conflict,),
        summary="Takes a role away.",
    )
