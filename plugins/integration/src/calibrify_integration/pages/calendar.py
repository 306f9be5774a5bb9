"""Calendars as calendar programs read them: at a secret address, without signing in."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from calibrify_core.api.etag import is_fresh, make_tag
from calibrify_core.auth import address
from calibrify_core.auth.limits import RateLimits
from calibrify_core.auth.touches import Touches
from calibrify_integration.models.calendar_feed import CalendarFeed
from calibrify_integration.services.calendars import find_feed, read_calendar

MEDIA_TYPE = "text/calendar; charset=utf-8"
READERS = "120/minute"
LIMITS = "integration.calendar_limits"
TOUCHES = "integration.calendar_touches"
FEED = "feed"
# A feed has no version that somebody could change; the hash alone tells bodies apart.
VERSION = 1


def show(request: Any) -> Response:
    """Returns the calendar of an address.

    Raises:
        NotFound: the address leads to nothing, whatever the reason.
        TooManyRequests: too much was read from the same network address.
    """
    trusted = request.platform.settings.trusted_proxies
    peer = address.client_address(request.environ, trusted)
    request.registry[LIMITS].check(address.throttle_key(peer)).require()
    feed = find_feed(request.reader.session, request.matchdict["secret"])
    body = read_calendar(request.platform, feed)
    touches: Touches = request.registry[TOUCHES]
    if touches.note(FEED, feed.id, feed.last_fetched_at):
        request.add_finished_callback(lambda _: touches.write())
    tag = make_tag(VERSION, body)
    headers = [
        ("ETag", tag),
        ("Cache-Control", "private, no-cache"),
        ("X-Robots-Tag", "noindex, nofollow, noarchive"),
    ]
    if is_fresh(request, tag):
        return Response(status=304, headerlist=headers)
    headers += [
        ("Content-Type", MEDIA_TYPE),
        ("Content-Disposition", 'attachment; filename="calibrify.ics"'),
    ]
    return Response(body=body, headerlist=headers)


def includeme(config: Any) -> None:
    """Adds the address; who knows it needs no account."""
    platform = config.registry["calibrify.platform"]
    config.registry[LIMITS] = RateLimits(enabled=platform.settings.rate_limits, stranger=READERS)
    config.registry[TOUCHES] = Touches(platform, {FEED: CalendarFeed.__table__.c.last_fetched_at})
    config.add_route(
        "integration.calendar.show",
        "/calendar/{secret:calf_[A-Za-z0-9_-]{43}}.ics",
        request_method=("GET", "HEAD"),
    )
    config.add_view(show, route_name="integration.calendar.show", permission=NO_PERMISSION_REQUIRED)
