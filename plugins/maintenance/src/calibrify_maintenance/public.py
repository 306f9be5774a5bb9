"""The front door: what other plugins may import of the maintenance plugin."""

from __future__ import annotations

from calibrify_maintenance import events, permissions

VIEW = permissions.VIEW

# News that other plugins may subscribe to; their members are described in `events`.
Requested = events.MaintenanceRequested
Scheduled = events.MaintenanceScheduled
Started = events.MaintenanceStarted
Held = events.MaintenanceHeld
Completed = events.MaintenanceCompleted
Cancelled = events.MaintenanceCancelled
PartShort = events.PartBelowMinimum
MeterRead = events.MeterRead
FaultReported = events.FaultReported
