"""Checks at boot: no address without its permission, none of the API without its description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyramid.security import NO_PERMISSION_REQUIRED

from calibrify_core.api.configurator import PERMISSIONS, ROUTES
from calibrify_core.api.endpoint import BASE, CATEGORY, PUBLIC, Endpoint
from calibrify_core.auth.permissions import EVERYBODYS
from calibrify_core.hooks.manager import Plugins
from calibrify_core.kernel.errors import ConfigurationError


def endpoints(introspector: Any) -> list[Endpoint]:
    """Returns all endpoints of the API, by address and method."""
    found: list[Endpoint] = [
        entry["introspectable"]["endpoint"] for entry in introspector.get_category(CATEGORY) or ()
    ]
    return sorted(found, key=lambda endpoint: (endpoint.address, endpoint.method))


def check(registry: Any, plugins: Plugins) -> None:
    """Checks what the plugins registered.

    Args:
        registry: of the application, everything in it.
        plugins: those that run.

    Raises:
        ConfigurationError: naming the first address that lacks something.
    """
    introspector = registry.introspector
    known = set(plugins.named("calibrify_permissions")) | EVERYBODYS | {PUBLIC}
    addresses = set()
    for endpoint in endpoints(introspector):
        addresses.add(endpoint.pattern)
        if endpoint.permission not in known:
            raise ConfigurationError(
                f"The API view {endpoint.name} asks for the permission {endpoint.permission}, "
                f"which no plugin declares: declare it, or correct the name."
            )
    for pattern in _patterns(introspector):
        if pattern.startswith(BASE) and pattern not in addresses:
            raise ConfigurationError(
                f"The route {pattern} lies within the API and was not added by add_api_view: "
                f"add it so, and it is described, checked and limited like all others."
            )
    for plugin, route, permission in registry.get(PERMISSIONS, ()):
        if permission not in known | {NO_PERMISSION_REQUIRED}:
            raise ConfigurationError(
                f"Plugin {plugin} asks for the permission {permission} on the route {route}, and "
                f"no plugin declares it: declare it, or correct the name."
            )
    _check_navigation(registry, plugins)


def _check_navigation(registry: Any, plugins: Plugins) -> None:
    """Checks that the menu, which stands on every page, leads somewhere."""
    for contribution in plugins.collect("calibrify_navigation"):
        entry = contribution.value
        if entry.route not in registry.get(ROUTES, {}):
            raise ConfigurationError(
                f"The menu entry {entry.title} of plugin {contribution.plugin} leads to the route "
                f"{entry.route}, which no plugin adds: correct its name."
            )


def _patterns(introspector: Any) -> Iterator[str]:
    """Yields the patterns of all routes."""
    for entry in introspector.get_category("routes") or ():
        yield entry["introspectable"]["pattern"]
