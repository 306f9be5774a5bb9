"""Entity tags: which version of an object somebody has, and whether it is still the present one.

A tag is ``"v<version>-<hash>"``. The version counts writes to the row; the hash covers all that
the body shows, since a status may change at midnight without a write. So `If-None-Match`
compares the whole tag, and `If-Match` the version alone. A weak tag (``W/"…"``) never matches
`If-Match`, which compares strongly (RFC 9110, 13.1.1).
"""

from __future__ import annotations

import hashlib
import re

from calibrify_core.api.request import Request
from calibrify_core.kernel.errors import PreconditionRequired, StaleVersion

TAG = re.compile(r'(?<!W/)"v(\d{1,12})-[0-9a-f]{16}"', re.ASCII)
POLICY = "require_if_match"


def make_tag(version: int, shown: bytes) -> str:
    """Returns the tag of a version and of what is shown of it.

    >>> make_tag(3, b"{}")
    '"v3-01e7b720ff566d53"'
    """
    return f'"v{version}-{hashlib.blake2b(shown, digest_size=8).hexdigest()}"'


def is_fresh(request: Request, tag: str) -> bool:
    """Tells whether the caller has exactly this already (`If-None-Match`)."""
    given = request.environ.get("HTTP_IF_NONE_MATCH")
    if not given:
        return False
    if given.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") == tag for part in given.split(","))


def check_version(request: Request, version: int) -> None:
    """Checks that the caller changes the version that is there (`If-Match`).

    Every view that replaces, changes or deletes calls this with the version it has read.

    Args:
        request: the request.
        version: of the object as it stands.

    Raises:
        StaleVersion: somebody else changed it meanwhile.
    """
    request.matched_version = True
    given = request.environ.get("HTTP_IF_MATCH")
    if not given or given.strip() == "*":
        return
    versions = {int(found) for found in TAG.findall(given)}
    if version not in versions:
        raise StaleVersion("It was changed meanwhile: read it again, then change it.")


def require_version(request: Request) -> None:
    """Checks that the caller says at all which version is meant.

    Raises:
        PreconditionRequired: there is no `If-Match`.
    """
    if not request.environ.get("HTTP_IF_MATCH"):
        raise PreconditionRequired("Send If-Match with the ETag of what you have read, or *.")
