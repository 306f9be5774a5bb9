"""What can be allowed in the maintenance plugin, and which default roles hold it."""

from __future__ import annotations

from calibrify_core.hooks.declarations import Permission

VIEW = "maintenance.work_order:view"
REQUEST = "maintenance.work_order:request"
CHANGE = "maintenance.work_order:change"
PLAN_VIEW = "maintenance.plan:view"
PLAN_CHANGE = "maintenance.plan:change"
PART_VIEW = "maintenance.part:view"
PART_MOVE = "maintenance.part:move"
PART_CHANGE = "maintenance.part:change"
METER_VIEW = "maintenance.meter:view"
METER_RECORD = "maintenance.meter:record"
METER_CHANGE = "maintenance.meter:change"
KPI_VIEW = "maintenance.kpi:view"

_MANAGERS = ("administrator", "metrology_manager")
_WORKERS = (*_MANAGERS, "technician")
_EVERYBODY = (*_WORKERS, "viewer")

PERMISSIONS = (
    Permission(VIEW, "See work orders", _EVERYBODY),
    Permission(REQUEST, "Ask for maintenance", _WORKERS),
    Permission(CHANGE, "Plan, carry out, complete and cancel work orders", _WORKERS),
    Permission(PLAN_VIEW, "See maintenance plans", _EVERYBODY),
    Permission(PLAN_CHANGE, "Add, change and end maintenance plans", _MANAGERS),
    Permission(PART_VIEW, "See parts and the movements of their stock", _EVERYBODY),
    Permission(PART_MOVE, "Receive parts, issue them to work orders and take them back", _WORKERS),
    Permission(PART_CHANGE, "Add, change and give up parts, and correct their stock", _MANAGERS),
    Permission(METER_VIEW, "See meters and their readings", _EVERYBODY),
    Permission(METER_RECORD, "Enter what a meter shows", _WORKERS),
    Permission(METER_CHANGE, "Add, change and give up meters", _MANAGERS),
    Permission(KPI_VIEW, "See the figures of maintenance", _EVERYBODY),
)
