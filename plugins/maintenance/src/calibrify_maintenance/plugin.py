"""The table of contents of the maintenance plugin: everything that it declares."""

from __future__ import annotations

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.specs import CORE_API, hookimpl


@hookimpl
def calibrify_manifest() -> declare.Manifest:
    """Says who the plugin is."""
    return declare.Manifest(
        "maintenance",
        "Maintenance",
        "Plans, work orders, checklists, parts and the figures of maintenance.",
        CORE_API,
        "calibrify_maintenance.migrations",
    )
