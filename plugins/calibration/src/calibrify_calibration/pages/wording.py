"""Words, tones and icons of the calibration plugin's pages: one fact, one word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STATES: Mapping[str, tuple[str, str, str]] = {
    "draft": ("out", "file-text", "Draft"),
    "submitted": ("incal", "send", "To review"),
    "approved": ("ok", "shield-check", "Approved"),
    "rejected": ("soon", "undo-2", "Rejected"),
    "void": ("oot", "ban", "Void"),
    "superseded": ("out", "history", "Superseded"),
}
RESULTS: Mapping[str, tuple[str, str, str]] = {
    "pass": ("ok", "circle-check", "Pass"),
    "conditional_pass": ("soon", "circle-alert", "Conditional pass"),
    "conditional_fail": ("soon", "circle-alert", "Conditional fail"),
    "fail": ("oot", "octagon-alert", "Fail"),
    "indeterminate": ("out", "circle-question-mark", "Indeterminate"),
    "not_evaluated": ("out", "minus", "Not evaluated"),
    "not_tested": ("out", "minus", "Not tested"),
}
REPORTED: Mapping[str, tuple[str, str, str]] = {
    "pass": ("ok", "circle-check", "Reported pass"),
    "fail": ("oot", "octagon-alert", "Reported fail"),
    "limited": ("soon", "shield-check", "Reported limited"),
}
KINDS: Mapping[str, str] = {
    "periodic": "Periodic calibration",
    "initial": "Initial calibration",
    "after_repair": "Calibration after repair",
    "verification": "Verification",
    "intermediate_check": "Intermediate check",
}
SCHEDULE_KINDS: Mapping[str, str] = {
    "calibration": "Calibration",
    "verification": "Verification",
    "intermediate_check": "Intermediate check",
}
RULES: Mapping[str, str] = {
    "simple_acceptance": "Simple acceptance",
    "guard_band_u": "Guarded acceptance, w = U",
    "guard_band_rU": "Guarded acceptance, w = r × U",
    "non_binary": "Non-binary, w = U",
}
ANCHORS: Mapping[str, str] = {
    "exact": "From the day of the calibration",
    "end_of_month": "End of that month",
    "fixed": "On fixed dates, early or late",
}
WEEKENDS: Mapping[str, str] = {
    "none": "Stays where it is",
    "previous": "The Friday before",
    "nearest": "The nearest working day",
}
UNITS: Mapping[str, str] = {
    "months": "months",
    "days": "days",
    "uses": "uses",
    "hours": "hours of operation",
}
STATUSES: Mapping[str, str] = {
    "not_required": "not_required",
    "never_calibrated": "not_calibrated",
    "failed": "out_of_tolerance",
    "overdue": "overdue",
    "extended": "extended",
    "due_soon": "due_soon",
    "limited_use": "limited",
    "current": "in_tolerance",
}
TONES: Mapping[str, str] = {
    "not_required": "out",
    "never_calibrated": "late",
    "failed": "oot",
    "overdue": "late",
    "extended": "soon",
    "due_soon": "soon",
    "limited_use": "soon",
    "current": "ok",
}


def options(words: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns a vocabulary as the choices of a select or a facet.

    >>> options({"pass": ("ok", "circle-check", "Pass"), "days": "days"})
    [('pass', 'Pass'), ('days', 'days')]
    """
    return [(key, word if isinstance(word, str) else word[2]) for key, word in words.items()]


def chip(words: Mapping[str, tuple[str, str, str]], key: str | None) -> dict[str, str] | None:
    """Returns a chip with tone, icon and word; None where there is nothing to say.

    >>> chip(STATES, "void")
    {'tone': 'oot', 'icon': 'ban', 'word': 'Void'}
    """
    if not key or key not in words:
        return None
    tone, icon, word = words[key]
    return {"tone": tone, "icon": icon, "word": word}


def result_chip(result: str) -> dict[str, str] | None:
    """Returns the chip of a result, None where nothing was tested.

    >>> result_chip("fail")["word"], result_chip("not_tested")
    ('Fail', None)
    """
    return None if result == "not_tested" else chip(RESULTS, result)


def interval(value: int | None, unit: str | None) -> str:
    """Returns an interval in words.

    >>> interval(12, "months"), interval(1, "days"), interval(None, None)
    ('12 months', '1 day', 'Not periodic')
    """
    if not value or not unit:
        return "Not periodic"
    word = UNITS[unit]
    return f"{value} {word.replace('s', '', 1) if value == 1 and unit != 'hours' else word}"
