"""Opaque secrets: random, shown once, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets

SESSION_PREFIX = "cals_"
REFRESH_PREFIX = "calr_"
API_TOKEN_PREFIX = "cal_"  # noqa: S105 - a public prefix, by which scanners find leaked tokens
FEED_PREFIX = "calf_"


def new_secret(prefix: str) -> str:
    """Makes a secret of 256 random bits behind a recognisable prefix."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Returns what is kept of a secret: SHA-256, enough for 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
