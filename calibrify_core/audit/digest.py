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

import orjson

GENESIS = "0" * 64


def entry_digest(key: bytes, columns: Mapping[str, Any]) -> str:
    """Returns the digest of an entry's columns, 64 hex digits."""
    plain = {name: _plain(value) for name, value in columns.items() if name != "digest"}
    return hmac.digest(key, canonical(plain), "sha256").hex()


def canonical(plain: Mapping[str, Any]) -> bytes:
    """Returns JSON values as canonical JSON: sorted keys, no spaces, UTF-8.

    >>> canonical({"b": [None, "x"], "a": 1.5})
    b'{"a":1.5,"b":[null,"x"]}'
    """
    if not _has_float(plain):
        try:
            return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError:
            pass  # what only the slower way can write, such as whole numbers over 64 bits
    # Floats have one way to be written in the published format: that of the standard library.
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _has_float(value: Any) -> bool:
    """Tells whether there is a floating-point number somewhere in JSON values."""
    for item in value.values() if type(value) is dict else value:
        kind = type(item)
        if kind is float or ((kind is dict or kind is list or kind is tuple) and _has_float(item)):
            return True
    return False


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
