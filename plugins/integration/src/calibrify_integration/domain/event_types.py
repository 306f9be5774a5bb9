"""Which types of events somebody wants to hear of."""

from __future__ import annotations

import re
from collections.abc import Iterable

EVERYTHING = "*"
_PATTERN = re.compile(r"\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?")


def is_pattern(text: str) -> bool:
    """Tells whether a text is a type, the beginning of some, or everything.

    >>> [is_pattern(text) for text in ("equipment.retired", "equipment.*", "*")]
    [True, True, True]
    >>> [is_pattern(text) for text in ("equipment*", "*.retired", "", "Equipment.retired")]
    [False, False, False, False]
    """
    return _PATTERN.fullmatch(text) is not None


def matches(patterns: Iterable[str], name: str) -> bool:
    """Tells whether one of the patterns means a type.

    >>> matches(["calibration.*"], "calibration.approved")
    True
    >>> matches(["calibration.*"], "calibrations.approved")
    False
    >>> matches(["*"], "anything.at_all")
    True
    """
    return any(
        pattern in {EVERYTHING, name} or (pattern.endswith(".*") and name.startswith(pattern[:-1]))
        for pattern in patterns
    )
