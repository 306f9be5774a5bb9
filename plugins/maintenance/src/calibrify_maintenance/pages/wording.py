"""Words of maintenance as people read them, with the look of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Each value has a word, a tone and an icon.
STATUSES: Mapping[str, tuple[str, str, str]] = {
    "requested": ("Requested", "out", "bell"),
    "scheduled": ("Planned", "incal", "calendar-clock"),
    "in_progress": ("In work", "soon", "wrench"),
    "on_hold": ("On hold", "late", "clock-alert"),
    "completed": ("Done", "ok", "circle-check"),
    "cancelled": ("Cancelled", "out", "ban"),
}
PRIORITIES: Mapping[str, tuple[str, str, str]] = {
    "low": ("Low", "out", "arrow-down"),
    "normal": ("Normal", "out", "minus"),
    "high": ("High", "soon", "arrow-up"),
    "urgent": ("Urgent", "late", "zap"),
}
TYPES: Mapping[str, str] = {
    "preventive": "Preventive",
    "corrective": "Corrective",
    "inspection": "Inspection",
    "cleaning": "Cleaning",
}
ITEM_KINDS: Mapping[str, str] = {
    "pass_fail": "Pass or fail",
    "number": "Number",
    "text": "Text",
    "photo": "Photo",
}
MOVES: Mapping[str, str] = {
    "scheduled": "Planned",
    "in_progress": "In work",
    "on_hold": "On hold",
    "completed": "Done",
    "cancelled": "Cancelled",
}


def chip(words: Mapping[str, tuple[str, str, str]], value: str) -> dict[str, str]:
    """Returns a value as a chip.

    >>> chip(PRIORITIES, "urgent")["word"]
    'Urgent'
    """
    word, tone, icon = words[value]
    return {"word": word, "tone": tone, "icon": icon}


def options(words: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns (value, label) of each word.

    >>> options(TYPES)[0]
    ('preventive', 'Preventive')
    """
    return [(value, word if isinstance(word, str) else word[0]) for value, word in words.items()]
