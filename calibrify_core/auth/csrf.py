"""Forgery of requests: a form counts only when it came from one of our own pages.

Two things are asked of every request that changes something and is recognised by a cookie:
the browser's own word where the request started (``Origin``, ``Sec-Fetch-Site``), and a token
that was printed into the page and is bound to the session. Before sign-in there is no
session; there the token is bound to a random cookie of the visitor.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from calibrify_core.auth import address, cookies
from calibrify_core.auth.policy import session_secret
from calibrify_core.kernel.errors import Forbidden

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
SECURE_VISITOR = "__Host-calibrify-visitor"
PLAIN_VISITOR = "calibrify_visitor"
PURPOSE = "csrf"
LONGEST = 128
SALT = 16

REFUSED = "This form is too old, or did not come from a page of this site. Load it again."


def token(request: Any) -> str:
    """Returns the token to print into a form or the page's head.

    It is another one in each answer: pages are compressed, and from the size of compressed
    answers a token that stays the same could be guessed.

    For a visitor without a session it also sees to it that the answer gives the cookie to
    which the token is bound.
    """
    salt = secrets.token_hex(8)
    return salt + _sign(request, _binding(request, make=True), salt)


def check(request: Any) -> None:
    """Lets a request pass that started on one of our own pages.

    The token comes in the form field ``csrf_token`` or the header ``X-CSRF-Token``.

    Raises:
        Forbidden: it started elsewhere, or its token is missing or not of this session.
    """
    check_origin(request)
    given = request.headers.get(HEADER)
    if given is None:
        given = request.POST.get(FIELD)
    binding = _binding(request, make=False)
    if not isinstance(given, str) or len(given) > LONGEST or not binding:
        raise Forbidden(REFUSED)
    salt, proof = given[:SALT], given[SALT:]
    expected = _sign(request, binding, salt)
    if not hmac.compare_digest(expected.encode(), proof.encode("utf-8", "replace")):
        raise Forbidden(REFUSED)


def check_origin(request: Any) -> None:
    """Refuses what the browser itself says to have started on another site.

    Raises:
        Forbidden: it did.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden(REFUSED)
    origin = request.headers.get("Origin")
    if origin is None:
        return
    settings = request.platform.settings
    spoken = address.scheme(request.environ, settings.trusted_proxies)
    own = {
        f"{spoken}://{request.environ.get('HTTP_HOST', '')}".lower(),
        _origin(settings.public_url),
    }
    if _origin(origin) not in own:
        raise Forbidden(REFUSED)


def _origin(url: str) -> str:
    """Returns scheme, host and port of an address, as a browser writes an origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _binding(request: Any, *, make: bool) -> str:
    """Returns what the token is bound to: the session, or the visitor's cookie."""
    secret = session_secret(request)
    if secret is not None and request.principal is not None:
        return secret
    secure = cookies.is_secure(request.environ, request.platform.settings)
    name = SECURE_VISITOR if secure else PLAIN_VISITOR
    made: str | None = request.environ.get("calibrify.visitor")
    visitor = made or request.cookies.get(name, "")
    if make and not visitor:
        visitor = secrets.token_urlsafe(24)
        request.environ["calibrify.visitor"] = visitor
        end = "; Secure" if secure else ""
        cookie = f"{name}={visitor}; Path=/; HttpOnly; SameSite=Lax{end}"
        request.add_response_callback(
            lambda _, response: response.headerlist.append(("Set-Cookie", cookie))
        )
    return visitor


def _sign(request: Any, binding: str, salt: str) -> str:
    """Returns what proves that a token belongs to a session or visitor."""
    key = request.platform.keys.derive(PURPOSE)
    return hmac.new(key, f"{salt}:{binding}".encode("utf-8", "replace"), sha256).hexdigest()
