"""The configurator: it knows which plugin adds what, and refuses what would pass unseen.

Pyramid lets an address that is added by fewer includes replace another of the same name, and
tells nobody; here a name is given once.
"""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.viewderivers import INGRESS

from calibrify_core.kernel.errors import ConfigurationError, NotFound

ADDING = "calibrify.adding_plugin"
ROUTES = "calibrify.route_plugins"
PERMISSIONS = "calibrify.view_permissions"


class HouseConfigurator(Configurator):  # type: ignore[misc]
    """Pyramid's configurator, in which every route has its plugin and every view a permission."""

    def add_route(self, name: str, *args: Any, **options: Any) -> None:
        """Adds a route, as Pyramid does.

        Raises:
            ConfigurationError: the name is given already.
        """
        routes: dict[str, str] = self.registry.setdefault(ROUTES, {})
        plugin = self._plugin()
        if name in routes:
            raise ConfigurationError(
                f"routes: {name} is declared by plugin {routes[name]} and by plugin {plugin}: "
                f"rename one of them."
            )
        routes[name] = plugin
        super().add_route(name, *args, **options)

    def add_view(self, view: Any = None, *args: Any, **options: Any) -> None:
        """Adds a view, as Pyramid does.

        Raises:
            ConfigurationError: it says not what who asks must hold.
        """
        permission, plugin = options.get("permission"), self._plugin()
        route = options.get("route_name")
        if not permission:
            raise ConfigurationError(
                f"Plugin {plugin} adds a view of the route {route} without a permission: name "
                f"one, or say NO_PERMISSION_REQUIRED."
            )
        found: list[tuple[str, str, str]] = self.registry.setdefault(PERMISSIONS, [])
        found.append((plugin, str(route), permission))
        super().add_view(view, *args, **options)

    def _plugin(self) -> str:
        """Returns the name of the plugin that adds its addresses just now."""
        return str(self.registry.get(ADDING, "core"))


def hide_switched_off(view: Any, info: Any) -> Any:
    """View deriver: what the caller's organisation has switched off for itself is not there."""
    routes: dict[str, str] = info.registry.setdefault(ROUTES, {})

    def run(context: Any, request: Any) -> Any:
        route = getattr(request, "matched_route", None)
        plugin = "core" if route is None else routes.get(route.name, "core")
        if plugin != "core":
            principal = request.principal
            if principal is not None and plugin in principal.organisation.plugins_off:
                raise NotFound("There is nothing at this address.")
        return view(context, request)

    return run


def includeme(config: Any) -> None:
    """Adds the deriver, around the question of the permission."""
    config.add_view_deriver(
        hide_switched_off, "calibrify_plugin", under=INGRESS, over="secured_view"
    )
