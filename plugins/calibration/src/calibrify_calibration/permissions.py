"""What can be allowed in the calibration plugin, and which default roles hold it."""

from __future__ import annotations

from calibrify_core.hooks.declarations import Permission

VIEW = "calibration.calibration:view"
RECORD = "calibration.calibration:record"
APPROVE = "calibration.calibration:approve"
VOID = "calibration.calibration:void"
SCHEDULE_VIEW = "calibration.schedule:view"
SCHEDULE_CHANGE = "calibration.schedule:change"
CERTIFICATE_VIEW = "calibration.certificate:view"

_MANAGERS = ("administrator", "metrology_manager")
_WORKERS = (*_MANAGERS, "technician")
_EVERYBODY = (*_WORKERS, "viewer")

PERMISSIONS = (
    Permission(VIEW, "See calibrations, due lists and drift", _EVERYBODY),
    Permission(RECORD, "Record, change and submit calibrations", _WORKERS),
    Permission(APPROVE, "Approve and reject calibrations", _MANAGERS),
    Permission(VOID, "Declare approved calibrations void, and amend them", _MANAGERS),
    Permission(SCHEDULE_VIEW, "See schedules and due dates", _EVERYBODY),
    Permission(SCHEDULE_CHANGE, "Set schedules, and whether one is needed", _MANAGERS),
    Permission(CERTIFICATE_VIEW, "See certificates", _EVERYBODY),
)
