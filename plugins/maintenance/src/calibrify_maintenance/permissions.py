"""What can be allowed in the maintenance plugin, and which default roles hold it."""

from __future__ import annotations

from calibrify_core.hooks.declarations import Permission

VIEW = "maintenance.work_order:view"
REQUEST = "maintenance.work_order:request"
CHANGE = "maintenance.work_order:change"
PLAN_VIEW = "maintenance.plan:view"
PLAN_CHANGE = "maintenance.plan:change"

_MANAGERS = ("administrator", "metrology_manager")
_WORKERS = (*_MANAGERS, "technician")
_EVERYBODY = (*_WORKERS, "viewer")

PERMISSIONS = (
    Permission(VIEW, "See work orders", _EVERYBODY),
    Permission(REQUEST, "Ask for maintenance", _WORKERS),
    Permission(CHANGE, "Plan, carry out, complete and cancel work orders", _WORKERS),
    Permission(PLAN_VIEW, "See maintenance plans", _EVERYBODY),
    Permission(PLAN_CHANGE, "Add, change and end maintenance plans", _MANAGERS),
)
