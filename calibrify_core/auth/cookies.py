"""The session's cookie: its name and attributes, by how the browser speaks to us."""

from __future__ import annotations

from calibrify_core.auth import address
from calibrify_core.kernel.errors import Forbidden
from calibrify_core.kernel.settings import Settings

SECURE_NAME = "__Host-calibrify"
PLAIN_NAME = "calibrify_session"


def is_secure(environ: dict[str, object], settings: Settings) -> bool:
    """Tells whether the browser speaks https."""
    return address.scheme(environ, settings.trusted_proxies) == "https"


def name(environ: dict[str, object], settings: Settings) -> str:
    """Returns the name of the session's cookie.

    The browser itself refuses ``__Host-`` from anywhere but https, this host and the root
    path, so that no neighbour can plant it.
    """
    return SECURE_NAME if is_secure(environ, settings) else PLAIN_NAME


def require_safe_transport(environ: dict[str, object], settings: Settings) -> None:
    """Refuses to sign in over a connection on which others can read the password.

    Raises:
        Forbidden: plain http to another machine, and the settings do not allow it.
    """
    if is_secure(environ, settings) or address.is_loopback(environ) or settings.allow_http:
        return
    raise Forbidden(
        "Sign-in needs https here: over plain http others could read the password. "
        "Set CALIBRIFY_ALLOW_HTTP=1 to sign in all the same."
    )


def keep(environ: dict[str, object], settings: Settings, value: str) -> tuple[str, str]:
    """Returns the header that gives the cookie; it ends with the browser's own session."""
    return _header(environ, settings, value, "")


def drop(environ: dict[str, object], settings: Settings) -> tuple[str, str]:
    """Returns the header that takes the cookie away."""
    return _header(environ, settings, "", "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")


def _header(
    environ: dict[str, object], settings: Settings, value: str, ending: str
) -> tuple[str, str]:
    """Returns one Set-Cookie header."""
    secure = "; Secure" if is_secure(environ, settings) else ""
    cookie = f"{name(environ, settings)}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{ending}"
    return "Set-Cookie", cookie
