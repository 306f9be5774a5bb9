"""Groups of people."""

from typing import Annotated, Any

from pydantic import Field

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import Body, Identifier, Moment, Name, Prose, Shape, partial
from calibrify_core.auth.group import Group
from calibrify_core.auth.groups import GROUPS, Groups
from calibrify_core.auth.permissions import GROUP_MANAGE, GROUP_VIEW
from calibrify_core.kernel.errors import Conflict

ONE = "groups/{id:uuid}/"
Members = Annotated[list[Identifier], Field(max_length=1000)]


class GroupIn(Body):
    """A group and its members."""

    name: Name
    description: Prose = ""
    member_ids: Members = Field(default_factory=list)


GroupChange = partial(GroupIn, "GroupChange")


class GroupRow(Shape):
    """A group in a list."""

    id: Identifier
    name: str
    description: str
    members: int
    created_at: Moment
    updated_at: Moment


class GroupShape(GroupRow):
    """A group with its members."""

    member_ids: list[Identifier]


def read(request: Request) -> Reply:
    """Shows a group."""
    groups = Groups(request.unit)
    group = groups.get(request.matchdict["id"])
    return shown(_shape(groups, group), group.version)


def create(request: Request) -> Reply:
    """Adds a group."""
    groups, data = Groups(request.unit), request.data
    group = groups.create(data.name, data.description, data.member_ids)
    return created(_shape(groups, group), group.version, f"groups/{group.id}/")


def change(request: Request) -> Reply:
    """Changes a group, or replaces it: what the body brings is written."""
    groups, data = Groups(request.unit), request.data
    group = groups.get(request.matchdict["id"], GROUP_MANAGE)
    check_version(request, group.version)
    groups.change(group, name=data.name, description=data.description, member_ids=data.member_ids)
    return shown(_shape(groups, group), group.version)


def delete(request: Request) -> None:
    """Deletes a group and what it was granted."""
    groups = Groups(request.unit)
    group = groups.get(request.matchdict["id"], GROUP_MANAGE)
    check_version(request, group.version)
    groups.delete(group)


def _shape(groups: Groups, group: Group) -> dict[str, Any]:
    """Returns a group as it is shown."""
    members = groups.member_ids(group)
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "members": len(members),
        "member_ids": members,
        "created_at": group.created_at,
        "updated_at": group.updated_at,
    }


def includeme(config: Any) -> None:
    """Adds the resource."""
    add = config.add_api_view
    config.add_api_list(
        "groups", listing=GROUPS, path="groups/", out=GroupRow, summary="Lists groups."
    )
    add(
        create,
        "groups",
        "create",
        path="groups/",
        permission=GROUP_MANAGE,
        body=GroupIn,
        out=GroupShape,
        errors=(Conflict,),
        summary="Adds a group.",
    )
    add(
        read,
        "groups",
        "read",
        path=ONE,
        permission=GROUP_VIEW,
        out=GroupShape,
        summary="Shows a group with its members.",
    )
    add(
        change,
        "groups",
        "replace",
        path=ONE,
        permission=GROUP_MANAGE,
        body=GroupIn,
        out=GroupShape,
        errors=(Conflict,),
        summary="Replaces a group and its members.",
    )
    add(
        change,
        "groups",
        "change",
        path=ONE,
        permission=GROUP_MANAGE,
        body=GroupChange,
        out=GroupShape,
        errors=(Conflict,),
        summary="Changes a group or its members.",
    )
    add(
        delete,
        "groups",
        "delete",
        path=ONE,
        permission=GROUP_MANAGE,
        errors=(Conflict,),
        summary="Deletes a group and what it was granted.",
    )
