"""What the pages of parts, meters and figures add elsewhere: menu, panels, dashboard."""

from __future__ import annotations

from typing import Any

from calibrify_core.hooks.declarations import DashboardWidget, NavigationEntry, Panel
from calibrify_maintenance.pages.meter import panel
from calibrify_maintenance.permissions import KPI_VIEW, METER_VIEW, PART_VIEW
from calibrify_maintenance.services.stock_lists import count_short, short_parts

SECTION = "Maintenance"
MOST = 6


def badge(unit: Any) -> str | None:
    """Returns how many parts run short, None where none does."""
    count = count_short(unit)
    return str(count) if count else None


def shortage(unit: Any) -> dict[str, Any] | None:
    """Returns the card of the parts below their minimum, nothing where there are none."""
    found = short_parts(unit, MOST)
    return {"title": "Parts below minimum", "parts": found} if found else None


NAVIGATION = (
    NavigationEntry(
        "Parts", "maintenance.part.list", "archive", PART_VIEW, SECTION, order=40, badge=badge
    ),
    NavigationEntry("Figures", "maintenance.kpi.show", "activity", KPI_VIEW, SECTION, order=50),
)
PANELS = (
    Panel(
        "equipment.detail.side",
        "maintenance.meters",
        "maintenance/panel_meters.html",
        panel,
        METER_VIEW,
        40,
    ),
)
WIDGETS = (
    DashboardWidget(
        "maintenance.shortage", "side", "maintenance/widget_parts.html", shortage, PART_VIEW, 40
    ),
)
