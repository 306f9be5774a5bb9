"""Keys for different purposes, all derived from the one secret of the installation."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Keys:
    """Purpose-bound keys; one that leaks tells nothing about the others.

    Attributes:
        secret: the installation's secret key.
    """

    secret: str

    def derive(self, purpose: str) -> bytes:
        """Returns 32 bytes for a purpose (HMAC-SHA256 of its name, RFC 5869 expand step)."""
        return _derived(self.secret, purpose)

    @property
    def audit(self) -> bytes:
        """Key of the audit entries' digests."""
        return self.derive("audit")

    @property
    def encryption(self) -> bytes:
        """Key of secrets at rest where the settings name no other."""
        return self.derive("encryption")

    @property
    def cursor(self) -> bytes:
        """Key of list cursors."""
        return self.derive("cursor")

    def jwt(self, key_id: str) -> str:
        """Returns the signing key of access tokens for one key id, 128 hex digits."""
        return self.derive(f"jwt/{key_id}/1").hex() + self.derive(f"jwt/{key_id}/2").hex()


@lru_cache(maxsize=32)
def _derived(secret: str, purpose: str) -> bytes:
    """Derives a key, once for each purpose."""
    material = f"calibrify/{purpose}\x01".encode()
    return hmac.digest(secret.encode(), material, hashlib.sha256)
