"""The table of contents of the maintenance plugin: everything that it declares."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_maintenance import permissions
from calibrify_maintenance.models import meter, part, plan, signature, work_order
from calibrify_maintenance.services import listing, parts, work_orders
from calibrify_maintenance.tasks import open_due_orders

API = ("work_order", "plan", "part", "meter", "kpi")


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


@hookimpl
def calibrify_models() -> Sequence[ModuleType]:
    """Names the modules with the plugin's tables."""
    return [plan, work_order, signature, part, meter]


@hookimpl
def calibrify_permissions() -> Sequence[declare.Permission]:
    """Declares what can be allowed."""
    return permissions.PERMISSIONS


@hookimpl
def calibrify_number_masks() -> Sequence[declare.NumberMask]:
    """Declares the series of work orders and of parts."""
    return [
        declare.NumberMask(work_orders.SERIES, "MO-{YYYY}-{#####}"),
        declare.NumberMask(parts.SERIES, "P-{#####}"),
    ]


@hookimpl
def calibrify_tasks() -> Sequence[declare.Task]:
    """Declares the background work."""
    return [declare.Task(open_due_orders.TASK, open_due_orders.open_due_orders)]


@hookimpl
def calibrify_schedules() -> Sequence[declare.Schedule]:
    """Declares that plans are looked at every quarter of an hour."""
    return [declare.Schedule(open_due_orders.TASK, every=open_due_orders.EVERY_SECONDS)]


@hookimpl
def calibrify_file_owners() -> Sequence[declare.FileOwner]:
    """Declares that files can be attached to work orders."""
    return [
        declare.FileOwner("work_order", work_order.WorkOrder, permissions.VIEW, permissions.CHANGE)
    ]


@hookimpl
def calibrify_configure(config: Any) -> None:
    """Adds the plugin's addresses."""
    for noun in API:
        config.include(f"calibrify_maintenance.api.{noun}")


@hookimpl
def calibrify_search_sources() -> Sequence[declare.SearchSource]:
    """Declares that the global search looks into work orders."""
    return [declare.SearchSource("maintenance.work_order", permissions.VIEW, listing.find_hits)]
