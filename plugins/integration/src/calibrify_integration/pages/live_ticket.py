"""Tickets for the streams that pages listen to."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response

from calibrify_integration.permissions import LIVE_VIEW
from calibrify_integration.services.live_tickets import issue

STREAM = "/api/v1/events/stream/"


def show(request: Any) -> Response:
    """Answers with the address at which the page may listen for news once, if there is one."""
    platform, href = request.platform, None
    if platform.settings.live_url:
        ticket = issue(platform, request.principal, platform.clock.now())
        href = f"{platform.settings.live_url}{STREAM}?ticket={ticket}"
    response = Response(json_body={"href": href}, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def includeme(config: Any) -> None:
    """Adds the address."""
    config.add_route("integration.live_ticket.show", "/ui/live")
    config.add_view(
        show, route_name="integration.live_ticket.show", request_method="GET", permission=LIVE_VIEW
    )
