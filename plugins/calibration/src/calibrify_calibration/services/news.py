"""What other systems may hear of calibrations, and who may hear it."""

from __future__ import annotations

from calibrify_calibration import events
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.permissions import SCHEDULE_VIEW, VIEW
from calibrify_core.hooks.news import Event


def _of_record(kind: type, name: str, title: str) -> Event:
    """Returns news of one record."""
    return Event(kind, f"calibration.{name}", title, VIEW, Calibration, "calibration_id")


NEWS = (
    _of_record(events.CalibrationRecorded, "recorded", "Calibration recorded"),
    _of_record(events.CalibrationSubmitted, "submitted", "Calibration submitted"),
    _of_record(events.CalibrationApproved, "approved", "Calibration approved"),
    _of_record(events.CalibrationRejected, "rejected", "Calibration rejected"),
    _of_record(events.CalibrationVoided, "voided", "Calibration declared void"),
    _of_record(events.CalibrationAmended, "amended", "Calibration amended"),
    _of_record(events.OutOfToleranceFound, "out_of_tolerance_found", "Out of tolerance found"),
    Event(
        events.DueDateChanged,
        "calibration.due_date_changed",
        "Due date changed",
        SCHEDULE_VIEW,
        CalibrationState,
        "equipment_id",
    ),
)
