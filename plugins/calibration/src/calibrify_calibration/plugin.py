"""The table of contents of the calibration plugin: everything that it declares."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from calibrify_calibration import permissions
from calibrify_calibration.models import calibration, certificate, schedule, state
from calibrify_calibration.pages import declarations, plan_form
from calibrify_calibration.schemas.schedule import RequirementMembers
from calibrify_calibration.services import (
    calendar,
    calibrations,
    certificates,
    facet,
    figures,
    import_fields,
    import_undo,
    imports,
    states,
    subscribers,
)
from calibrify_calibration.services.demo import load_calibrations
from calibrify_calibration.services.news import NEWS
from calibrify_calibration.services.search import find_hits
from calibrify_calibration.services.usability import judge_calibration
from calibrify_calibration.tasks.render_certificate import render_certificate
from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks.calendars import CalendarSource
from calibrify_core.hooks.news import Event
from calibrify_core.hooks.policies import OrganisationPolicy
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_equipment import public

API = ("calibration", "schedule", "certificate")
PAGES = (
    "calibration",
    "calibration_list",
    "recording",
    "external",
    "steps",
    "certificate",
    "verification",
    "schedule",
    "due",
)


@hookimpl
def calibrify_manifest() -> declare.Manifest:
    """Says who the plugin is."""
    return declare.Manifest(
        "calibration",
        "Calibration",
        "Schedules and due dates, readings and verdicts, certificates.",
        CORE_API,
        "calibrify_calibration.migrations",
    )


@hookimpl
def calibrify_models() -> Sequence[ModuleType]:
    """Names the modules with the plugin's tables."""
    return [schedule, calibration, certificate, state]


@hookimpl
def calibrify_permissions() -> Sequence[declare.Permission]:
    """Declares what can be allowed."""
    return permissions.PERMISSIONS


@hookimpl
def calibrify_events() -> Sequence[Event]:
    """Declares what other systems may hear of calibrations."""
    return NEWS


@hookimpl
def calibrify_policies() -> Sequence[OrganisationPolicy]:
    """Declares what an organisation decides for itself."""
    policy = OrganisationPolicy
    return [
        policy(
            "sign_on_submit",
            "Ask for a signature at submission",
            default=False,
            help="Who performed a calibration signs it with the password before it is reviewed.",
        ),
        policy(
            "separation_of_duties",
            "The performer may not approve",
            default=False,
            help="Somebody else has to approve each calibration.",
        ),
        policy(
            "accredited",
            "Refuse certificates that lack a mandatory particular",
            default=False,
            help="As ISO/IEC 17025 asks; otherwise the certificate lists what is missing.",
        ),
        policy(
            "accept_conditional_pass",
            "Accept a conditional pass",
            default=False,
            help="A result within the limits, but not by its uncertainty, moves the due date too.",
        ),
        policy(
            "quarantine_on_fail",
            "Quarantine what failed",
            default=True,
            help="An instrument that is left out of tolerance must not be used.",
        ),
    ]


@hookimpl
def calibrify_number_masks() -> Sequence[declare.NumberMask]:
    """Declares the series of records and of certificates."""
    return [
        declare.NumberMask(calibrations.SERIES, "CAL-{YYYY}-{#####}"),
        declare.NumberMask(certificates.SERIES, "C-{YYYY}-{#####}"),
    ]


@hookimpl
def calibrify_tasks() -> Sequence[declare.Task]:
    """Declares the background work."""
    return [declare.Task(certificates.RENDER, render_certificate)]


@hookimpl
def calibrify_subscribers() -> Sequence[declare.Subscriber]:
    """Declares what follows from news about instruments."""
    return [
        declare.Subscriber(public.Registered, subscribers.open_state, when="within"),
        declare.Subscriber(public.Changed, subscribers.follow_change, when="within"),
        declare.Subscriber(public.Affected, subscribers.let_lapse, when="within"),
        declare.Subscriber(
            public.CategoryRedefined, subscribers.follow_warning_time, when="within"
        ),
    ]


