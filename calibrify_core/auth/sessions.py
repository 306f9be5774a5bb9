"""Sign-ins as their owner sees them: which devices are signed in, and ending one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from calibrify_core.auth import revocation
from calibrify_core.auth.permissions import SESSION_MANAGE
from calibrify_core.auth.signed_in import BrowserSession, RefreshFamily
from calibrify_core.auth.user import User
from calibrify_core.kernel.errors import NotFound
from calibrify_core.work.unit import UnitOfWork

KINDS: dict[str, type[BrowserSession] | type[RefreshFamily]] = {
    "browser": BrowserSession,
    "client": RefreshFamily,
}
COLUMNS = ("id", "created_at", "last_seen_at", "expires_at", "address", "user_agent")


@dataclass(frozen=True, slots=True)
class Device:
    """A browser or API client that is signed in.

    Attributes:
        id: of the session or family.
        kind: ``browser`` or ``client``.
        created_at: when it signed in (UTC).
        last_seen_at: when it was last seen, to the minute (UTC).
        expires_at: when it is signed out at the latest (UTC).
        address: from where it signed in.
        user_agent: what it called itself.
        current: whether this request came from it.
    """

    id: uuid.UUID
    kind: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str
    current: bool


class Sessions:
    """Sign-ins of the actor, or of others for who manages them.

    Args:
        unit: the unit of work.
    """

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def mine(self) -> list[Device]:
        """Returns where the actor is signed in, newest first."""
        user_id = self._unit.actor.user_id
        now = self._unit.clock.now()
        found = [
            Device(
                row.id,
                kind,
                row.created_at,
                row.last_seen_at,
                row.expires_at,
                row.address,
                row.user_agent,
                row.id == self._unit.actor.credential_id,
            )
            for kind, table in KINDS.items()
            for row in self._unit.session.execute(
                sa.select(*(getattr(table, name) for name in COLUMNS)).where(
                    table.user_id == user_id, table.expires_at > now
                )
            )
        ]
        return sorted(found, key=lambda device: device.created_at, reverse=True)

    def end(self, device_id: uuid.UUID) -> None:
        """Signs one of the actor's devices out.

        Raises:
            NotFound: it is none of theirs.
        """
        if device_id not in {device.id for device in self.mine()}:
            raise NotFound
        revocation.end(self._unit.session, device_id)
        self._unit.audit("end_session", "user", self._unit.actor.user_id, self._unit.actor.name)

    def end_others(self) -> int:
        """Signs the actor out everywhere but here; returns how many were ended."""
        user_id = self._unit.actor.user_id
        if user_id is None:
            raise NotFound
        ended = revocation.end_all(self._unit.session, user_id, keep=self._unit.actor.credential_id)
        self._unit.audit("end_sessions", "user", user_id, self._unit.actor.name)
        return ended

    def end_all_of(self, user: User) -> int:
        """Signs somebody out everywhere; returns how many were ended.

        Raises:
            Forbidden: the caller may not end sessions of others.
        """
        self._unit.access.require_everywhere(SESSION_MANAGE)
        ended = revocation.end_all(self._unit.session, user.id)
        self._unit.audit("end_sessions", "user", user.id, user.username)
        return ended
