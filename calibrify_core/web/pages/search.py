"""Search over everything that the enabled plugins know."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response

from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.exchange.search import search_all
from calibrify_core.hooks.declarations import SearchHit

MOST = 200


def show(request: Any) -> Any:
    """Shows what matches the words; the palette asks the same address for JSON."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:MOST]
    brief = request.accept.best_match(["text/html", "application/json"]) == "application/json"
    hits = search_all(request.unit, words, limit=8 if brief else 25) if words else []
    if brief:
        return Response(json_body={"results": [_plain(hit) for hit in hits]})
    return {"title": "Search", "words": words, "hits": hits}


def _plain(hit: SearchHit) -> dict[str, str]:
    """Returns a hit as the palette shows it."""
    return {"label": hit.title, "detail": hit.subtitle, "href": hit.href, "icon": hit.icon}


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "core.search.show",
        "/search",
        show,
        permission=SIGNED_IN,
        template="calibrify/search.html",
    )
