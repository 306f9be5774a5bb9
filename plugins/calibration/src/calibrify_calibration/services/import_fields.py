"""What an import of instruments can fill of their calibration."""

from __future__ import annotations

from calibrify_calibration.domain.intervals import LONGEST, IntervalUnit
from calibrify_core.exchange.fields import ImportField

FIELDS: tuple[ImportField, ...] = (
    ImportField(
        "interval_days",
        "Interval (days)",
        "integer",
        synonyms=(
            "Freq (days)",
            "Frequency (days)",
            "Cal. interval (days)",
            "Calibration interval (days)",
            "Cycle (days)",
        ),
        example="365",
        minimum=0,
        maximum=LONGEST[IntervalUnit.DAYS],
    ),
    ImportField(
        "interval_months",
        "Interval (months)",
        "integer",
        synonyms=(
            "Freq (months)",
            "Frequency (months)",
            "Cal. interval (months)",
            "Calibration interval (months)",
            "Cycle (months)",
            "Interval",
        ),
        example="12",
        minimum=0,
        maximum=LONGEST[IntervalUnit.MONTHS],
    ),
    ImportField(
        "last_calibrated_on",
        "Last calibrated on",
        "date",
        synonyms=(
            "Last Cal.",
            "Last cal date",
            "Last calibration",
            "Last calibration date",
            "Last calibrated",
            "Calibrated on",
            "Calibration date",
            "Cal. date",
        ),
        example="2026-05-12",
    ),
    ImportField(
        "due_on",
        "Due on",
        "date",
        synonyms=(
            "Next Cal.",
            "Next cal date",
            "Next calibration",
            "Next calibration date",
            "Due date",
            "Cal. due",
            "Calibration due",
            "Calibration due date",
            "Due",
        ),
        example="2027-05-12",
    ),
    ImportField(
        "last_certificate_number",
        "Last certificate number",
        synonyms=(
            "Report No.",
            "Report number",
            "Certificate No.",
            "Certificate number",
            "Cert. No.",
            "Certificate",
        ),
        example="K-2026-0815",
        max_length=200,
    ),
    ImportField(
        "reported_result",
        "Reported result",
        "choice",
        synonyms=("Result", "Cal. result", "Calibration result"),
        choices={"pass": "Pass", "fail": "Fail", "limited": "Limited"},
        example="pass",
    ),
    ImportField(
        "calibration_required",
        "Calibration required",
        "boolean",
        synonyms=("Requires calibration", "Cal. required"),
        example="yes",
    ),
    ImportField(
        "calibration_not_required_reason",
        "Why no calibration",
        synonyms=("Reason for no calibration",),
        max_length=500,
    ),
)
"""Fields that an import can fill, besides those of the instrument itself."""
