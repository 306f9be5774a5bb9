"""Tweens: around every request from the outside in: its id, errors, then the transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from pyramid.response import Response
from pyramid.tweens import EXCVIEW, INGRESS
from pyramid_retry import is_error_retryable, mark_error_retryable

from calibrify_core.api import problem
from calibrify_core.api.request import PLATFORM, Request
from calibrify_core.auth import address
from calibrify_core.auth.limits import RateLimits
from calibrify_core.kernel.settings import Settings
from calibrify_core.observability.logs import bind_context, clear_context
from calibrify_core.observability.metrics import METRICS
from calibrify_core.persistence.passing import is_passing

REFUSED = "calibrify.refused"

Handler = Callable[[Request], Response]

logger = logging.getLogger("calibrify.request")

SECURITY_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
# What a page does not say for itself; an answer of the API needs nothing at all.
STRICT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_DROPPED = dict.fromkeys(map(ord, "\t\r\n"))
TRANSPORT_SECURITY = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")


def observing(handler: Handler, registry: Any) -> Handler:
    """Gives each request its id, measures it, and puts the security headers on the answer."""
    trusted = registry[PLATFORM].settings.trusted_proxies

    def tween(request: Request) -> Response:
        started = time.perf_counter()
        clear_context()
        bind_context(request_id=request.request_id)
        response = handler(request)
        seconds = time.perf_counter() - started
        _dress(request, response, address.scheme(request.environ, trusted))
        route = request.__dict__.get("matched_route")
        METRICS.observe_request(
            request.environ["REQUEST_METHOD"],
            route.name if route is not None else None,
            response.status_int,
            seconds,
        )
        logger.info(
            "%s %s %d %.1f ms",
            request.environ["REQUEST_METHOD"],
            request.environ["PATH_INFO"],
            response.status_int,
            seconds * 1000,
        )
        return response

    return tween


def _dress(request: Request, response: Response, scheme: str) -> None:
    """Adds the headers that every answer carries."""
    present = {name.lower() for name, _ in response.headerlist}
    extra = [("X-Request-Id", request.request_id), *request.rate, *SECURITY_HEADERS]
    if "content-security-policy" not in present:
        extra.append(("Content-Security-Policy", STRICT_POLICY))
    if "cache-control" not in present:
        extra.append(("Cache-Control", "no-store"))
    if scheme == "https":
        extra.append(TRANSPORT_SECURITY)
    response.headerlist.extend(extra)
    if "location" in present:
        # WebOb would make it absolute with the Host header, which anybody may write.
        response._make_location_absolute = local


def local(_environ: dict[str, Any], location: str) -> str:
    """Returns a location as the view has written it, on this site where it names no scheme.

    Browsers drop tabs and line ends, and read two slashes, or backslashes, as another host.
    """
    location = location.translate(_DROPPED)
    if location[:2] in {"//", "/\\"}:
        return f"/%2f{location[2:]}"
    return location


def answering_errors(handler: Handler, _registry: Any) -> Handler:
    """Turns every exception into an answer, or leaves it to the retry policy."""

    def tween(request: Request) -> Response:
        try:
            return handler(request)
        except Exception as error:
            # The retry policy looks for this attribute, and never retries without it.
            request.exception = error
            if is_passing(error):
                mark_error_retryable(error)
            if is_error_retryable(request, error):
                return Response(status=503)
            told = problem.explain(error, request)
            if told.status >= 500:
                logger.error(
                    "%s %s failed", request.method, request.environ["PATH_INFO"], exc_info=error
                )
            return problem.respond(told, request)

    return tween


def limiting(handler: Handler, registry: Any) -> Handler:
    """Holds callers of the API to their rate, then refuses what the guard could not read."""
    settings: Settings = registry[PLATFORM].settings
    limits = RateLimits(enabled=settings.rate_limits, line=registry[PLATFORM].redis)

    def tween(request: Request) -> Response:
        if request.environ["PATH_INFO"].startswith("/api/"):
            principal = request.principal
            if principal is None:
                peer = address.client_address(request.environ, settings.trusted_proxies)
                state = limits.check(address.throttle_key(peer))
            else:
                bind_context(user_id=principal.user_id, organisation=principal.organisation.id)
                state = limits.check(principal.rate_key)
            request.rate = state.headers
            state.require()
        # What the guard refused counts like every other request.
        refused = request.environ.pop(REFUSED, None)
        if refused is not None:
            raise refused
        return handler(request)

    return tween


def includeme(config: Any) -> None:
    """Adds the tweens around the transaction tween."""
    config.add_tween("calibrify_core.api.tweens.observing", under=INGRESS)
    config.add_tween(
        "calibrify_core.api.tweens.answering_errors",
        under="calibrify_core.api.tweens.observing",
        over=(EXCVIEW, "pyramid_tm.tm_tween_factory"),
    )
    config.add_tween("pyramid_tm.tm_tween_factory", over=EXCVIEW)
    # Below the transaction tween: who asks is recognised on the connection that works anyhow.
    config.add_tween(
        "calibrify_core.api.tweens.limiting", under="pyramid_tm.tm_tween_factory", over=EXCVIEW
    )
