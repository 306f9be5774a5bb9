"""Search over everything that the enabled plugins know."""

from __future__ import annotations

from typing import Any

from calibrify_core.auth.policy import SIGNED_IN
from calibrify_core.exchange.search import search_all
from calibrify_core.hooks.declarations import SearchHit

MOST = 200


def show(request: Any) -> dict[str, Any]:
    """Shows what matches the words."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:MOST]
    hits = search_all(request.unit, words, limit=25) if words else []
    return {"title": "Search", "words": words, "hits": hits}


def palette(request: Any) -> dict[str, Any]:
    """Answers the command palette: pages and records whose name fits."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:MOST]
    hits = search_all(request.unit, words, limit=8) if words else []
    return {"hits": [_plain(hit) for hit in hits]}


def _plain(hit: SearchHit) -> dict[str, str]:
    """Returns a hit as the palette shows it."""
    return {"label": hit.title, "sub": hit.subtitle, "href": hit.href, "icon": hit.icon}


def includeme(config: Any) -> None:
    """Adds the page and the palette's address."""
    config.add_page(
        "core.search.show",
        "/search",
        show,
        permission=SIGNED_IN,
        template="calibrify/search.html",
    )
    config.add_route("core.search.palette", "/ui/palette")
    config.add_view(
        palette,
        route_name="core.search.palette",
        renderer="json",
        permission=SIGNED_IN,
        request_method="GET",
    )
