"""Calendar feeds as JSON resources."""

from __future__ import annotations

from typing import Any

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.kernel.errors import Conflict
from calibrify_integration.permissions import CALENDAR_CHANGE, CALENDAR_VIEW
from calibrify_integration.schemas.calendar_feed import (
    CalendarFeedIn,
    CalendarFeedOut,
    NewCalendarFeedOut,
)
from calibrify_integration.services.calendar_feeds import (
    CALENDAR_FEEDS,
    CalendarFeeds,
    feed_shape,
)

ONE = "calendar-feeds/{id:uuid}/"


def read(request: Request) -> Reply:
    """Shows a feed."""
    feed = CalendarFeeds(request.unit).get(request.matchdict["id"])
    return shown(feed_shape(feed), feed.version)


def create(request: Request) -> Reply:
    """Makes a feed."""
    data = request.data
    feed, address = CalendarFeeds(request.unit).create(
        data.name, data.kinds, only_own=data.only_own
    )
    body = {**feed_shape(feed), "address": address}
    return created(body, feed.version, f"calendar-feeds/{feed.id}/")


def rotate(request: Request) -> Reply:
    """Gives a feed another address."""
    feeds = CalendarFeeds(request.unit)
    feed = feeds.get(request.matchdict["id"])
    address = feeds.rotate(feed)
    return shown({**feed_shape(feed), "address": address}, feed.version)


def delete(request: Request) -> None:
    """Revokes a feed; its address is answered by 404 from the next request on."""
    feeds = CalendarFeeds(request.unit)
    feed = feeds.get(request.matchdict["id"])
    check_version(request, feed.version)
    feeds.revoke(feed)


def includeme(config: Any) -> None:
    """Adds the resource."""
    add = config.add_api_view
    noun = "calendar-feeds"
    config.add_api_list(
        noun,
        listing=CALENDAR_FEEDS,
        path="calendar-feeds/",
        out=CalendarFeedOut,
        summary="Lists the caller's calendar feeds, or everybody's for who manages them.",
    )
    add(
        create,
        noun,
        "create",
        path="calendar-feeds/",
        permission=CALENDAR_CHANGE,
        body=CalendarFeedIn,
        out=NewCalendarFeedOut,
        errors=(Conflict,),
        idempotent=False,
        summary="Makes a calendar feed; its address is shown once.",
    )
    add(
        read,
        noun,
        "read",
        path=ONE,
        permission=CALENDAR_VIEW,
        out=CalendarFeedOut,
        summary="Shows a calendar feed.",
    )
    add(
        rotate,
        noun,
        "rotate",
        path=f"{ONE}rotate/",
        permission=CALENDAR_CHANGE,
        out=NewCalendarFeedOut,
        idempotent=False,
        summary="Gives a calendar feed another address, shown once; the old one ends.",
    )
    add(
        delete,
        noun,
        "delete",
        path=ONE,
        permission=CALENDAR_CHANGE,
        summary="Revokes a calendar feed.",
    )
