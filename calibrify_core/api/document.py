"""The description of the API: the OpenAPI document, and pages that show it without any net."""

from __future__ import annotations

import re
from typing import Any

import orjson
from pydantic import RootModel
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from calibrify_core.api.boot import endpoints
from calibrify_core.api.endpoint import PUBLIC
from calibrify_core.api.etag import is_fresh, make_tag
from calibrify_core.api.openapi import REF, build
from calibrify_core.api.request import PLATFORM, Request
from calibrify_core.kernel.errors import NotFound

DOCUMENT = "calibrify.openapi"
REFERENCE = re.compile(f"{REF}([A-Za-z0-9_.-]+)")


class OpenApiDocument(RootModel[dict[str, Any]]):
    """An OpenAPI 3.1 document."""


def document(request: Request) -> dict[str, Any]:
    """Returns the document of the installation, made once for each process.

    It is the same for everybody: what an organisation has switched off for itself stays in it.
    """
    found: dict[str, Any] | None = request.registry.get(DOCUMENT)
    if found is None:
        found = build(endpoints(request.registry.introspector), request.registry[PLATFORM])
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


def groups(request: Request) -> dict[str, list[dict[str, Any]]]:
    """Returns all operations with their method and path, by noun."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document(request)["paths"].items():
        for method, operation in methods.items():
            entry = {"method": method.upper(), "path": path, **operation}
            found.setdefault(operation["tags"][0], []).append(entry)
    return found


def show_index(request: Request) -> dict[str, Any]:
    """Returns what the page of all nouns shows."""
    return {
        "title": "API reference",
        "info": document(request)["info"],
        "groups": sorted(groups(request).items()),
    }


def show_noun(request: Request) -> dict[str, Any]:
    """Returns what the page of one noun shows: its operations, and the schemas they lead to.

    Raises:
        NotFound: there is no such noun.
    """
    noun = request.matchdict["noun"]
    operations = groups(request).get(noun)
    if operations is None:
        raise NotFound
    schemas = document(request)["components"]["schemas"]
    wanted: dict[str, Any] = {}
    waiting = [orjson.dumps(operations).decode()]
    while waiting:
        for name in REFERENCE.findall(waiting.pop()):
            if name not in wanted:
                wanted[name] = schemas[name]
                waiting.append(orjson.dumps(schemas[name]).decode())
    return {
        "title": noun,
        "noun": noun,
        "operations": operations,
        "schemas": sorted(wanted.items()),
    }


def includeme(config: Any) -> None:
    """Adds the document and its pages."""
    config.add_api_view(
        show_document,
        "openapi",
        "read",
        path="openapi.json",
        permission=PUBLIC,
        out=OpenApiDocument,
        summary="This description.",
    )
    for name, pattern, view, template in (
        ("core.api_docs", "/api/docs/", show_index, "calibrify/api_docs.html"),
        ("core.api_docs.noun", "/api/docs/{noun}/", show_noun, "calibrify/api_docs_noun.html"),
    ):
        config.add_page(name, pattern, view, permission=NO_PERMISSION_REQUIRED, template=template)
