"""May an instrument be used, as far as its calibration goes? The words of the verdict banner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from calibrify_calibration.domain.status import CalibrationStatus, is_usable
from calibrify_core.kernel.dates import in_words
from calibrify_equipment.public import SUSPENDED, Usability

# status: (grave, look, key, word, icon, headline). What is out of tolerance stands above a
# quarantine (90), what is overdue above the bench (60), what is out of use above them all.
LOOKS: Mapping[CalibrationStatus, tuple[int, str, str, str, str, str]] = {
    CalibrationStatus.FAILED: (
        92,
        "oot",
        "out_of_tolerance",
        "Out of tolerance",
        "octagon-alert",
        "Do not use: found out of tolerance",
    ),
    CalibrationStatus.OVERDUE: (
        65,
        "late",
        "overdue",
        "Overdue",
        "triangle-alert",
        "Do not use: calibration overdue",
    ),
    CalibrationStatus.NEVER_CALIBRATED: (
        55,
        "late",
        "not_calibrated",
        "Not calibrated yet",
        "circle-dot",
        "Do not use: not calibrated yet",
    ),
    CalibrationStatus.EXTENDED: (
        40,
        "soon",
        "extended",
        "Extended",
        "clock-alert",
        "Fit for use, inside an approved extension",
    ),
    CalibrationStatus.DUE_SOON: (
        30,
        "soon",
        "due_soon",
        "Due soon",
        "clock-alert",
        "Fit for use, calibration due soon",
    ),
    CalibrationStatus.LIMITED_USE: (
        25,
        "soon",
        "limited",
        "Limited use",
        "shield-check",
        "Fit for limited use only",
    ),
    CalibrationStatus.CURRENT: (
        10,
        "ok",
        "in_tolerance",
        "In tolerance",
        "circle-check",
        "Fit for use",
    ),
    CalibrationStatus.NOT_REQUIRED: (
        5,
        "out",
        "not_required",
        "Not required",
        "info",
        "Fit for use, calibration not required",
    ),
}


def judge_calibration(unit: Any, record: Mapping[str, Any]) -> Usability | None:
    """Answers from the calibration status; where the schedules rest there is nothing to say.

    Args:
        unit: the unit of work.
        record: a row of the list of instruments, with the members of all facets.
    """
    if "calibration_status" not in record or record["status"] in SUSPENDED:
        return None
    status = CalibrationStatus(record["calibration_status"])
    grave, look, key, word, icon, headline = LOOKS[status]
    due_on, last_on = record["due_on"], record["last_calibrated_on"]
    if status is CalibrationStatus.EXTENDED and due_on is not None:
        word = f"Extended until {in_words(due_on)}"
    work = record.get("recalibrate_after")
    if work and status is CalibrationStatus.OVERDUE:
        word = "Recalibration needed"
        headline = f"Do not use: recalibration needed after {work}"
    return Usability(
        usable=is_usable(status),
        grave=grave,
        state=look,
        key=key,
        word=word,
        icon=icon,
        headline=headline,
        evidence=evidence(status, due_on, last_on, unit.today(), record),
        due_on=None if status is CalibrationStatus.NOT_REQUIRED else due_on,
        since_on=last_on,
    )


def evidence(
    status: CalibrationStatus,
    due_on: date | None,
    last_on: date | None,
    today: date,
    record: Mapping[str, Any],
) -> str:
    """Returns one line that says what the verdict rests on."""
    last = f"Last calibrated on {in_words(last_on)}." if last_on is not None else ""
    match status:
        case CalibrationStatus.NOT_REQUIRED:
            return record["calibration_not_required_reason"] or "No reason was recorded."
        case CalibrationStatus.FAILED:
            failed_on = record.get("calibration_failed_on")
            told = f" on {in_words(failed_on)}" if failed_on is not None else ""
            good = last.replace("Last calibrated", "The last good one was")
            return f"The last calibration{told} failed. {good or 'There is no good one before it.'}"
        case CalibrationStatus.NEVER_CALIBRATED:
            return (last and f"{last} Nothing is known of its result.") or "It has no calibration."
        case CalibrationStatus.OVERDUE if record.get("recalibrate_after"):
            return f"The work may have changed how it measures. {last}".strip()
        case CalibrationStatus.OVERDUE if due_on is not None:
            days = (today - due_on).days
            late = "1 day" if days == 1 else f"{days} days"
            return f"Due on {in_words(due_on)}, {late} ago. {last}".strip()
    limitation = record.get("calibration_limitation")
    limits = f"Limited: {limitation.rstrip('.')}. " if limitation else ""
    if due_on is None:
        return f"{limits}{last} No further calibration is scheduled.".strip()
    return f"{limits}Due on {in_words(due_on)}. {last}".strip()
