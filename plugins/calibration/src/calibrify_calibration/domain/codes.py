"""Verification codes of certificates: short, readable aloud, without look-alikes.

The alphabet is that of Crockford's base 32, which has no I, L, O or U. Twelve characters carry 60
random bits.
"""

from __future__ import annotations

import re

from calibrify_calibration.domain.problems import refuse

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Characters of a code."""

CODE_BYTES = 8
"""Random bytes that a code is made from."""

_LENGTH = 12
_GROUP = 4
_CODE = re.compile(f"[{ALPHABET}]{{{_LENGTH}}}")


def verification_code(random_bytes: bytes) -> str:
    """Make a verification code.

    Args:
        random_bytes: At least `CODE_BYTES` bytes from a cryptographic source.

    Raises:
        RuleError: There are too few bytes.

    >>> verification_code(bytes([255] * 8))
    'ZZZZ-ZZZZ-ZZZZ'
    """
    if len(random_bytes) < CODE_BYTES:
        raise refuse("", f"A verification code needs {CODE_BYTES} random bytes.")
    number = int.from_bytes(random_bytes[:CODE_BYTES], "big")
    return _grouped("".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(_LENGTH)))


def normal_code(entered: str) -> str | None:
    """Return a code in its normal form, from what somebody read off a certificate.

    Args:
        entered: The code in either case, with or without hyphens and spaces; O counts as 0, I and
            L count as 1.

    Returns:
        None when it cannot be a code.

    >>> normal_code(" zzzz zzzz-zzoI ")
    'ZZZZ-ZZZZ-ZZ01'
    >>> normal_code("short") is None
    True
    """
    if len(entered) > 2 * _LENGTH:
        return None
    plain = entered.upper().translate(str.maketrans("OIL", "011", "- \t"))
    return _grouped(plain) if _CODE.fullmatch(plain) else None


def _grouped(plain: str) -> str:
    """Separate the groups of a code."""
    return "-".join(plain[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))
