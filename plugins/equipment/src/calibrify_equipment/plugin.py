"""The table of contents of the equipment plugin: everything that it declares."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.importers import Importer
from calibrify_core.hooks.news import Event
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_core.web.panels import JOB_ACTIONS
from calibrify_equipment import hookspecs, permissions
from calibrify_equipment.cli.register import export_command, import_command
from calibrify_equipment.models import category, equipment, location, party, tally
from calibrify_equipment.pages import import_undo, widgets
from calibrify_equipment.public import UsabilityCheck
from calibrify_equipment.services import demo, figures, importer
from calibrify_equipment.services.equipment import SERIES
from calibrify_equipment.services.import_trail import UNDO_TASK
from calibrify_equipment.services.importing import TASK
from calibrify_equipment.services.news import NEWS
from calibrify_equipment.services.search import find_hits
from calibrify_equipment.services.usability import judge_status
from calibrify_equipment.tasks import fold_tally
from calibrify_equipment.tasks.import_equipment import LEASE_SECONDS, import_equipment
from calibrify_equipment.tasks.undo_import import undo_import

API = ("equipment", "importing", "bulk", "category", "location", "entry")
PAGES = (
    "equipment",
    "form",
    "selection",
    "detail",
    "activity",
    "document",
    "transition",
    "custody",
    "label",
    "category",
    "location",
    "entry",
    "importing",
    "import_undo",
    "import_columns",
    "import_values",
)


@hookimpl
def calibrify_manifest() -> declare.Manifest:
    """Says who the plugin is."""
    return declare.Manifest(
        "equipment",
        "Equipment",
        "The register of instruments: what is owned, where it is, and what state it is in.",
        CORE_API,
        "calibrify_equipment.migrations",
    )


@hookimpl
def calibrify_hookspecs() -> Sequence[ModuleType]:
    """Adds the hooks by which other plugins tell what they know of an instrument."""
    return [hookspecs]


@hookimpl
def calibrify_models() -> Sequence[ModuleType]:
    """Names the modules with the plugin's tables."""
    return [category, location, party, equipment, tally]


@hookimpl
def calibrify_permissions() -> Sequence[declare.Permission]:
    """Declares what can be allowed."""
    return permissions.PERMISSIONS


@hookimpl
def calibrify_events() -> Sequence[Event]:
    """Declares what other systems may hear of instruments."""
    return NEWS


@hookimpl
def calibrify_scope_kinds() -> Sequence[declare.ScopeKind]:
    """Declares that a grant can be limited to a subtree of places, or of kinds."""
    return [
        declare.ScopeKind("location", "Location", location.Location),
        declare.ScopeKind("category", "Category", category.Category),
    ]


@hookimpl
def calibrify_number_masks() -> Sequence[declare.NumberMask]:
    """Declares the series of asset tags."""
    return [declare.NumberMask(SERIES, "EQ-{YYYY}-{#####}")]


@hookimpl
def calibrify_page_slots() -> Sequence[declare.PageSlot]:
    """Declares where other plugins may put panels on an instrument's page."""
    subject = "Handed the instrument's record as the list shows it (ids are text)."
    return [
        declare.PageSlot("equipment.detail.main", f"Wide column. {subject}"),
        declare.PageSlot("equipment.detail.side", f"Narrow column. {subject}"),
        declare.PageSlot("equipment.documents.main", f"Below the documents. {subject}"),
        declare.PageSlot("equipment.detail.actions", f"Buttons of the head. {subject}"),
    ]


@hookimpl
def calibrify_equipment_usability_checks() -> Sequence[UsabilityCheck]:
    """Answers from the lifecycle whether an instrument may be used."""
    return [UsabilityCheck("equipment.status", judge_status)]


@hookimpl
def calibrify_configure(config: Any) -> None:
    """Adds the plugin's addresses."""
    for noun in API:
        config.include(f"calibrify_equipment.api.{noun}")
    for noun in PAGES:
        config.include(f"calibrify_equipment.pages.{noun}")


