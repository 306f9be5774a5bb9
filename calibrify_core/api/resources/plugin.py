"""The plugins that run here, and what each of them brings."""

from collections import Counter
from typing import Any

from calibrify_core.api.request import Request
from calibrify_core.api.types import Shape
from calibrify_core.auth.permissions import PLUGIN_VIEW
from calibrify_core.hooks.manager import Plugins

COUNTED = {
    "calibrify_permissions": "permissions",
    "calibrify_roles": "roles",
    "calibrify_models": "models",
    "calibrify_tasks": "tasks",
    "calibrify_schedules": "schedules",
    "calibrify_subscribers": "subscribers",
    "calibrify_navigation": "navigation",
    "calibrify_panels": "panels",
    "calibrify_dashboard_widgets": "dashboard_widgets",
    "calibrify_search_sources": "search_sources",
    "calibrify_health_checks": "health_checks",
}


class PluginShape(Shape):
    """A plugin that runs."""

    name: str
    title: str
    description: str
    distribution: str
    version: str
    contributions: dict[str, int]


def describe(plugins: Plugins) -> list[dict[str, Any]]:
    """Returns what runs, in the order in which it builds up."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in plugins.names}
    for hook, noun in COUNTED.items():
        for contribution in plugins.collect(hook):
            counts[contribution.plugin][noun] += 1
    return [
        {
            "name": plugin.name,
            "title": plugin.manifest.title,
            "description": plugin.manifest.description,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "contributions": dict(counts[plugin.name]),
        }
        for plugin in plugins.all
    ]


def show(request: Request) -> dict[str, Any]:
    """Lists the plugins; there is never a second page of them."""
    return {"results": describe(request.platform.plugins), "next": None, "previous": None}


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_api_view(
        show,
        "plugins",
        "list",
        path="plugins/",
        permission=PLUGIN_VIEW,
        out=PluginShape,
        summary="Lists the enabled plugins, their versions and what each contributes.",
    )
