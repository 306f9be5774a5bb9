"""Checklists: what is to be looked at, what was found, and whether it is complete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

Item = Mapping[str, Any]


class ItemKind(StrEnum):
    """What an item of a checklist asks for.

    Attributes:
        NUMBER: A measured value, perhaps with limits.
        TEXT: Words.
        PASS_FAIL: Whether it is in order.
        PHOTO: A picture, attached to the work order.
    """

    NUMBER = "number"
    TEXT = "text"
    PASS_FAIL = "pass_fail"  # noqa: S105 - an answer, no secret
    PHOTO = "photo"


PASS, FAIL = "pass", "fail"
UNANSWERED: Mapping[str, Any] = {
    "answer": None,
    "note": "",
    "in_order": None,
    "answered_by": "",
    "answered_at": None,
}
"""What an item holds before anybody looked."""

ASKED = ("kind", "label", "required", "unit", "lower_limit", "upper_limit")
"""What an item asks for."""


def fresh(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Return the items of a plan as those of a new work order, numbered where they have no id.

    >>> fresh([{"kind": "text", "label": "Sound"}])[0]["id"]
    '1'
    """
    return [
        {**item, **UNANSWERED, "id": item.get("id") or str(place)}
        for place, item in enumerate(items, 1)
    ]


def problems_of(items: Sequence[Item]) -> list[tuple[str, str]]:
    """Return (pointer, sentence) of each thing that is wrong with the items of a checklist.

    >>> problems_of([{"kind": "text", "label": "Sound", "unit": "dB"}])
    [('/0/unit', 'Only a number has a unit and limits.')]
    """
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    for place, item in enumerate(items):
        identifier = item.get("id") or str(place + 1)
        if identifier in seen:
            found.append((f"/{place}/id", "Two items have this id."))
        seen.add(identifier)
        if item["kind"] == ItemKind.NUMBER:
            low, high = item.get("lower_limit"), item.get("upper_limit")
            if low is not None and high is not None and Decimal(low) > Decimal(high):
                found.append((f"/{place}/upper_limit", "This lies below the lower limit."))
            continue
        for name in ("unit", "lower_limit", "upper_limit"):
            if item.get(name):
                found.append((f"/{place}/{name}", "Only a number has a unit and limits."))
                break
    return found


def judged(item: Item, answer: str | None) -> bool | None:
    """Return whether an answer is in order; None where nothing says what order is.

    Args:
        item: what was asked.
        answer: a decimal number as text, words, ``pass`` or ``fail``, or the id of a photo.

    >>> judged({"kind": "number", "lower_limit": "1.0", "upper_limit": "2.0"}, "2.00")
    True
    >>> judged({"kind": "text"}, "It hums.") is None
    True
    """
    if not answer:
        return None
    if item["kind"] == ItemKind.PASS_FAIL:
        return answer == PASS
    if item["kind"] != ItemKind.NUMBER:
        return None
    low, high = item.get("lower_limit"), item.get("upper_limit")
    if low is None and high is None:
        return None
    value = Decimal(answer)
    return (low is None or Decimal(low) <= value) and (high is None or value <= Decimal(high))


def refused(item: Item, answer: str) -> str:
    """Return what is wrong with an answer as such, empty if nothing is.

    Photos are looked up by the service that knows the files.

    >>> refused({"kind": "pass_fail"}, "perhaps")
    'Answer pass or fail.'
    """
    if item["kind"] == ItemKind.PASS_FAIL and answer not in {PASS, FAIL}:
        return "Answer pass or fail."
    if item["kind"] == ItemKind.NUMBER and not _is_number(answer):
        return "This is not a decimal number."
    return ""


def _is_number(text: str) -> bool:
    """Tell whether a text is a finite decimal number."""
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def unanswered(items: Sequence[Item]) -> list[int]:
    """Return the places of required items that nobody answered.

    >>> unanswered([{"required": True, "answer": None}, {"required": False, "answer": None}])
    [0]
    """
    return [
        place for place, item in enumerate(items) if item["required"] and not item.get("answer")
    ]


def progress(items: Sequence[Item]) -> tuple[int, int]:
    """Return how many items are answered, and how many there are.

    >>> progress([{"answer": "pass"}, {"answer": None}])
    (1, 2)
    """
    return sum(1 for item in items if item.get("answer")), len(items)
