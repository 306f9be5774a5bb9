"""What views return, and how it becomes bytes.

A view returns a dict (200), None (204), or one of the values made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import orjson
from pydantic import BaseModel
from pyramid.response import Response

from calibrify_core.api.etag import is_fresh, make_tag
from calibrify_core.api.request import Request
from calibrify_core.records.jobs import shape_job
from calibrify_core.tasks.job import Job

BASE = "/api/v1/"
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
JSON_TYPE = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with more to it than a body.

    Attributes:
        body: JSON values, or None for an empty answer.
        status: HTTP status.
        version: of the object in the body, for its ETag.
        location: path of what was made, from the root.
        headers: further headers.
    """

    body: Any = None
    status: int = 200
    version: int | None = None
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def shown(body: Mapping[str, Any], version: int) -> Reply:
    """Returns a single object with its version."""
    return Reply(body, version=version)


def created(body: Mapping[str, Any], version: int, path: str) -> Reply:
    """Returns a new object: 201 with Location and ETag.

    Args:
        body: the object as it is shown.
        version: of it.
        path: where it is found, below ``/api/v1/``, for example ``widgets/<id>/``.
    """
    return Reply(body, 201, version, BASE + path)


def accepted(job: Job) -> Reply:
    """Returns long work: 202 with the job and its address."""
    return Reply(shape_job(job), 202, location=f"{BASE}jobs/{job.id}/")


def plain(value: Any) -> Any:
    """Turns what orjson does not know into what it does."""
    if isinstance(value, Decimal):
        # Plain digits, except where that would invent some: 1E+2 stays as it is.
        exponent = value.as_tuple().exponent
        return str(value) if isinstance(exponent, str) or exponent > 0 else f"{value:f}"
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def dump(body: Any) -> bytes:
    """Returns a body as JSON: decimals as text with their trailing zeros, times in UTC."""
    return orjson.dumps(body, default=plain, option=OPTIONS)


def respond(request: Request, result: Any, status: int) -> Response:
    """Returns the response for what a view returned.

    Args:
        request: the request.
        result: a response, a `Reply`, None, or JSON values.
        status: of the answer, where the result does not say it.
    """
    if isinstance(result, Response):
        return result
    if not isinstance(result, Reply):
        result = Reply(result, 204 if result is None else status)
    if result.body is None:
        return Response(status=result.status, headerlist=_headers(result))
    body = dump(result.body)
    headers = [JSON_TYPE, *_headers(result)]
    if result.version is not None:
        tag = make_tag(result.version, body)
        headers.append(("ETag", tag))
        if request.reads and is_fresh(request, tag):
            return Response(status=304, headerlist=[("ETag", tag)])
    return Response(body=body, status=result.status, headerlist=headers)


def _headers(reply: Reply) -> list[tuple[str, str]]:
    """Returns the headers that a reply asks for."""
    found = list(reply.headers.items())
    if reply.location is not None:
        found.append(("Location", reply.location))
    return found


def attachment(name: str, media_type: str, size: int | None, body: Iterable[bytes]) -> Response:
    """Returns a file for saving, never for showing.

    Args:
        name: as it is offered for saving.
        media_type: of the content.
        size: in bytes, None if it is not known beforehand.
        body: the content in pieces.
    """
    fallback = "".join(c if c.isascii() and (c.isalnum() or c in "-_. ") else "_" for c in name)
    headers = [
        ("Content-Type", media_type),
        (
            "Content-Disposition",
            f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}",
        ),
        ("Content-Security-Policy", "default-src 'none'; sandbox"),
    ]
    if size is not None:
        headers.append(("Content-Length", str(size)))
    return Response(status=200, headerlist=headers, app_iter=body)
