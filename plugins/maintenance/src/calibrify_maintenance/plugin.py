"""The table of contents of the maintenance plugin: everything that it declares."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.calendars import CalendarSource
from calibrify_core.hooks.news import Event
from calibrify_core.hooks.policies import OrganisationPolicy
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_equipment.labels import LabelPage
from calibrify_equipment.public import DetailTab, EquipmentTrail
from calibrify_maintenance import permissions
from calibrify_maintenance.events import MaintenanceCompleted
from calibrify_maintenance.models import meter, part, plan, signature, work_order
from calibrify_maintenance.pages import declarations, fault_report, stock_declarations
from calibrify_maintenance.services import (
    calendar,
    fault_reports,
    listing,
    parts,
    work_orders,
)
from calibrify_maintenance.services.demo_orders import load_maintenance
from calibrify_maintenance.services.demo_stock import load_stock
from calibrify_maintenance.services.meter_plans import count_anew
from calibrify_maintenance.services.news import NEWS
from calibrify_maintenance.tasks import open_due_orders

API = ("work_order", "plan", "part", "meter", "kpi")
PAGES = (
    "board",
    "work_order",
    "order_form",
    "order_steps",
    "month",
    "plan",
    "plan_form",
    "part",
    "meter",
    "kpi",
    "fault_report",
)


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
def calibrify_calendar_sources() -> Sequence[CalendarSource]:
    """Declares that calendars show planned work."""
    return [calendar.SOURCE]


@hookimpl
def calibrify_events() -> Sequence[Event]:
    """Declares what other systems may hear of maintenance."""
    return NEWS


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
def calibrify_policies() -> Sequence[OrganisationPolicy]:
    """Declares what an organisation decides for itself."""
    title = "Let anybody who scans a label report a fault"
    hint = "Without an account; a report opens a work order that somebody has to look at."
    return [OrganisationPolicy(fault_reports.POLICY, title, default=False, help=hint)]


@hookimpl
def calibrify_equipment_label_pages() -> Sequence[LabelPage]:
    """Declares the page for who scans a label and is not signed in."""
    return [LabelPage("maintenance.fault_report", fault_report.ROUTE, fault_reports.POLICY)]


@hookimpl
def calibrify_equipment_trails() -> Sequence[EquipmentTrail]:
    """Shows in the activity of an instrument what became of its work orders."""
    return [EquipmentTrail(work_order.WorkOrder, permissions.VIEW)]


@hookimpl
def calibrify_file_owners() -> Sequence[declare.FileOwner]:
    """Declares that files can be attached to work orders."""
    return [
        declare.FileOwner("work_order", work_order.WorkOrder, permissions.VIEW, permissions.CHANGE)
    ]


@hookimpl
def calibrify_subscribers() -> Sequence[declare.Subscriber]:
    """Declares that a plan counts anew from the completion of its work."""
    return [declare.Subscriber(MaintenanceCompleted, count_anew, when="within")]


@hookimpl
def calibrify_configure(config: Any) -> None:
    """Adds the plugin's addresses."""
    for noun in API:
        config.include(f"calibrify_maintenance.api.{noun}")
    for noun in PAGES:
        config.include(f"calibrify_maintenance.pages.{noun}")


@hookimpl
def calibrify_search_sources() -> Sequence[declare.SearchSource]:
    """Declares that the global search looks into work orders."""
    return [declare.SearchSource("maintenance.work_order", permissions.VIEW, listing.find_hits)]


@hookimpl
def calibrify_navigation() -> Sequence[declare.NavigationEntry]:
    """Declares the plugin's menu entries."""
    return (*declarations.NAVIGATION, *stock_declarations.NAVIGATION)


@hookimpl
def calibrify_panels() -> Sequence[declare.Panel]:
    """Declares what an instrument's page shows of its maintenance."""
    return (*declarations.PANELS, *stock_declarations.PANELS)


@hookimpl
def calibrify_dashboard_widgets() -> Sequence[declare.DashboardWidget]:
    """Declares the plugin's cards of the dashboard."""
    return (*declarations.WIDGETS, *stock_declarations.WIDGETS)


@hookimpl
def calibrify_equipment_tabs() -> Sequence[DetailTab]:
    """Declares the plugin's tab of an instrument's page."""
    return declarations.TABS


@hookimpl
def calibrify_demo() -> Sequence[declare.Demo]:
    """Declares orders, plans, the store and the meters of the demonstration laboratory."""
    return [declare.Demo(load_maintenance), declare.Demo(load_stock)]
