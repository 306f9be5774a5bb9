"""Tickets: let who is signed in open one stream of live events, soon.

A browser's own reader of streams sends no ``Authorization`` header, so what proves who asks
stands in the address, where logs keep it. A ticket may stand there: it is good for half a
minute, and once.
"""

from __future__ import annotations

import hmac
import secrets
import struct
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import datetime, timedelta

from calibrify_core.auth.principal import Kind, Principal
from calibrify_core.work.platform import Platform

LIFE = timedelta(seconds=30)
KINDS: tuple[Kind, ...] = ("session", "jwt", "token")
_FORM = struct.Struct(">B16sQ16s")
_SEALED = 32


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket says.

    Attributes:
        kind: of the credential for which it was issued.
        credential_id: that credential.
        expires: seconds of the epoch after which it opens nothing.
        nonce: tells it from all others.
    """

    kind: Kind
    credential_id: uuid.UUID
    expires: int
    nonce: bytes


def issue(platform: Platform, principal: Principal, now: datetime) -> str:
    """Makes a ticket for somebody who was recognised."""
    body = _FORM.pack(
        KINDS.index(principal.kind),
        principal.credential_id.bytes,
        int((now + LIFE).timestamp()),
        secrets.token_bytes(16),
    )
    return urlsafe_b64encode(body + _seal(platform, body)).decode().rstrip("=")


def read(platform: Platform, text: str, now: datetime) -> Ticket | None:
    """Returns what a ticket says, None if it is none of ours or has expired."""
    if len(text) > 200:
        return None
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (Error, ValueError):
        return None
    body, seal = data[:-_SEALED], data[-_SEALED:]
    if len(body) != _FORM.size or not hmac.compare_digest(seal, _seal(platform, body)):
        return None
    kind, credential, expires, nonce = _FORM.unpack(body)
    if expires < now.timestamp():
        return None
    return Ticket(KINDS[kind], uuid.UUID(bytes=credential), expires, nonce)


def _seal(platform: Platform, body: bytes) -> bytes:
    """Returns what only this installation can write under a ticket."""
    return hmac.digest(platform.keys.derive("live-ticket"), body, "sha256")
