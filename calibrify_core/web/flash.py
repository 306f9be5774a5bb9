"""Messages that outlive one redirect: in a short signed cookie, so that reading never writes."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from typing import Any

COOKIE = "calibrify_flash"
SECONDS = 60
MOST = 5


def flash(request: Any, text: str, kind: str = "success") -> None:
    """Says something on the next page that this browser is shown.

    Args:
        request: the request that did it.
        text: one sentence, plain text.
        kind: ``success``, ``info`` or ``error``.
    """
    waiting = getattr(request, "_calibrify_flash", None)
    if waiting is None:
        waiting = request._calibrify_flash = []
        request.add_response_callback(_keep)
    waiting.append({"kind": kind, "text": text[:300]})


def _keep(request: Any, response: Any) -> None:
    """Puts what was said into the answer's cookie."""
    body = json.dumps(request._calibrify_flash[:MOST]).encode()
    value = base64.urlsafe_b64encode(_seal(request, body) + body).decode()
    response.set_cookie(
        COOKIE,
        value,
        max_age=SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.scheme == "https",
        path="/",
    )


def take(request: Any) -> list[dict[str, str]]:
    """Returns what the last request said, once."""
    given = request.cookies.get(COOKIE)
    if not given:
        return []
    request.add_response_callback(lambda _, response: response.delete_cookie(COOKIE, path="/"))
    try:
        raw = base64.urlsafe_b64decode(given.encode("ascii"))
    except (binascii.Error, ValueError):
        return []
    if not hmac.compare_digest(raw[:16], _seal(request, raw[16:])):
        return []
    found: list[dict[str, str]] = json.loads(raw[16:])
    return found


def _seal(request: Any, body: bytes) -> bytes:
    """Returns the seal that shows that a message is ours."""
    return hmac.digest(request.platform.keys.derive("flash"), body, "sha256")[:16]
