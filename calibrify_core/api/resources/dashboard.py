"""The figures of the dashboard, as the enabled plugins give them."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from calibrify_core.api.endpoint import OpenShape
from calibrify_core.api.request import Request
from calibrify_core.api.types import Shape
from calibrify_core.audit.trail import newest_entry
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.work.access import Access
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork

# What an entry of the trail does not announce is seen that much later.
KEPT_SECONDS = 30.0


class SummaryShape(Shape):
    """The headline figures within one's scope; each member comes from a plugin."""


def _members(platform: Platform) -> dict[str, Mapping[str, Any]]:
    """Returns the members that the plugins answer for."""
    found: dict[str, Mapping[str, Any]] = {}
    for figures in platform.plugins.values("calibrify_summary_figures"):
        found.update(figures.members)
    return found


def summary(request: Request) -> dict[str, Any]:
    """Returns the figures; they are counted again when the organisation's trail has grown."""
    unit = request.unit
    newest = newest_entry(unit.connection, unit.organisation.id)
    key = f"{unit.organisation.id}:summary:{unit.today()}:{_reached(unit.access)}:{newest}"
    return request.platform.cache.get_or_create(key, partial(_counted, unit), KEPT_SECONDS)


def _counted(unit: UnitOfWork) -> dict[str, Any]:
    """Merges what the plugins give; one that fails is left out."""
    merged: dict[str, Any] = {}
    for contribution in unit.platform.plugins.collect("calibrify_summary_figures"):
        figures = contribution.value
        outcome = unit.guarded(contribution.plugin, figures.name, partial(figures.data, unit))
        merged.update(outcome.value or {})
    return merged


@lru_cache(maxsize=1_000)
def _reached(access: Access) -> str:
    """Returns a digest of all that was granted: who may do the same, sees the same figures."""
    only = None if access.only is None else sorted(access.only)
    reaches = sorted((sorted(r.permissions), r.kind, str(r.id)) for r in access.reaches)
    facts = repr((str(access.organisation_id), access.unlimited, only, reaches))
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()


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
