"""Tickets for streams of live events as a JSON resource."""

from __future__ import annotations

from typing import Any

from calibrify_core.api.request import Request
from calibrify_integration.permissions import LIVE_CREATE
from calibrify_integration.schemas.live_ticket import LiveTicket
from calibrify_integration.services.live_tickets import LIFE, issue

STREAM = "/api/v1/events/stream/"


def create(request: Request) -> dict[str, Any]:
    """Makes a ticket."""
    platform = request.platform
    return {
        "ticket": issue(platform, request.principal, platform.clock.now()),
        "expires_in": int(LIFE.total_seconds()),
        "href": f"{platform.settings.live_url}{STREAM}",
    }


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_api_view(
        create,
        "events",
        "ticket",
        method="POST",
        path="events/tickets/",
        permission=LIVE_CREATE,
        out=LiveTicket,
        status=201,
        idempotent=False,
        summary="Makes a ticket that opens one stream of live events, within half a minute.",
    )
