"""The plugins: what each of them brings, how it is, and whether the organisation has it on."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import Body, Filters, Moment, Shape
from calibrify_core.auth.permissions import PLUGIN_MANAGE, PLUGIN_VIEW
from calibrify_core.auth.plugin_switches import organisation_of, switch
from calibrify_core.auth.plugin_views import describe_all
from calibrify_core.kernel.errors import NotFound
from calibrify_core.work.organisation import OrganisationFacts

ONE = "plugins/{name}/"


class PluginQuery(Filters):
    """Which plugins to list."""

    installed: Annotated[bool, Field(description="Also those that are not enabled.")] = False


class PluginSwitch(Body):
    """Whether a plugin runs for the organisation."""

    enabled: bool


class SettingShape(Shape):
    """A setting of a plugin with its effective value; secrets are masked."""

    name: str
    description: str
    value: str


class CheckShape(Shape):
    """How a dependency of a plugin is."""

    name: str
    ok: bool
    detail: str


class FaultShape(Shape):
    """The last failure of a plugin in the process that answers."""

    at: Moment
    what: str
    place: str
    error: str


class PluginShape(Shape):
    """A plugin; ``state`` is running, switched_off (here), not_enabled or cannot_run."""

    name: str
    title: str
    description: str
    distribution: str
    version: str
    state: str
    enabled: bool
    reason: str
    needs: list[str]
    needed_by: list[str]
    contributions: dict[str, int]
    settings: list[SettingShape]
    health: list[CheckShape]
    last_error: FaultShape | None


def show(request: Request) -> dict[str, Any]:
    """Lists the plugins; there is never a second page of them."""
    every = describe_all(request.platform, request.unit.organisation)
    enabled = request.platform.plugins.whole.names
    found = [one for one in every if request.filters.installed or one.name in enabled]
    return {"results": [asdict(one) for one in found], "next": None, "previous": None}


def read(request: Request) -> Reply:
    """Shows one plugin."""
    organisation = organisation_of(request.unit)
    return shown(_found(request, request.unit.organisation), organisation.version)


def change(request: Request) -> Reply:
    """Switches a plugin off or on for the organisation."""
    check_version(request, organisation_of(request.unit).version)
    changed = switch(request.unit, request.matchdict["name"], enabled=request.data.enabled)
    return shown(_found(request, OrganisationFacts.of(changed)), changed.version)


def _found(request: Request, organisation: OrganisationFacts) -> dict[str, Any]:
    """Returns the plugin that the address names.

    Raises:
        NotFound: there is none of this name.
    """
    name = request.matchdict["name"]
    for one in describe_all(request.platform, organisation):
        if one.name == name:
            return asdict(one)
    raise NotFound(f"No plugin {name} is installed here.")


def includeme(config: Any) -> None:
    """Adds the resource."""
    add = config.add_api_view
    add(
        show,
        "plugins",
        "list",
        path="plugins/",
        permission=PLUGIN_VIEW,
        query=PluginQuery,
        out=PluginShape,
        summary="Lists the enabled plugins, how each is, and what each contributes.",
    )
    add(
        read,
        "plugins",
        "read",
        path=ONE,
        permission=PLUGIN_VIEW,
        out=PluginShape,
        errors=(NotFound,),
        summary="Shows a plugin.",
    )
    add(
        change,
        "plugins",
        "change",
        path=ONE,
        permission=PLUGIN_MANAGE,
        body=PluginSwitch,
        out=PluginShape,
        errors=(NotFound,),
        summary="Switches a plugin off or on for the caller's organisation.",
    )
