"""The figures of the dashboard, as the enabled plugins give them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from calibrify_core.api.endpoint import OpenShape
from calibrify_core.api.request import Request
from calibrify_core.api.types import Shape
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.observability.guard import guarded
from calibrify_core.work.platform import Platform


class SummaryShape(Shape):
    """The headline figures within one's scope; each member comes from a plugin."""


def _members(platform: Platform) -> dict[str, Mapping[str, Any]]:
    """Returns the members that the plugins answer for."""
    found: dict[str, Mapping[str, Any]] = {}
    for figures in platform.plugins.values("calibrify_summary_figures"):
        found.update(figures.members)
    return found


def summary(request: Request) -> dict[str, Any]:
    """Merges what the plugins give; one that fails is left out."""
    unit = request.unit
    merged: dict[str, Any] = {}
    for contribution in request.platform.plugins.collect("calibrify_summary_figures"):
        figures = contribution.value
        outcome = guarded(contribution.plugin, figures.name, partial(figures.data, unit))
        merged.update(outcome.value or {})
    return merged


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_api_view(
        summary,
        "dashboard",
        "summary",
        path="dashboard/summary/",
        method="GET",
        permission=SIGNED_IN,
        out=OpenShape(SummaryShape, _members),
        summary="Shows the headline figures.",
    )
