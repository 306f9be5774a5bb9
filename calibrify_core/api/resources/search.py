"""Searching everything that the enabled plugins know, within one's scope."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from calibrify_core.api.request import Request
from calibrify_core.api.types import Filters, Shape, ShortText
from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.exchange.search import search_all


class SearchQuery(Filters):
    """What to look for."""

    q: Annotated[str, ShortText(200, least=1)]
    limit: Annotated[int, Field(ge=1, le=100, description="Most hits of one kind.")] = 20


class HitShape(Shape):
    """Something that was found; ``href`` is its page and ``api`` its address here."""

    kind: str
    title: str
    subtitle: str
    href: str
    icon: str
    api: str | None


def find(request: Request) -> dict[str, Any]:
    """Lists what matches."""
    hits = search_all(request.unit, request.filters.q, request.filters.limit)
    return {"results": [asdict(hit) for hit in hits], "next": None, "previous": None}


def includeme(config: Any) -> None:
    """Adds the resource."""
    config.add_api_view(
        find,
        "search",
        "list",
        path="search/",
        permission=SIGNED_IN,
        query=SearchQuery,
        out=HitShape,
        summary="Searches everything within one's scope.",
    )
