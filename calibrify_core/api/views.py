"""Views of the API: ``config.add_api_view``, and what happens around the view itself.

Around each view, in this order: permission (asked by the security policy), ids, query, body,
`If-Match`, `Idempotency-Key`; then the view; then its result becomes the response. What the
arguments say is kept in Pyramid's introspector, from which alone the OpenAPI document is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.viewderivers import VIEW

from calibrify_core.api import body, etag, query, reply
from calibrify_core.api.endpoint import CATEGORY, PUBLIC, Endpoint, make_endpoint, parse_ids
from calibrify_core.api.idempotency import once
from calibrify_core.api.request import Request
from calibrify_core.api.types import Body
from calibrify_core.api.upload import read_upload
from calibrify_core.kernel.errors import (
    ConfigurationError,
    MethodNotAllowed,
)
from calibrify_core.records.listing import read_request

RESOURCES = "calibrify.api_resources"
# The router finds a view by what the request is about: here by its method, at once. Left to
# predicates it would try one view after the other, and make an error of each that does not fit.
ABOUT = {method: type(method, (), {}) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
_FOUND = {method: kind() for method, kind in ABOUT.items()} | {"HEAD": ABOUT["GET"]()}
VERSIONED = frozenset({"replace", "change", "delete"})

View = Callable[[Any, Request], Any]
Step = Callable[[Request], None]


def add_api_view(config: Any, view: Any, noun: str, verb: str, **options: Any) -> None:
    """Directive: adds a view to the API.

    Args:
        config: the configurator.
        view: called with the request (or context and request); see `reply` for its result.
        noun: what it is about, in the plural.
        verb: what it does; see `Endpoint`.
        **options: ``path``, ``permission``, ``summary`` and the rest of `make_endpoint`.

    Raises:
        ConfigurationError: the permission is missing, or the same endpoint is there already.
    """
    endpoint = make_endpoint(noun, verb, **options)
    methods: dict[str, dict[str, Endpoint]] = config.registry.setdefault(RESOURCES, {})
    resource = methods.setdefault(endpoint.pattern, {})
    if endpoint.method in resource:
        raise ConfigurationError(
            f"{endpoint.method} {endpoint.address} is added by {resource[endpoint.method].name} "
            f"and by {endpoint.name}: take one of them away."
        )
    route = f"api {endpoint.address}"
    if not resource:
        config.add_route(route, endpoint.pattern, factory=_what)
        config.add_view(_fallback(resource), route_name=route, permission=NO_PERMISSION_REQUIRED)
    resource[endpoint.method] = endpoint
    entry = config.introspectable(CATEGORY, endpoint.name, endpoint.name, "API view")
    entry["endpoint"] = endpoint
    config.action(("calibrify api", endpoint.name), introspectables=(entry,))
    config.add_view(
        view,
        route_name=route,
        context=ABOUT[endpoint.method],
        request_method=endpoint.method,
        permission=NO_PERMISSION_REQUIRED if endpoint.permission == PUBLIC else endpoint.permission,
        api=endpoint,
    )


def _what(request: Request) -> object:
    """Returns what stands for the method of a request."""
    return _FOUND.get(request.environ["REQUEST_METHOD"])


def _fallback(resource: dict[str, Endpoint]) -> Callable[[Request], Response]:
    """Makes the view that answers the methods which a resource does not have."""

    def answer(request: Request) -> Response:
        allowed = set(resource) | {"OPTIONS"}
        if "GET" in allowed:
            allowed.add("HEAD")
        if request.method == "OPTIONS":
            return Response(status=204, headerlist=[("Allow", ", ".join(sorted(allowed)))])
        raise MethodNotAllowed(f"{request.method} is not answered here.", allow=sorted(allowed))

    return answer


def derive(view: View, info: Any) -> View:
    """View deriver: puts the steps of an endpoint around its view."""
    endpoint: Endpoint | None = info.options.get("api")
    if endpoint is None:
        return view
    steps = tuple(_steps(endpoint))
    status = endpoint.status
    checks_version = endpoint.verb in VERSIONED
    keyed = endpoint.method == "POST" and endpoint.idempotent

    def run(context: Any, request: Request) -> Response:
        for step in steps:
            step(request)
        if keyed and "HTTP_IDEMPOTENCY_KEY" in request.environ:
            if "tm.active" in request.environ:
                return once(request, lambda: reply.respond(request, view(context, request), status))
            # A view with transactions of its own takes the key by `idempotency.once_signed`.
            request.key_waits = True
        result = view(context, request)
        if request.key_waits:
            raise RuntimeError(f"{endpoint.name} never looked at its Idempotency-Key")
        if checks_version and not request.matched_version and "HTTP_IF_MATCH" in request.environ:
            raise RuntimeError(f"{endpoint.name} never called check_version")
        return reply.respond(request, result, status)

    return run


derive.options = ("api",)  # type: ignore[attr-defined]


def _steps(endpoint: Endpoint) -> Iterable[Step]:
    """Yields what has to happen before the view of an endpoint."""
    if endpoint.ids:
        names = endpoint.ids
        yield lambda request: parse_ids(names, request.matchdict)
    yield _read_query(endpoint)
    if endpoint.verb in VERSIONED:
        yield _want_version(endpoint.version_required)
    if endpoint.upload is not None:
        names = tuple(endpoint.upload)
        yield lambda request: setattr(request, "data", read_upload(request, names))
    elif endpoint.method in {"POST", "PUT", "PATCH"}:
        yield _read_body(endpoint)


def _read_query(endpoint: Endpoint) -> Step:
    """Makes the step that reads the query."""
    listing, schema = endpoint.listing, endpoint.query
    if listing is not None:
        return lambda request: setattr(
            request, "filters", read_request(listing(request.platform), query.parameters(request))
        )
    if schema is not None:
        return lambda request: setattr(
            request, "filters", query.validate(schema, query.parameters(request))
        )

    def read_none(request: Request) -> None:
        if request.environ.get("QUERY_STRING"):
            query.refuse_all(query.parameters(request))

    return read_none


def _want_version(always: bool) -> Step:
    """Makes the step that asks for `If-Match` where it must be there."""

    def step(request: Request) -> None:
        if "HTTP_IF_MATCH" in request.environ:
            return
        if request.method == "DELETE":
            return
        principal = request.principal
        if always or (principal and principal.organisation.policies.get(etag.POLICY)):
            etag.require_version(request)

    return step


def _read_body(endpoint: Endpoint) -> Step:
    """Makes the step that reads and checks the body."""
    schema = endpoint.body or Body
    may_be_empty = endpoint.body_may_be_empty

    def step(request: Request) -> None:
        empty = may_be_empty and request.environ.get("CONTENT_LENGTH") in {None, "", "0"}
        value = {} if empty else body.read_json(request)
        request.data = body.validate(schema, value)

    return step


def includeme(config: Any) -> None:
    """Adds the directive ``add_api_view`` and its deriver."""
    config.add_directive("add_api_view", add_api_view)
    config.add_view_deriver(derive, "calibrify_api", under="rendered_view", over=VIEW)
