"""The hook specifications: every question that the core asks a plugin.

Each hook is called once, at boot, and returns declarations (`calibrify_core.hooks.declarations`).
Only `calibrify_configure` does something itself: it adds routes and views.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pluggy

from calibrify_core.hooks import background, calendars, importers, news, policies
from calibrify_core.hooks import declarations as declare

PROJECT = "calibrify"
CORE_API = 1

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def calibrify_manifest() -> declare.Manifest:  # type: ignore[empty-body]
    """Says who the plugin is.

    When: first of all, before anything else of the plugin is used. A name that is not that of the
        entry point, or another level of the interface than ``CORE_API``, stops the boot.
    Returns: its manifest.

    Example:
        return Manifest(
            "equipment",
            "Equipment",
            "The register of instruments.",
            CORE_API,
            "calibrify_equipment.migrations",
        )
    Since: 0.1.
    """


@hookspec
def calibrify_hookspecs() -> Sequence[ModuleType]:  # type: ignore[empty-body]
    """Adds hook specifications of the plugin's own, which other plugins may fill.

    Their names begin with ``calibrify_<plugin>_``. The plugin asks for the answers itself, by
    ``platform.plugins.collect``.

    When: for all plugins, before any implementation is registered.
    Returns: the modules that hold them.
    Example: ``return [hookspecs]``
    Since: 0.1.
    """


@hookspec
def calibrify_settings() -> Sequence[declare.Setting]:  # type: ignore[empty-body]
    """Declares the plugin's settings, ``CALIBRIFY_<PLUGIN>__<KEY>``.

    When: at boot; an unknown key or a value that does not parse stops it.
    Returns: the settings.
    Example: ``return [Setting("import_max_rows", "Most rows of one import.", 200_000, int)]``
    Since: 0.1.
    """


@hookspec
def calibrify_models() -> Sequence[ModuleType]:  # type: ignore[empty-body]
    """Names the modules with the plugin's mapped classes.

    When: at boot, before mappers are configured.
    Returns: the modules; every table starts with the plugin's name and ``_``.
    Example: ``return [category, location, equipment]``
    Since: 0.1.
    """


@hookspec
def calibrify_configure(config: Any) -> None:
    """Adds routes and views to the Pyramid application.

    It is the only hook that does something itself. Each view names the permission that it asks for;
    one that names none stops the boot.

    When: at boot of the web application, in dependency order.
    Args: config, the Pyramid configurator with the directives of the API and page kits.
    Example: ``config.include("calibrify_equipment.api.equipment")``
    Since: 0.1.
    """


@hookspec
def calibrify_permissions() -> Sequence[declare.Permission]:  # type: ignore[empty-body]
    """Declares what can be allowed, and which default roles hold it.

    Reading and changing are never the same permission.

    When: at boot; the same name twice stops it.
    Returns: the permissions, ``<plugin>.<noun>:<verb>``.

    Example:
        return [
            Permission("equipment.equipment:view", "See instruments", ("technician", "viewer")),
        ]
    Since: 0.1.
    """


@hookspec
def calibrify_roles() -> Sequence[declare.Role]:  # type: ignore[empty-body]
    """Declares default roles of a new organisation.

    An organisation may change its roles and add others; what is declared is how it starts.

    When: at boot; the same name twice stops it.
    Returns: the roles; permissions name them.
    Example: ``return [Role("technician", "Technician", "Calibrates.")]``
    Since: 0.1.
    """


@hookspec
def calibrify_scope_kinds() -> Sequence[declare.ScopeKind]:  # type: ignore[empty-body]
    """Declares kinds of object scope to which a grant can be limited.

    A grant for a node reaches all that lies below it.

    When: at boot; the same name twice stops it.
    Returns: the kinds; beside them there is always ``organisation``.
    Example: ``return [ScopeKind("location", "Location", Location)]``
    Since: 0.1.
    """


@hookspec
def calibrify_policies() -> Sequence[policies.OrganisationPolicy]:  # type: ignore[empty-body]
    """Declares what an organisation sets for itself, on the page of policies.

    When: at boot; the same name twice stops it.
    Returns: the policies with their defaults.
    Example: ``return [OrganisationPolicy("sign_on_submit", "Ask for a signature", False)]``
    Since: 0.1.
    """


@hookspec
def calibrify_number_masks() -> Sequence[declare.NumberMask]:  # type: ignore[empty-body]
    """Declares series of human numbers.

    A number is drawn in the transaction that uses it, so that none is given twice.

    When: at boot; the same name twice stops it.
    Returns: the series with their default masks.
    Example: ``return [NumberMask("equipment.equipment", "EQ-{YYYY}-{#####}")]``
    Since: 0.1.
    """


@hookspec
def calibrify_tasks() -> Sequence[declare.Task]:  # type: ignore[empty-body]
    """Declares background tasks.

    A task is first a row of the outbox, written in the transaction that asks for it. It runs at
    least once: it must not mind a second run with the same id.

    When: at boot; the same name twice stops it.
    Returns: the tasks, ``<plugin>.<verb_noun>``.
    Example: ``return [Task("equipment.import_equipment", import_equipment)]``
    Since: 0.1.
    """


@hookspec
def calibrify_schedules() -> Sequence[declare.Schedule]:  # type: ignore[empty-body]
    """Declares tasks that start by the clock.

    When: at boot.
    Returns: the schedules; each names a task that is declared.
    Example: ``return [Schedule("equipment.fold_tally", every=60)]``
    Since: 0.1.
    """


@hookspec
def calibrify_chores() -> Sequence[background.Chore]:  # type: ignore[empty-body]
    """Declares what is looked after in the background every second.

    When: at boot; the same name twice stops it.
    Returns: the chores, ``<plugin>.<verb_noun>``; one that fails is logged and goes on.
    Example: ``return [Chore("integration.draw_positions", draw_positions)]``
    Since: 0.1.
    """


@hookspec
def calibrify_events() -> Sequence[news.Event]:  # type: ignore[empty-body]
    """Declares the plugin's domain events, for the event feed and for other systems.

    When: at boot; the same name twice stops it.
    Returns: all events of the plugin's ``events`` module.
    Example: ``return [Event(EquipmentRetired, "equipment.retired", "…", VIEW, Equipment, "…")]``
    Since: 0.1.
    """


@hookspec
def calibrify_subscribers() -> Sequence[declare.Subscriber]:  # type: ignore[empty-body]
    """Declares who hears of which domain event, and when.

    What runs within the transaction undoes the change when it fails; what runs after it is tried
    again, and may be told twice.

    When: at boot.
    Returns: the subscribers.
    Example: ``return [Subscriber(EquipmentRegistered, open_schedule, when="within")]``
    Since: 0.1.
    """


@hookspec
def calibrify_navigation() -> Sequence[declare.NavigationEntry]:  # type: ignore[empty-body]
    """Declares menu entries.

    When: at boot.
    Returns: the entries; each is shown to who holds its permission.

    Example:
        return [
            NavigationEntry("Parts", "maintenance.part.list", "cog", "maintenance.part:view")
        ]
    Since: 0.1.
    """


@hookspec
def calibrify_page_slots() -> Sequence[declare.PageSlot]:  # type: ignore[empty-body]
    """Declares places on the plugin's pages that take panels of others.

    When: at boot; a panel for a slot that nobody declares stops it.
    Returns: the slots.
    Example: ``return [PageSlot("equipment.detail.main", "Wide column; handed the instrument.")]``
    Since: 0.1.
    """


@hookspec
def calibrify_panels() -> Sequence[declare.Panel]:  # type: ignore[empty-body]
    """Declares cards for slots.

    When: at boot.
    Returns: the panels; one that fails shows an error card with the plugin's name.

    Example:
        return [
            Panel(
                "equipment.detail.main", "calibration.drift", "calibration/panel_drift.html", drift,
                "calibration.calibration:view", order=30,
            )
        ]
    Since: 0.1.
    """


@hookspec
def calibrify_dashboard_widgets() -> Sequence[declare.DashboardWidget]:  # type: ignore[empty-body]
    """Declares cards of the dashboard.

    When: at boot; the same name twice stops it.
    Returns: the widgets; one that fails shows an error card with the plugin's name.

    Example:
        return [
            DashboardWidget(
                "calibration.due", "main", "calibration/widget_due.html", due,
                "calibration.calibration:view",
            )
        ]
    Since: 0.1.
    """


@hookspec
def calibrify_summary_figures() -> Sequence[declare.SummaryFigures]:  # type: ignore[empty-body]
    """Declares members of the dashboard summary in the API.

    When: at boot.
    Returns: the figures with the schema of their members.

    Example:
        return [
            SummaryFigures("calibration.due", due_figures, {"overdue": {"type": "integer"}}),
        ]
    Since: 0.1.
    """


@hookspec
def calibrify_search_sources() -> Sequence[declare.SearchSource]:  # type: ignore[empty-body]
    """Declares where the global search looks.

    When: at boot.
    Returns: the sources; each answers within the caller's scope.

    Example:
        return [
            SearchSource("equipment.equipment", "equipment.equipment:view", find_equipment),
        ]
    Since: 0.1.
    """


@hookspec
def calibrify_calendar_sources() -> Sequence[calendars.CalendarSource]:  # type: ignore[empty-body]
    """Declares what calendars can show.

    When: at boot.
    Returns: the sources; each answers within the scope of who reads the calendar.

    Example:
        return [
            CalendarSource("calibration.due", "Due", "calibration.schedule:view", due_entries),
        ]
    Since: 0.1.
    """


@hookspec
def calibrify_importers() -> Sequence[importers.Importer]:  # type: ignore[empty-body]
    """Declares into what kinds of records files can be imported by others.

    When: at boot.
    Returns: the importers; each works with the rights of whom it is done for.
    Example: ``return [Importer("shelf.book", "Books", "shelf.book:import", ("isbn",), run)]``
    Since: 0.1.
    """


@hookspec
def calibrify_health_checks() -> Sequence[declare.HealthCheck]:  # type: ignore[empty-body]
    """Declares dependencies that ``/health/ready`` asks for.

    When: at boot.
    Returns: the checks; one that raises makes the answer 503.
    Example: ``return [HealthCheck("database", check_database)]``
    Since: 0.1.
    """


@hookspec
def calibrify_commands() -> Sequence[declare.Command]:  # type: ignore[empty-body]
    """Adds commands to the command line.

    When: at the start of the ``calibrify`` command.
    Returns: the commands, each with the group in which it stands.
    Example: ``return [Command("import", import_equipment)]``
    Since: 0.1.
    """


@hookspec
def calibrify_after_upgrade() -> Sequence[declare.AfterUpgrade]:  # type: ignore[empty-body]
    """Declares what completes the data once the tables are at their newest revision.

    When: at the end of ``calibrify db upgrade``, in dependency order, each in a transaction.
    Returns: the steps; each may run again at any time.
    Example: ``return [AfterUpgrade("calibration.fill_states", fill_states)]``
    Since: 0.1.
    """


@hookspec
def calibrify_file_owners() -> Sequence[declare.FileOwner]:  # type: ignore[empty-body]
    """Declares records that files can be attached to.

    When: at boot.
    Returns: the kinds of record, and who may read and attach.

    Example:
        return [
            FileOwner(
                "equipment", Equipment, "equipment.equipment:view", "equipment.equipment:change"
            )
        ]
    Since: 0.1.
    """


@hookspec
def calibrify_demo() -> Sequence[declare.Demo]:  # type: ignore[empty-body]
    """Declares how the demonstration laboratory is filled.

    When: at boot; the loaders run, in dependency order, when a demonstration is asked for.
    Returns: the loaders.
    Example: ``return [Demo(load_instruments)]``
    Since: 0.1.
    """
