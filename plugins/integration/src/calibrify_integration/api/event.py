"""The feed of events as a JSON resource."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from calibrify_core.api import query
from calibrify_core.api.request import Request
from calibrify_core.kernel.errors import FieldError, Invalid, Unavailable
from calibrify_integration.domain.event_types import EVERYTHING, is_pattern
from calibrify_integration.permissions import EVENT_VIEW
from calibrify_integration.schemas.event import EventBatch, EventQuery
from calibrify_integration.services import events

PATH = "events/"
RETRY_SECONDS = 3600


def feed(request: Request) -> dict[str, Any]:
    """Shows the events after a cursor, in their order."""
    asked = request.filters
    wrong = [name for name in asked.type if not is_pattern(name)]
    if wrong:
        raise Invalid(
            [FieldError("/query/type", f"{name} is no type of events.") for name in wrong]
        )
    limit = min(asked.limit, events.MOST)
    types = asked.type or [EVERYTHING]
    batch = events.read_batch(request.unit, asked.after, types, asked.subject, limit)
    kept = [pair for pair in query.parameters(request) if pair[0] != "after"]
    following = urlencode([*kept, ("after", batch.cursor)])
    return {
        "results": batch.events,
        "next": f"/api/v1/{PATH}?{following}" if batch.more else None,
        "cursor": batch.cursor,
    }


def stream(_request: Request) -> None:
    """Says that live events come from elsewhere.

    Raises:
        Unavailable: always; the feed is to be asked again and again instead.
    """
    raise Unavailable("Live events are not served here: ask the feed again.", RETRY_SECONDS)


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_api_view(
        feed,
        "events",
        "feed",
        method="GET",
        path=PATH,
        permission=EVENT_VIEW,
        query=EventQuery,
        out=EventBatch,
        summary="Shows the events after a cursor, oldest first, as CloudEvents.",
    )
    config.add_api_view(
        stream,
        "events",
        "stream",
        method="GET",
        path="events/stream/",
        permission=EVENT_VIEW,
        errors=(Unavailable,),
        media_type="text/event-stream",
        summary="Live events by server-sent events, where a hub serves them.",
    )
