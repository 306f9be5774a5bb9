"""Hook specifications of the equipment plugin, for plugins that know more of an instrument."""

from __future__ import annotations

from collections.abc import Sequence

from calibrify_core.hooks.specs import hookspec
from calibrify_equipment.labels import LabelPage
from calibrify_equipment.public import DetailTab, EquipmentTrail, ListFacet, UsabilityCheck


@hookspec
def calibrify_equipment_list_facets() -> Sequence[ListFacet]:  # type: ignore[empty-body]
    """Adds fields to the list of equipment: to its API, pages, filters, sorts, import and export.

    When: at boot.
    Returns: the facets; each has a table of exactly one row per instrument.

    Example:
        return [
            ListFacet(
                "calibration.state",
                CalibrationState,
                columns=(CalibrationState.due_on.label("due_on"),),
                fields=(ListField("due_on", "Due", Kind.DATE, CalibrationState.due_on),),
                shape=lambda row, unit: {"due_on": row.due_on},
                schema={"due_on": {"type": ["string", "null"], "format": "date"}},
            )
        ]
    Since: 0.1.
    """


@hookspec
def calibrify_equipment_usability_checks() -> Sequence[UsabilityCheck]:  # type: ignore[empty-body]
    """Adds reasons for which an instrument may not be used today.

    When: at boot.
    Returns: the checks; the gravest answer decides what the verdict banner says.
    Example: ``return [UsabilityCheck("calibration.current", is_current)]``
    Since: 0.1.
    """


@hookspec
def calibrify_equipment_tabs() -> Sequence[DetailTab]:  # type: ignore[empty-body]
    """Adds tabs to an instrument's page.

    When: at boot.
    Returns: the tabs; each leads to a page of the plugin's own.

    Example:
        return [
            DetailTab(
                "calibration.list",
                "Calibrations",
                "calibration.calibration.list",
                "calibration.calibration:view",
            )
        ]
    Since: 0.1.
    """


@hookspec
def calibrify_equipment_trails() -> Sequence[EquipmentTrail]:  # type: ignore[empty-body]
    """Adds what became of other records to the activity of the instrument that they belong to.

    When: at boot.
    Returns: the classes of these records.
    Example: ``return [EquipmentTrail(Calibration, "calibration.calibration:view")]``
    Since: 0.1.
    """


@hookspec
def calibrify_equipment_label_pages() -> Sequence[LabelPage]:  # type: ignore[empty-body]
    """Adds pages for who scans a label and is not signed in.

    When: at boot.
    Returns: the pages; the first whose policy the organisation switched on is shown.
    Example: ``return [LabelPage("maintenance.fault", "maintenance.fault.new", "public_faults")]``
    Since: 0.1.
    """
