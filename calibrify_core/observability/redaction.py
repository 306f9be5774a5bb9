"""Takes secrets out of what is logged, by the names of values and by their looks."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Set
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

MASK = "********"
DEPTH = 6
"""Most levels of nesting that are written out; what lies deeper is left out."""

SENSITIVE = (
    r"passw(?:or)?d|passphrase|secret|token|authorization|cookie|api[_-]?key|private[_-]?key|"
    r"encryption[_-]?key|credential|csrf|totp|recovery[_-]?code|session[_-]?(?:id|key)|"
    r"database[_-]?url"
)
_NAME = re.compile(SENSITIVE, re.IGNORECASE)
_LOOKS = (
    # A JSON Web Token, wherever it stands.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), MASK),
    # Our own secrets say by their beginning what they are.
    (re.compile(r"\bcal[frs]?_[\w-]{20,}"), MASK),
    # An Authorization header.
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {MASK}"),
    # The password in an address.
    (re.compile(r"(\w://[^\s:/@]*):[^\s/]+@"), rf"\1:{MASK}@"),
    # password=…, "token": "…", secret_key='…', also in a query string.
    (
        re.compile(
            rf"([\w-]*(?:{SENSITIVE})[\w-]*[\"']?\s*[=:]\s*)"
            r"(?:\"[^\"]*\"|'[^']*'|(?!\*)[^\s,;&\"'}})\]]+)",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
)
# Would let a text that somebody sent look like further lines of the log.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_MULTILINE = frozenset({"exception", "stack"})


def redacted(_logger: Any, _method: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an event of the log without secrets; a processor of structlog."""
    clean: dict[str, Any] = {}
    for name, value in event.items():
        if _NAME.search(name) and value is not None:
            clean[name] = MASK
        elif name in _MULTILINE and isinstance(value, str):
            clean[name] = scrubbed(value)
        else:
            clean[name] = _cleaned(value, DEPTH)
    return clean


def scrubbed(text: str) -> str:
    """Returns a text without what looks like a secret.

    >>> scrubbed("GET /export?token=abc from postgresql://lab:open@db/calibrify")
    'GET /export?token=******** from postgresql://lab:********@db/calibrify'
    """
    for pattern, replacement in _LOOKS:
        text = pattern.sub(replacement, text)
    return text


def _cleaned(value: Any, depth: int) -> Any:
    """Returns a value as plain data without secrets."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {
            str(name): MASK if _NAME.search(str(name)) else _cleaned(inner, depth - 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | Set):
        return [_cleaned(inner, depth - 1) for inner in value]
    if isinstance(value, str | uuid.UUID | date | Decimal | Path | BaseException):
        text = str(value)
    else:
        text = repr(value)
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], scrubbed(text))
