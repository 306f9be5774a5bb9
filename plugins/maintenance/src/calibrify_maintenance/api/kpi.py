"""The figures of maintenance as a JSON resource."""

from __future__ import annotations

from typing import Any

from calibrify_core.api.request import Request
from calibrify_maintenance.permissions import KPI_VIEW
from calibrify_maintenance.schemas.kpi import KpiFilters, KpisOut
from calibrify_maintenance.services import kpis


def read(request: Request) -> dict[str, Any]:
    """Shows the figures."""
    asked = request.filters
    found = kpis.asked_for(request.unit, asked.from_, asked.to, asked.equipment, asked.category)
    return kpis.kpis_out(kpis.figures(request.unit, found))


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_api_view(
        read,
        "maintenance_kpis",
        "read",
        method="GET",
        path="maintenance/kpis/",
        permission=KPI_VIEW,
        query=KpiFilters,
        out=KpisOut,
        summary="Shows MTBF, MTTR, availability, compliance and backlog of some days.",
    )
