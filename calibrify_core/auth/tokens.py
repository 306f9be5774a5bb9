"""Tokens of API clients: a short access token, and a refresh token that is good once.

A refresh token names its family and its generation and is authenticated by us, so that an old
one that comes back is told from a guess: reuse of a real one revokes the whole family.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import uuid
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.access_token import LIFE, AccessTokens
from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.secret import REFRESH_PREFIX, digest
from calibrify_core.auth.sign_in import LONGEST_AGENT, Account, SignIn
from calibrify_core.auth.signed_in import FAMILY_IDLE, FAMILY_LIFE, RefreshFamily
from calibrify_core.auth.user import ACTIVE, User
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.errors import Unauthenticated
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork

PURPOSE = "refresh-token"
RANDOM_BYTES = 24
MAC_BYTES = 16
SIZE = 16 + 4 + RANDOM_BYTES + MAC_BYTES
REFUSED = "The refresh token is not valid: sign in again."


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a client gets when it signs in or refreshes.

    Attributes:
        access_token: for the ``Authorization: Bearer`` header.
        refresh_token: good once, for the next pair.
        expires_in: seconds for which the access token is good.
    """

    access_token: str
    refresh_token: str
    expires_in: int = int(LIFE.total_seconds())


class Tokens:
    """Issues, refreshes and revokes tokens.

    Args:
        platform: the application's shared services.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._access_tokens = AccessTokens(platform.keys)
        self._key = platform.keys.derive(PURPOSE)

    def issue(self, name: str, password: str, visit: Visit, *, user_agent: str = "") -> TokenPair:
        """Signs a client in.

        Raises:
            Unauthenticated: wrong, unknown or disabled, always with the same words.
            TooManyRequests: too many failed attempts.
            Unavailable: too many people sign in at this moment.
        """
        family_id = new_id()
        refresh_token = self._make(family_id, 0)

        def keep(unit: UnitOfWork, account: Account) -> None:
            now = unit.clock.now()
            unit.add(
                RefreshFamily(
                    id=family_id,
                    user_id=account.user_id,
                    generation=0,
                    digest=digest(refresh_token),
                    created_at=now,
                    last_seen_at=now,
                    expires_at=now + FAMILY_LIFE,
                    address=visit.address or "",
                    user_agent=user_agent[:LONGEST_AGENT],
                )
            )
            unit.audit(
                "sign_in", "user", account.user_id, account.name, {"address": [None, visit.address]}
            )

        account = SignIn(self._platform).authenticate(name, password, visit, keep)
        return TokenPair(self._access_tokens.make(account.user_id, family_id), refresh_token)

    def refresh(self, refresh_token: str, visit: Visit) -> TokenPair:
        """Exchanges a refresh token for a new pair; the old one is dead at once.

        Raises:
            Unauthenticated: it is not ours, expired or revoked, or was used before: then the
                whole family is revoked.
        """
        read = self._read(refresh_token)
        if read is None:
            raise Unauthenticated(REFUSED)
        family_id, generation = read
        successor = self._make(family_id, generation + 1)
        now = self._platform.clock.now()
        table: Any = RefreshFamily.__table__
        good = (
            sa.select(User.id)
            .where(User.id == table.c.user_id, User.state == ACTIVE)
            .correlate(table)
            .exists()
        )
        with self._platform.session(write=True) as session, session.begin():
            owner: uuid.UUID | None = (
                session.connection()
                .execute(
                    sa.update(table)
                    .where(
                        table.c.id == family_id,
                        table.c.digest == digest(refresh_token),
                        table.c.expires_at > now,
                        table.c.last_seen_at > now - FAMILY_IDLE,
                        good,
                    )
                    .values(digest=digest(successor), generation=generation + 1, last_seen_at=now)
                    .returning(table.c.user_id)
                )
                .scalar()
            )
        if owner is None:
            self._revoke(family_id, "refresh_token_reused", visit, used=generation)
            raise Unauthenticated(REFUSED)
        return TokenPair(self._access_tokens.make(owner, family_id), successor)

    def revoke(self, refresh_token: str, visit: Visit) -> None:
        """Ends the sign-in that a refresh token belongs to; one that is unknown is none."""
        read = self._read(refresh_token)
        if read is not None:
            self._revoke(read[0], "sign_out", visit)

    def _revoke(self, family_id: uuid.UUID, action: str, visit: Visit, *, used: int = -1) -> None:
        """Deletes a family and says so in the audit trail, in a short unit of its own.

        Given a generation that came back, only a family that has gone on since: one that
        merely expired was not stolen.
        """
        with self._platform.session(write=False) as session, session.begin():
            statement = (
                sa.select(User.id, User.organisation_id, User.username, User.name)
                .join(RefreshFamily, RefreshFamily.user_id == User.id)
                .where(RefreshFamily.id == family_id, RefreshFamily.generation > used)
            )
            owner = session.connection().execute(statement).one_or_none()
        if owner is None:
            return
        actor = Actor(
            "user",
            owner.name or owner.username,
            owner.id,
            family_id,
            visit.request_id,
            visit.address,
        )
        with self._platform.unit(owner.organisation_id, actor=actor) as unit:
            unit.session.execute(sa.delete(RefreshFamily).where(RefreshFamily.id == family_id))
            unit.audit(action, "user", owner.id, owner.username, {"address": [None, visit.address]})

    def _make(self, family_id: uuid.UUID, generation: int) -> str:
        """Returns a refresh token: family, generation, random bytes, and our mark on them."""
        body = family_id.bytes + generation.to_bytes(4) + secrets.token_bytes(RANDOM_BYTES)
        token = base64.urlsafe_b64encode(body + self._mark(body))
        return REFRESH_PREFIX + token.decode("ascii").rstrip("=")

    def _read(self, token: str) -> tuple[uuid.UUID, int] | None:
        """Returns family and generation of a token of ours, None for anything else."""
        text = token.removeprefix(REFRESH_PREFIX)
        if text == token or len(text) > 2 * SIZE:
            return None
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        body, mark = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        if len(raw) != SIZE or not hmac.compare_digest(mark, self._mark(body)):
            return None
        return uuid.UUID(bytes=body[:16]), int.from_bytes(body[16:20])

    def _mark(self, body: bytes) -> bytes:
        """Returns the mark by which we know that a token was made by us."""
        return hmac.digest(self._key, body, sha256)[:MAC_BYTES]
