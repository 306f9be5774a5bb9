"""Digests of the audit trail: the published format by which anybody can check it.

An entry's digest is HMAC-SHA256, under the installation's audit key, of the canonical JSON
(sorted keys, no spaces, UTF-8) of all its columns but the digest. A seal's digest is SHA-256
of ``position|entry_id|entry_digest|previous``; the first ``previous`` is 64 zeros.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64


def entry_digest(key: bytes, columns: Mapping[str, Any]) -> str:
    """Returns the digest of an entry's columns, 64 hex digits."""
    plain = {name: _plain(value) for name, value in columns.items() if name != "digest"}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def seal_digest(position: int, entry_id: uuid.UUID, entry: str, previous: str) -> str:
    """Returns the digest of a seal, 64 hex digits."""
    return hashlib.sha256(f"{position}|{entry_id}|{entry}|{previous}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Turns a column's value into a JSON value that both databases give back the same."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value
