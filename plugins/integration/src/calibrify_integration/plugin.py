"""The table of contents of the integration plugin: everything that it declares."""

from __future__ import annotations

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.specs import CORE_API, hookimpl


@hookimpl
def calibrify_manifest() -> declare.Manifest:
    """Says who the plugin is."""
    return declare.Manifest(
        "integration",
        "Integration",
        "Webhooks, the event feed, calendars and connectors to other systems.",
        CORE_API,
        "calibrify_integration.migrations",
    )
