"""The plugins page: what runs here and how it is, and a switch for the organisation."""

from __future__ import annotations

from typing import Any

from pyramid.interfaces import IRoutesMapper

from calibrify_core.auth.permissions import PLUGIN_MANAGE, PLUGIN_VIEW
from calibrify_core.auth.plugin_switches import switch
from calibrify_core.auth.plugin_views import PluginView, describe_all
from calibrify_core.kernel.errors import CalibrifyError
from calibrify_core.web.flash import flash
from calibrify_core.web.kit import problems_of, see_other

ROUTES = "calibrify.route_plugins"  # kept by the configurator
LOOKS = {
    "running": ("ok", "Running", "circle-check"),
    "switched_off": ("out", "Switched off here", "ban"),
    "not_enabled": ("out", "Installed, not enabled", "info"),
    "cannot_run": ("oot", "Cannot run", "octagon-alert"),
}


def show(request: Any) -> dict[str, Any]:
    """Shows the plugins."""
    return _page(request, [])


def save(request: Any) -> Any:
    """Switches a plugin off or on for the organisation."""
    name, enabled = request.POST.get("plugin", ""), request.POST.get("enabled") == "true"
    try:
        switch(request.unit, name, enabled=enabled)
    except CalibrifyError as error:
        return _page(request, problems_of(error))
    word = "on" if enabled else "off"
    flash(request, f"The plugin {name} is switched {word}. It holds from the next request on.")
    return see_other(request, "core.plugin.list")


def _page(request: Any, problems: list[dict[str, str]]) -> dict[str, Any]:
    """Returns the page, with what kept a switch from being turned."""
    manages = request.unit.access.scope(PLUGIN_MANAGE).everything
    views = describe_all(request.platform, request.unit.organisation)
    return {
        "title": "Plugins",
        "plugins": [_card(request, view, manages=manages) for view in views],
        "problems": problems,
    }


def _card(request: Any, view: PluginView, *, manages: bool) -> dict[str, Any]:
    """Returns a plugin as its card shows it."""
    tone, word, icon = LOOKS[view.state]
    adds = [(noun.replace("_", " "), count) for noun, count in view.contributions.items()]
    routes = _routes(request, view.name)
    switchable = manages and view.name != "core" and view.state in {"running", "switched_off"}
    return {
        "view": view,
        "tone": tone,
        "word": word,
        "icon": icon,
        "adds": [("pages and API addresses", routes), *adds] if routes else adds,
        "switch": ("off" if view.enabled else "on") if switchable else None,
    }


def _routes(request: Any, plugin: str) -> int:
    """Counts the addresses that a plugin added."""
    owners = request.registry.get(ROUTES, {})
    mapper = request.registry.getUtility(IRoutesMapper)
    return sum(owners.get(route.name) == plugin for route in mapper.get_routes())


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "core.plugin.list",
        "/admin/plugins",
        show,
        permission=PLUGIN_VIEW,
        template="calibrify/plugins.html",
        post=save,
        post_permission=PLUGIN_MANAGE,
    )
