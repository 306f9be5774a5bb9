"""The front door: what other plugins may import of the calibration plugin."""

from __future__ import annotations

from calibrify_calibration import events, permissions

VIEW = permissions.VIEW

# News that other plugins may subscribe to; their members are described in `events`.
Recorded = events.CalibrationRecorded
Submitted = events.CalibrationSubmitted
Approved = events.CalibrationApproved
Rejected = events.CalibrationRejected
Voided = events.CalibrationVoided
Amended = events.CalibrationAmended
OutOfTolerance = events.OutOfToleranceFound
DueDateMoved = events.DueDateChanged
