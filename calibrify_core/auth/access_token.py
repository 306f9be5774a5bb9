"""Access tokens: short JSON Web Tokens (RFC 7519), signed with HMAC-SHA-512.

The codec is pyramid-jwt's policy object, used as a codec only: it checks neither issuer nor
required claims, and knows no key ids. Those checks are made here, around it. A token alone
opens nothing: the sign-in that it belongs to is looked up in the database at each request.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import jwt
from pyramid_jwt.policy import JWTAuthenticationPolicy

from calibrify_core.kernel.ids import new_id
from calibrify_core.work.keys import Keys

LIFE = timedelta(minutes=10)
LEEWAY_SECONDS = 5
ALGORITHM = "HS512"
ISSUER = "calibrify"
AUDIENCE = "calibrify-api"
TYPE = "access"
CURRENT_KEY = "1"
REQUIRED = frozenset({"exp", "iat", "iss", "aud", "sub", "jti", "sid", "typ", "kid"})
LONGEST = 4096
MOST_KNOWN = 10_000

# The codec logs each refused token with a warning; the door's own access log says it already.
logging.getLogger("pyramid_jwt").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good access token says.

    Attributes:
        user_id: the account (``sub``).
        family_id: the sign-in it belongs to (``sid``).
    """

    user_id: uuid.UUID
    family_id: uuid.UUID


class AccessTokens:
    """Makes and reads access tokens.

    Args:
        keys: the installation's keys.
        key_ids: ids of the keys that are good, the first one signs. A key is rotated by
            putting a new id in front; the old one is dropped `LIFE` later.
    """

    def __init__(self, keys: Keys, key_ids: Sequence[str] = (CURRENT_KEY,)) -> None:
        self._signing = key_ids[0]
        self._codecs = {
            key_id: JWTAuthenticationPolicy(
                keys.jwt(key_id),
                algorithm=ALGORITHM,
                auth_type="Bearer",
                expiration=LIFE,
                leeway=LEEWAY_SECONDS,
                audience=AUDIENCE,
            )
            for key_id in key_ids
        }

        self._verified: dict[bytes, tuple[Claims, float]] = {}

    def make(self, user_id: uuid.UUID, family_id: uuid.UUID) -> str:
        """Makes a token that is good for `LIFE`.

        The subject is text: PyJWT refuses a token with any other when it reads it back.
        """
        token: str = self._codecs[self._signing].create_token(
            str(user_id),
            iss=ISSUER,
            jti=str(new_id()),
            sid=str(family_id),
            typ=TYPE,
            kid=self._signing,
        )
        return token

    def read(self, token: str) -> Claims | None:
        """Returns what a token says, None if it is not one of ours, changed or expired.

        A token that was verified once is known by its digest until it expires: its signature
        cannot go bad. Whether what it stands for was revoked is asked of the database anyhow.
        """
        if len(token) > LONGEST:
            return None
        fingerprint = sha256(token.encode("utf-8", "replace")).digest()
        known = self._verified.get(fingerprint)
        if known is not None:
            claims, expires = known
            return claims if time.time() < expires else None
        found = self._verify(token)
        if found is None:
            return None
        if len(self._verified) >= MOST_KNOWN:
            self._verified.clear()
        self._verified[fingerprint] = found
        return found[0]

    def _verify(self, token: str) -> tuple[Claims, float] | None:
        """Returns what a token says, and the moment (seconds) at which it expires."""
        codec = self._codecs.get(_key_id(token))
        if codec is None:
            return None
        claims = codec.jwt_decode(_Quiet, token)
        if not claims.keys() >= REQUIRED:
            return None
        if claims["iss"] != ISSUER or claims["typ"] != TYPE:
            return None
        # The unverified key id chose the key; the verified one must be the same.
        if self._codecs.get(claims["kid"]) is not codec:
            return None
        if claims["iat"] + LIFE.total_seconds() < claims["exp"]:
            return None
        try:
            found = Claims(uuid.UUID(claims["sub"]), uuid.UUID(claims["sid"]))
        except (ValueError, TypeError, AttributeError):
            return None
        return found, float(claims["exp"])


class _Quiet:
    """Stands for the request, of which the codec only logs the address."""

    remote_addr = ""


def _key_id(token: str) -> Any:
    """Returns the key id that a token claims, unverified."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    key_id = claims.get("kid")
    return key_id if isinstance(key_id, str) else None