@hookimpl
def calibrify_after_upgrade() -> Sequence[declare.AfterUpgrade]:
    """Declares what completes the data of instruments that were there before this plugin."""
    return [declare.AfterUpgrade("calibration.fill_states", states.fill_states)]


@hookimpl
def calibrify_file_owners() -> Sequence[declare.FileOwner]:
    """Declares that files can be attached to calibrations."""
    return [
        declare.FileOwner(
            "calibration", calibration.Calibration, permissions.VIEW, permissions.RECORD
        )
    ]


@hookimpl
def calibrify_calendar_sources() -> Sequence[CalendarSource]:
    """Declares that calendars show when schedules are due."""
    return [calendar.SOURCE]


@hookimpl
def calibrify_summary_figures() -> Sequence[declare.SummaryFigures]:
    """Declares the plugin's members of the dashboard summary."""
    return [declare.SummaryFigures("calibration.due", figures.figures, figures.MEMBERS)]


@hookimpl
def calibrify_navigation() -> Sequence[declare.NavigationEntry]:
    """Declares the plugin's menu entries."""
    return declarations.NAVIGATION


@hookimpl
def calibrify_panels() -> Sequence[declare.Panel]:
    """Declares what an instrument's page shows of its calibrations."""
    return declarations.PANELS


@hookimpl
def calibrify_dashboard_widgets() -> Sequence[declare.DashboardWidget]:
    """Declares the plugin's cards of the dashboard."""
    return declarations.WIDGETS


@hookimpl
def calibrify_equipment_tabs() -> Sequence[public.DetailTab]:
    """Declares the plugin's tab of an instrument's page."""
    return declarations.TABS


@hookimpl
def calibrify_equipment_trails() -> Sequence[public.EquipmentTrail]:
    """Shows in the activity of an instrument what became of its calibrations."""
    trail = public.EquipmentTrail
    return [
        trail(calibration.Calibration, permissions.VIEW),
        trail(certificate.Certificate, permissions.CERTIFICATE_VIEW),
        trail(schedule.CalibrationSchedule, permissions.SCHEDULE_VIEW),
    ]


@hookimpl
def calibrify_demo() -> Sequence[declare.Demo]:
    """Declares the calibrations of the demonstration laboratory."""
    return [declare.Demo(load_calibrations)]


@hookimpl
def calibrify_search_sources() -> Sequence[declare.SearchSource]:
    """Lets the global search find calibrations by their numbers."""
    return [declare.SearchSource("calibration.record", permissions.VIEW, find_hits)]


@hookimpl
def calibrify_equipment_list_facets() -> Sequence[public.ListFacet]:
    """Adds status and dates to the list of instruments."""
    return [
        public.ListFacet(
            "calibration.state",
            state.CalibrationState,
            facet.COLUMNS,
            facet.FIELDS,
            facet.shape,
            facet.SCHEMA,
            body=RequirementMembers,
            write=states.write_requirement,
            form=plan_form.plan_section,
            write_form=plan_form.write_plan,
            list_columns=declarations.LIST_COLUMNS,
            list_views=declarations.LIST_VIEWS,
            import_fields=import_fields.FIELDS,
            import_rows=imports.import_rows,
            import_undo=import_undo.UNDO,
            export_values=imports.export_values,
            fresh=facet.FRESH,
            judged_by=facet.judged_by,
        )
    ]


@hookimpl
def calibrify_equipment_usability_checks() -> Sequence[public.UsabilityCheck]:
    """Answers from the calibration status whether an instrument may be used."""
    return [public.UsabilityCheck("calibration.current", judge_calibration)]


@hookimpl
def calibrify_configure(config: Any) -> None:
    """Adds the plugin's addresses."""
    for noun in API:
        config.include(f"calibrify_calibration.api.{noun}")
    for noun in PAGES:
        config.include(f"calibrify_calibration.pages.{noun}")
