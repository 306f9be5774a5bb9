"""The security policy: recognises who asks, once a request, and answers whether they may.

Under ``/api/`` only the ``Authorization`` header counts; elsewhere only the session's cookie.
A page of another site can make a browser send the cookie, and never the header.
"""

from __future__ import annotations

from typing import Any

from pyramid.interfaces import ISecurityPolicy
from pyramid.security import Allowed
from zope.interface import implementer

from calibrify_core.auth import address, cookies, permissions, recognition
from calibrify_core.auth.bearer import Bearers
from calibrify_core.auth.principal import Principal
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.secret import SESSION_PREFIX, digest
from calibrify_core.auth.touches import Touches
from calibrify_core.kernel.errors import Forbidden, Unauthenticated
from calibrify_core.work.platform import Platform

SIGNED_IN = permissions.SIGNED_IN
"""What everybody holds who is signed in; for views that only ask who it is."""

OWN_ACCOUNT = permissions.OWN_ACCOUNT
"""What a person holds who is signed in, and no API token; for changes to one's own account."""

NOBODY = "core.nobody:never"
"""Held by no role: a view that forgets its permission is closed to everybody."""

API = "/api/"
LONGEST_COOKIE = 128


@implementer(ISecurityPolicy)
class SecurityPolicy:
    """Pyramid's questions about a request, answered from its credential.

    The request brings ``platform``, ``request_id``, ``connection``, and ``principal``, which keeps
    the answer of `identity` for the rest of the request.

    Args:
        platform: the application's shared services.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._settings = platform.settings
        self._bearers = Bearers(platform)
        self._touches = Touches(platform)

    def identity(self, request: Any) -> Principal | None:
        """Returns who asks, None for nobody or for a credential that is no longer good."""
        environ = request.environ
        if environ["PATH_INFO"].startswith(API):
            header = environ.get("HTTP_AUTHORIZATION", "")
            principal = self._bearers.recognise(request.connection, header, visit_of(request))
        else:
            principal = self._by_cookie(request)
        if principal is not None and self._touches.note(
            principal.kind, principal.credential_id, principal.last_seen_at
        ):
            request.add_finished_callback(lambda _: self._touches.write())
        return principal

    def authenticated_userid(self, request: Any) -> str | None:
        """Returns the id of the account, as text."""
        principal: Principal | None = request.principal
        return None if principal is None else str(principal.user_id)

    def permits(self, request: Any, _context: Any, permission: str) -> Any:
        """Lets a request pass to a view, or says why not.

        Raises:
            Unauthenticated: nobody is signed in.
            Forbidden: the permission is held nowhere in the organisation.
        """
        principal: Principal | None = request.principal
        if principal is None:
            raise Unauthenticated
        if not principal.access.permits(permission):
            raise Forbidden.without(permission)
        return Allowed("Granted.")

    def remember(self, request: Any, userid: str, **_: Any) -> list[tuple[str, str]]:
        """Returns the headers that give the browser its session.

        Args:
            request: the request.
            userid: the secret of a new session, from `calibrify_core.auth.sign_in`.
        """
        return [cookies.keep(request.environ, self._settings, userid)]

    def forget(self, request: Any, **_: Any) -> list[tuple[str, str]]:
        """Returns the headers that take the session's cookie away."""
        return [cookies.drop(request.environ, self._settings)]

    def _by_cookie(self, request: Any) -> Principal | None:
        """Recognises a browser's session."""
        secret = session_secret(request)
        if secret is None:
            return None
        now = self._platform.clock.now()
        return recognition.recognise_session(
            request.connection, digest(secret), now, visit_of(request)
        )


def visit_of(request: Any) -> Visit:
    """Returns what the audit trail keeps of where a request came from."""
    trusted = request.platform.settings.trusted_proxies
    return Visit(request.request_id, address.client_address(request.environ, trusted))


def session_secret(request: Any) -> str | None:
    """Returns the secret in the session's cookie, None if there is nothing that could be one."""
    secret: str = request.cookies.get(cookies.name(request.environ, request.platform.settings), "")
    good = secret.startswith(SESSION_PREFIX) and len(secret) <= LONGEST_COOKIE
    return secret if good else None


def includeme(config: Any) -> None:
    """Makes this the application's security policy; views without a permission are refused."""
    platform: Platform = config.registry["calibrify.platform"]
    config.set_security_policy(SecurityPolicy(platform))
    config.set_default_permission(NOBODY)
