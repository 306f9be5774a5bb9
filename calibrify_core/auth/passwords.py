"""Passwords: what is accepted, how they are kept, and how many are verified at once.

The rules are those of NIST SP 800-63B-4 §3.1.1: length counts, there are no rules about kinds
of characters and no expiry, common and guessable passwords are refused. Hashes are Argon2id
with the parameters of RFC 9106 §4, second recommendation (64 MiB, 3 passes, 4 lanes).
"""

from __future__ import annotations

import base64
import itertools
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from calibrify_core.kernel.errors import Invalid, Unavailable

SHORTEST = 15
LONGEST = 256
AT_ONCE = 4
PATIENCE_SECONDS = 5.0
PRODUCT = "calibrify"
SHORTEST_CONTEXT = 4
LEAST_OWN = 8

COST = RFC_9106_LOW_MEMORY

_hashers = [PasswordHasher.from_parameters(COST)]  # the last one counts
_turns = threading.BoundedSemaphore(AT_ONCE)


def normalise(password: str) -> str:
    """Returns the form that is hashed, so that all keyboards give the same (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, context: Iterable[str | None] = (), pointer: str = "password") -> None:
    """Checks a new password against the rules.

    Args:
        password: as it was typed.
        context: what an attacker would try first: username, e-mail, name, organisation.
        pointer: the member that the error names.

    Raises:
        Invalid: saying which rule it breaks.
    """
    text = normalise(password)
    if len(text) < SHORTEST:
        raise Invalid.field(pointer, f"Use at least {SHORTEST} characters. A sentence is fine.")
    if len(text) > LONGEST:
        raise Invalid.field(pointer, f"Use at most {LONGEST} characters.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise Invalid.field(pointer, "Leave out control characters.")
    folded = text.casefold()
    bare = re.sub(r"[\W\d_]+", "", folded)
    if folded in _blocked() or bare in _blocked() or _is_pattern(folded):
        raise Invalid.field(
            pointer, "This password is among the first that are tried: choose another."
        )
    remainder = folded
    for word in sorted(_words(context), key=len, reverse=True):
        remainder = remainder.replace(word, "")
    if len(remainder) < LEAST_OWN:
        raise Invalid.field(
            pointer, "This is mostly your name, your address or the product's name: choose another."
        )


def hash_password(password: str) -> str:
    """Returns the Argon2id hash of a password.

    Raises:
        Unavailable: too many are being worked on at this moment.
    """
    with turn():
        return _hashers[-1].hash(normalise(password))


def verify(stored: str | None, password: str) -> bool:
    """Tells whether a password is right.

    Without a stored hash it verifies against one that nothing fits, so that the answer takes
    as long for an unknown account as for a known one.

    Raises:
        Unavailable: too many are being verified at this moment.
    """
    given = normalise(password)[: LONGEST + 1].encode("utf-8", "surrogatepass")
    with turn():
        try:
            return _hashers[-1].verify(stored or _nobody(), given) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Tells whether a hash was made with other parameters than today's."""
    return _hashers[-1].check_needs_rehash(stored)


@contextmanager
def costing(cost: Parameters) -> Iterator[None]:
    """Hashes at another cost meanwhile, in the whole process; tests alone have a reason to.

    Args:
        cost: parameters of Argon2id.
    """
    _hashers.append(PasswordHasher.from_parameters(cost))
    try:
        yield
    finally:
        _hashers.pop()


@contextmanager
def turn() -> Iterator[None]:
    """Bounds how much memory verification takes: each one needs 64 MiB."""
    if not _turns.acquire(timeout=PATIENCE_SECONDS):
        raise Unavailable("Too many people sign in at this moment.", retry_after=5)
    try:
        yield
    finally:
        _turns.release()


def _nobody() -> str:
    """Returns a hash of today's parameters that no password fits, since none was hashed."""
    today = _hashers[-1]
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
        for size in (today.salt_len, today.hash_len)
    )
    cost = f"m={today.memory_cost},t={today.time_cost},p={today.parallelism}"
    return f"$argon2id$v={COST.version}${cost}${salt}${digest}"


@cache
def _blocked() -> frozenset[str]:
    """Returns passwords and phrases that are tried first."""
    text = (files("calibrify_core.auth") / "blocked_passwords.txt").read_text(encoding="utf-8")
    return frozenset(
        line.strip().casefold() for line in text.splitlines() if line and line[0] != "#"
    )


def _words(context: Iterable[str | None]) -> set[str]:
    """Returns the parts of names and addresses that may not make up a password."""
    found = {PRODUCT}
    for item in context:
        folded = normalise(item or "").casefold()
        found |= {part for part in re.split(r"[^\w]+|_", folded) if len(part) >= SHORTEST_CONTEXT}
    return found


def _is_pattern(text: str) -> bool:
    """Tells whether a text is one short piece over and over, or a run of neighbours.

    >>> _is_pattern("abcabcabcabcabc"), _is_pattern("123456789012345")
    (True, True)
    >>> _is_pattern("correct horse battery")
    False
    """
    for size in range(1, 6):
        if text == (text[:size] * len(text))[: len(text)]:
            return True
    steps = [ord(second) - ord(first) for first, second in itertools.pairwise(text)]
    neighbours = sum(1 for step in steps if step in {-1, 0, 1})
    return neighbours >= len(steps) - 2
