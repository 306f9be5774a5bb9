"""Answers of the hub: the head of a stream, errors, and what other origins may read."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

import orjson

from calibrify_core.kernel import errors

Header = tuple[str, str]
STREAM: Sequence[Header] = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
)


class HeadTooLarge(errors.CalibrifyError):
    """The head of the request is larger than the hub reads."""

    code = "head_too_large"
    title = "The head of the request is too large"
    status = 431


def head(status: int, headers: Sequence[Header]) -> bytes:
    """Returns the head of an answer; the connection ends with it."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append("X-Content-Type-Options: nosniff")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def problem(error: errors.CalibrifyError, headers: Sequence[Header]) -> bytes:
    """Returns an error as a problem document (RFC 9457)."""
    document = {
        "type": f"urn:calibrify:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    body = orjson.dumps(document)
    own = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
    if isinstance(error, errors.TooManyRequests | errors.Unavailable):
        own.append(("Retry-After", str(error.retry_after)))
    if isinstance(error, errors.Unauthenticated):
        own.append(("WWW-Authenticate", 'Bearer realm="calibrify"'))
    if isinstance(error, errors.MethodNotAllowed):
        own.append(("Allow", "GET, OPTIONS"))
    return head(error.status, [*own, *headers]) + body


def plain(status: int, text: str, headers: Sequence[Header] = ()) -> bytes:
    """Returns a short answer in JSON."""
    body = text.encode()
    own = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return head(status, [*own, *headers]) + body


def cross_origin(public_url: str, origin: str) -> list[Header]:
    """Returns the headers that let pages of this installation, and of no other, read an answer.

    Args:
        public_url: the address of the installation.
        origin: what the browser says where the page is from.
    """
    parts = urlsplit(public_url)
    if not origin or origin != f"{parts.scheme}://{parts.netloc}":
        return [("Vary", "Origin")]
    return [
        ("Vary", "Origin"),
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", "GET"),
        ("Access-Control-Allow-Headers", "Authorization, Last-Event-ID"),
        ("Access-Control-Max-Age", "600"),
    ]
