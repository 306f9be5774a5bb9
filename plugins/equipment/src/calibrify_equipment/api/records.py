"""Six views for a noun whose records are read by a list and written by plain verbs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import Body, Shape, changes
from calibrify_core.kernel.errors import Conflict
from calibrify_core.records.listing import ListSpec
from calibrify_equipment.services.reference_lists import read_one


@dataclass(frozen=True, slots=True)
class Resource:
    """A noun of the API.

    Attributes:
        noun: in the plural, also its path.
        title: in the singular, for the reference.
        spec: its list.
        change_permission: needed to write.
        body: schema of POST and PUT.
        change_body: schema of PATCH.
        out: schema of a record.
        find: called with (unit, id): the object that is to be changed.
        add: called with (unit, values).
        change: called with (unit, object, values).
        delete: called with (unit, object).
    """

    noun: str
    title: str
    spec: ListSpec
    change_permission: str
    body: type[Body]
    change_body: type[Any]
    out: type[Shape]
    find: Callable[[Any, Any], Any]
    add: Callable[[Any, Any], Any]
    change: Callable[[Any, Any, Any], Any]
    delete: Callable[[Any, Any], None]


def _views(resource: Resource) -> dict[str, Callable[[Request], Any]]:
    """Returns the views of a noun by their verbs."""

    def read(request: Request) -> Reply:
        return shown(*read_one(request.unit, resource.spec, request.matchdict["id"]))

    def create(request: Request) -> Reply:
        unit = request.unit
        made = resource.add(unit, request.data.model_dump())
        unit.session.flush()
        body, version = read_one(unit, resource.spec, made.id)
        return created(body, version, f"{resource.noun}/{made.id}/")

    def write(request: Request, values: dict[str, Any]) -> Reply:
        unit = request.unit
        found = resource.find(unit, request.matchdict["id"])
        check_version(request, found.version)
        resource.change(unit, found, values)
        unit.session.flush()
        return shown(*read_one(unit, resource.spec, found.id))

    def replace(request: Request) -> Reply:
        return write(request, request.data.model_dump())

    def change(request: Request) -> Reply:
        return write(request, _plain(changes(request.data)))

    def delete(request: Request) -> None:
        found = resource.find(request.unit, request.matchdict["id"])
        check_version(request, found.version)
        resource.delete(request.unit, found)

    return {"read": read, "create": create, "replace": replace, "change": change, "delete": delete}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values of a PATCH with nested schemas as dicts."""
    return {
        name: value.model_dump() if isinstance(value, Body) else value
        for name, value in values.items()
    }


def add_resource(config: Any, resource: Resource) -> None:
    """Adds list and views of a noun.

    Args:
        config: the configurator.
        resource: the noun.
    """
    noun, title = resource.noun, resource.title
    views = _views(resource)
    config.add_api_list(
        noun, listing=resource.spec, path=f"{noun}/", out=resource.out, summary=f"Lists {noun}."
    )
    writing = {"permission": resource.change_permission, "errors": (Conflict,)}
    one = f"{noun}/{{id:uuid}}/"
    config.add_api_view(
        views["read"],
        noun,
        "read",
        path=one,
        permission=resource.spec.permission,
        out=resource.out,
        summary=f"Shows a {title}.",
    )
    for verb, path, body, what in (
        ("create", f"{noun}/", resource.body, "Makes"),
        ("replace", one, resource.body, "Replaces"),
        ("change", one, resource.change_body, "Changes"),
    ):
        config.add_api_view(
            views[verb],
            noun,
            verb,
            path=path,
            body=body,
            out=resource.out,
            summary=f"{what} a {title}.",
            **writing,
        )
    config.add_api_view(
        views["delete"], noun, "delete", path=one, summary=f"Deletes a {title}.", **writing
    )
