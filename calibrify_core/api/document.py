"""The description of the API: the OpenAPI document, and a page that shows it without any net."""

from __future__ import annotations

from typing import Any

import orjson
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from calibrify_core.api.boot import endpoints
from calibrify_core.api.endpoint import PUBLIC
from calibrify_core.api.etag import is_fresh, make_tag
from calibrify_core.api.openapi import build
from calibrify_core.api.request import Request

DOCUMENT = "calibrify.openapi"
TEMPLATE = "calibrify/api_docs.html"


def document(request: Request) -> dict[str, Any]:
    """Returns the document, made once for each process."""
    found: dict[str, Any] | None = request.registry.get(DOCUMENT)
    if found is None:
        found = build(endpoints(request.registry.introspector), request.platform)
        request.registry[DOCUMENT] = found
    return found


def show_document(request: Request) -> Response:
    """Returns the document as JSON."""
    body: bytes | None = request.registry.get(f"{DOCUMENT}.bytes")
    if body is None:
        body = orjson.dumps(document(request))
        request.registry[f"{DOCUMENT}.bytes"] = body
    tag = make_tag(0, body)
    headers = [("ETag", tag), ("Cache-Control", "no-cache")]
    if is_fresh(request, tag):
        return Response(status=304, headerlist=headers)
    return Response(body=body, headerlist=[("Content-Type", "application/json"), *headers])


def show_page(request: Request) -> dict[str, Any]:
    """Returns what the page of the reference shows, grouped by noun."""
    described = document(request)
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            entry = {"method": method.upper(), "path": path, **operation}
            groups.setdefault(operation["tags"][0], []).append(entry)
    return {
        "title": "API reference",
        "info": described["info"],
        "groups": sorted(groups.items()),
        "schemas": sorted(described["components"]["schemas"].items()),
    }


def includeme(config: Any) -> None:
    """Adds the document and its page."""
    config.add_api_view(
        show_document,
        "openapi",
        "read",
        path="openapi.json",
        permission=PUBLIC,
        summary="This description.",
    )
    config.add_page(
        "core.api_docs",
        "/api/docs/",
        show_page,
        permission=NO_PERMISSION_REQUIRED,
        template=TEMPLATE,
    )
