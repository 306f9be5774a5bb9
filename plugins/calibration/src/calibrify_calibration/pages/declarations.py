"""What the pages add elsewhere: menu entries, panels, dashboard widgets, columns, tabs."""

from __future__ import annotations

from calibrify_calibration.pages import panels, widgets
from calibrify_calibration.permissions import RECORD, SCHEDULE_VIEW, VIEW
from calibrify_core.hooks.declarations import DashboardWidget, NavigationEntry, Panel
from calibrify_equipment.public import DetailTab, ListColumn, ListView

MAIN = "equipment.detail.main"
SIDE = "equipment.detail.side"
ACTIONS = "equipment.detail.actions"
DOCUMENTS = "equipment.documents.main"

NAVIGATION = (
    NavigationEntry(
        "Calibrations",
        "calibration.calibration.list",
        "clipboard-check",
        VIEW,
        order=20,
        tab=True,
        badge=widgets.to_review,
        keys="g c",
    ),
    NavigationEntry("Due list", "calibration.due.list", "calendar-clock", VIEW, order=30, tab=True),
)
PANELS = (
    Panel(ACTIONS, "calibration.actions", "calibration/panel_actions.html", panels.actions, RECORD),
    Panel(MAIN, "calibration.drift", "calibration/panel_drift.html", panels.drift, VIEW, 10),
    Panel(MAIN, "calibration.latest", "calibration/panel_latest.html", panels.latest, VIEW, 20),
    Panel(DOCUMENTS, "calibration.papers", "calibration/panel_papers.html", panels.papers, VIEW),
    Panel(SIDE, "calibration.plan", "calibration/panel_plan.html", panels.plan, SCHEDULE_VIEW, 10),
    Panel(
        SIDE,
        "calibration.traceability",
        "calibration/panel_traceability.html",
        panels.traceability,
        VIEW,
        20,
    ),
)
WIDGETS = (
    DashboardWidget("calibration.figures", "figures", "", widgets.figures, VIEW, 10),
    DashboardWidget(
        "calibration.forecast",
        "main",
        "calibration/widget_forecast.html",
        widgets.forecast,
        VIEW,
        10,
    ),
    DashboardWidget(
        "calibration.attention",
        "main",
        "calibration/widget_attention.html",
        widgets.attention,
        VIEW,
        20,
    ),
    DashboardWidget(
        "calibration.results", "side", "calibration/widget_results.html", widgets.results, VIEW, 10
    ),
)
LIST_COLUMNS = (
    ListColumn("due_on", "Next due", "calibration/cell_due.html", 30, "duec"),
    ListColumn("last_calibrated_on", "Last calibrated", "calibration/cell_last.html", 40, "hide-s"),
)
LIST_VIEWS = (
    ListView("Overdue", (("calibration_status", "overdue"), ("status", "in_service"))),
    ListView("Due soon", (("calibration_status", "due_soon"), ("status", "in_service"))),
    ListView("Out of tolerance", (("calibration_status", "failed"),)),
)
TABS = (
    DetailTab(
        "calibration.list", "Calibrations", "calibration.calibration.of_instrument", VIEW, 10
    ),
)
