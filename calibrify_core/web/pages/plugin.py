"""The plugins page: what runs here, in which version, and what it adds."""

from __future__ import annotations

from collections import Counter
from typing import Any

from calibrify_core.auth.permissions import PLUGIN_VIEW

COUNTED = (
    ("calibrify_permissions", "permissions"),
    ("calibrify_models", "table modules"),
    ("calibrify_tasks", "tasks"),
    ("calibrify_navigation", "menu entries"),
    ("calibrify_panels", "panels"),
    ("calibrify_dashboard_widgets", "dashboard widgets"),
    ("calibrify_search_sources", "search sources"),
)


def show(request: Any) -> dict[str, Any]:
    """Shows the plugins that run."""
    plugins = request.platform.plugins
    counts: dict[str, Counter[str]] = {name: Counter() for name in plugins.names}
    for hook, label in COUNTED:
        for contribution in plugins.collect(hook):
            counts[contribution.plugin][label] += 1
    cards = [
        {
            "name": plugin.name,
            "title": plugin.manifest.title,
            "description": plugin.manifest.description,
            "version": plugin.version,
            "distribution": plugin.distribution,
            "adds": [(label.capitalize(), count) for label, count in counts[plugin.name].items()],
        }
        for plugin in plugins.all
    ]
    return {"title": "Plugins", "plugins": cards}


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "core.plugin.list",
        "/admin/plugins",
        show,
        permission=PLUGIN_VIEW,
        template="calibrify/plugins.html",
    )
