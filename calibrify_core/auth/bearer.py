"""The credential in an ``Authorization`` header: an access token (JWT) or an API token."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from calibrify_core.auth import recognition
from calibrify_core.auth.access_token import AccessTokens
from calibrify_core.auth.principal import Principal
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.secret import API_TOKEN_PREFIX, digest
from calibrify_core.work.platform import Platform

LONGEST_HEADER = 4096


class Bearers:
    """Recognises who sends an ``Authorization`` header.

    Args:
        platform: the application's shared services.
    """

    def __init__(self, platform: Platform) -> None:
        self._clock = platform.clock
        self._access_tokens = AccessTokens(platform.keys)

    def recognise(self, connection: Connection, header: str, visit: Visit) -> Principal | None:
        """Returns who is behind a header, None for nobody.

        Args:
            connection: where to look the credential up.
            header: value of the header, ``Bearer <secret>``.
            visit: where the request comes from.
        """
        kind, _, secret = header.partition(" ")
        secret = secret.strip()
        if kind.lower() != "bearer" or not secret or len(secret) > LONGEST_HEADER:
            return None
        now = self._clock.now()
        if secret.startswith(API_TOKEN_PREFIX):
            return recognition.recognise_token(connection, digest(secret), now, visit)
        claims = self._access_tokens.read(secret)
        if claims is None:
            return None
        return recognition.recognise_family(
            connection, claims.family_id, claims.user_id, now, visit
        )
