"""The dashboard: what the enabled plugins know, worst news first."""

from __future__ import annotations

from typing import Any

from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.web.page import formats_of
from calibrify_core.web.panels import widgets_of


def show(request: Any) -> dict[str, Any]:
    """Shows the dashboard of who asks."""
    figures = widgets_of(request, "figures")
    today = request.unit.today()
    fmt = formats_of(request)
    return {
        "title": f"{today:%A}, {fmt.date(today)}",
        "dashboard": {
            "lead": next((card["lead"] for card in figures if card.get("lead")), ""),
            "kpis": [kpi for card in figures for kpi in card.get("kpis", ())],
            "main": widgets_of(request, "main"),
            "side": widgets_of(request, "side"),
        },
    }


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "core.dashboard.show", "/", show, permission=SIGNED_IN, template="calibrify/dashboard.html"
    )
