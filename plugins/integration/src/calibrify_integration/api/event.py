"""The feed of events as a JSON resource."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from calibrify_core.api import query
from calibrify_core.api.endpoint import BASE
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
    before = events.cursor_before(request.unit, asked.after, types, asked.subject, limit)
    return {
        "results": batch.events,
        "next": _address(request, batch.cursor) if batch.more else None,
        "previous": None if before is None else _address(request, before),
        "cursor": batch.cursor,
    }


def _address(request: Request, after: str) -> str:
    """Returns the path and query of another piece; an empty cursor is that of the first."""
    kept = [pair for pair in query.parameters(request) if pair[0] != "after"]
    return f"{BASE}{PATH}?{urlencode([*kept, ('after', after)])}"


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
