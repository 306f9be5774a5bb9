"""Panels: cards that plugins put on each other's pages, each behind a guard of its own."""

from __future__ import annotations

from functools import partial
from typing import Any

from calibrify_core.hooks.manager import Plugins
from calibrify_core.kernel.errors import ConfigurationError
from calibrify_core.web.kit import draw

BROKEN = "calibrify/broken_panel.html"
ACCOUNT_ACTIONS = "core.account.actions"
CALENDAR_ACTIONS = "core.calendar.actions"
JOB_ACTIONS = "core.job.actions"


def check_slots(plugins: Plugins) -> None:
    """Checks that every panel has a place.

    Raises:
        ConfigurationError: a panel names a slot that no plugin declares.
    """
    slots = plugins.named("calibrify_page_slots")
    for contribution in plugins.collect("calibrify_panels"):
        panel = contribution.value
        if panel.slot not in slots:
            raise ConfigurationError(
                f"Panel {panel.name} of plugin {contribution.plugin} is for the slot {panel.slot}, "
                f"which no plugin declares: correct the name, or enable the plugin that has it."
            )


def panels_of(request: Any, slot: str, subject: Any = None) -> list[dict[str, Any]]:
    """Draws the panels of a slot that who asks may see.

    A panel that fails becomes a card with the plugin's name; the page goes on without it.

    Args:
        request: the request.
        slot: name of the slot.
        subject: what the page is about; handed to each panel.

    Returns:
        ``{id, title, end, body, flush}`` of each card, in order.
    """
    declared = request.platform.plugins.collect("calibrify_panels")
    found = [contribution for contribution in declared if contribution.value.slot == slot]
    cards = []
    for contribution in sorted(found, key=lambda c: (c.value.order, c.value.name)):
        panel = contribution.value
        if not request.principal.access.permits(panel.permission):
            continue
        card = _card(
            request,
            contribution.plugin,
            panel.name,
            panel.template,
            partial(panel.data, request.unit, subject),
        )
        if card is not None:
            cards.append(card)
    return cards


def widgets_of(request: Any, column: str) -> list[dict[str, Any]]:
    """Draws the dashboard's widgets of one column that who asks may see."""
    found = request.platform.plugins.collect("calibrify_dashboard_widgets")
    cards = []
    for contribution in sorted(found, key=lambda c: (c.value.order, c.value.name)):
        widget = contribution.value
        if widget.column != column or not request.principal.access.permits(widget.permission):
            continue
        card = _card(
            request,
            contribution.plugin,
            widget.name,
            widget.template,
            partial(widget.data, request.unit),
        )
        if card is not None:
            cards.append(card)
    return cards


def _card(request: Any, plugin: str, name: str, template: str, data: Any) -> dict[str, Any] | None:
    """Draws one card behind the guard."""

    def make() -> dict[str, Any] | None:
        values = data()
        if values is None:
            return None
        return {
            "title": values.get("title", ""),
            "end": values.get("end", ""),
            "flush": bool(values.get("flush")),
            "body": draw(request, template, values) if template else "",
            **{key: value for key, value in values.items() if key in {"kpis", "lead"}},
        }

    outcome = request.unit.guarded(plugin, name, make)
    card: dict[str, Any] | None = outcome.value
    if outcome.error is not None:
        body = draw(request, BROKEN, {"plugin": plugin})
        card = {"title": f"{plugin}: not available", "body": body, "end": ""}
    if card is not None:
        card["id"] = f"card-{name.replace('.', '-')}"
    return card