@hookimpl
def calibrify_tasks() -> Sequence[declare.Task]:
    """Declares the background work."""
    return [
        declare.Task(TASK, import_equipment, seconds=LEASE_SECONDS, permission=permissions.IMPORT),
        declare.Task(UNDO_TASK, undo_import, seconds=LEASE_SECONDS, permission=permissions.IMPORT),
        declare.Task(fold_tally.TASK, fold_tally.fold_tally),
    ]


@hookimpl
def calibrify_schedules() -> Sequence[declare.Schedule]:
    """Declares what starts by the clock."""
    return [declare.Schedule(fold_tally.TASK, fold_tally.EVERY_SECONDS)]


@hookimpl
def calibrify_commands() -> Sequence[declare.Command]:
    """Adds ``import equipment`` and ``export equipment``."""
    return [
        declare.Command("import", import_command),
        declare.Command("export", export_command),
    ]


@hookimpl
def calibrify_navigation() -> Sequence[declare.NavigationEntry]:
    """Declares the plugin's menu entries."""
    entry_of = declare.NavigationEntry
    section = "Register"
    return [
        entry_of("Equipment", "equipment.equipment.list", "gauge", permissions.VIEW, order=10,
                 tab=True, keys="g e"),
        entry_of(
            "Locations",
            "equipment.location.list",
            "map-pin",
            permissions.LOCATION_VIEW,
            section,
            500,
        ),
        entry_of(
            "Categories",
            "equipment.category.list",
            "layers",
            permissions.CATEGORY_VIEW,
            section,
            510,
        ),
        entry_of(
            "Suppliers", "equipment.supplier.list", "truck", permissions.PARTY_VIEW, section, 520
        ),
        entry_of(
            "Customers",
            "equipment.customer.list",
            "building-2",
            permissions.PARTY_VIEW,
            section,
            530,
        ),
        entry_of(
            "Manufacturers",
            "equipment.manufacturer.list",
            "wrench",
            permissions.CATALOGUE_VIEW,
            section,
            540,
        ),
        entry_of(
            "Models", "equipment.model.list", "boxes", permissions.CATALOGUE_VIEW, section, 550
        ),
    ]  # fmt: skip


@hookimpl
def calibrify_file_owners() -> Sequence[declare.FileOwner]:
    """Declares that files can be attached to instruments."""
    return [
        declare.FileOwner("equipment", equipment.Equipment, permissions.VIEW, permissions.CHANGE)
    ]


@hookimpl
def calibrify_importers() -> Sequence[Importer]:
    """Declares that others may bring registers of instruments."""
    return [importer.INSTRUMENTS]


@hookimpl
def calibrify_panels() -> Sequence[declare.Panel]:
    """Lets an import be undone from the page of its job."""
    return [
        declare.Panel(
            JOB_ACTIONS,
            "equipment.import_undo",
            "equipment/panel_import_undo.html",
            import_undo.button,
            permissions.IMPORT,
        )
    ]


@hookimpl
def calibrify_search_sources() -> Sequence[declare.SearchSource]:
    """Lets the global search find instruments."""
    return [declare.SearchSource("equipment.equipment", permissions.VIEW, find_hits)]


@hookimpl
def calibrify_dashboard_widgets() -> Sequence[declare.DashboardWidget]:
    """Declares the plugin's cards of the dashboard."""
    widget = declare.DashboardWidget
    return [
        widget(
            "equipment.first_steps",
            "main",
            "equipment/widget_first.html",
            widgets.first_steps,
            permissions.VIEW,
            0,
        ),
        widget(
            "equipment.places",
            "side",
            "equipment/widget_places.html",
            widgets.places,
            permissions.VIEW,
            50,
        ),
    ]


@hookimpl
def calibrify_summary_figures() -> Sequence[declare.SummaryFigures]:
    """Declares the plugin's members of the dashboard summary."""
    number = {"type": "integer"}
    return [
        declare.SummaryFigures(
            "equipment.register",
            figures.summary,
            {
                "total": number,
                "by_status": {"type": "object", "additionalProperties": number},
            },
        )
    ]


@hookimpl
def calibrify_demo() -> Sequence[declare.Demo]:
    """Declares how the demonstration laboratory is furnished."""
    return [declare.Demo(demo.load)]
