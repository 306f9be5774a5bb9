"""What other systems may hear of maintenance, and who may hear it."""

from __future__ import annotations

from calibrify_core.hooks.news import Event
from calibrify_maintenance import events
from calibrify_maintenance.models.meter import Meter
from calibrify_maintenance.models.part import Part
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import METER_VIEW, PART_VIEW, VIEW


def _of_order(kind: type, name: str, title: str) -> Event:
    """Returns news of one work order."""
    return Event(kind, f"maintenance.{name}", title, VIEW, WorkOrder, "work_order_id")


NEWS = (
    _of_order(events.MaintenanceRequested, "requested", "Maintenance requested"),
    _of_order(events.MaintenanceScheduled, "scheduled", "Maintenance scheduled"),
    _of_order(events.MaintenanceStarted, "started", "Maintenance started"),
    _of_order(events.MaintenanceHeld, "held", "Maintenance held"),
    _of_order(events.MaintenanceCompleted, "completed", "Maintenance completed"),
    _of_order(events.MaintenanceCancelled, "cancelled", "Maintenance cancelled"),
    _of_order(events.FaultReported, "fault_reported", "Fault reported"),
    Event(
        events.PartBelowMinimum,
        "maintenance.part_below_minimum",
        "Stock of a part below its minimum",
        PART_VIEW,
        Part,
        "part_id",
    ),
    Event(events.MeterRead, "maintenance.meter_read", "Meter read", METER_VIEW, Meter, "meter_id"),
)
