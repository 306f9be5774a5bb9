"""Opening what plans ask for: once a quarter of an hour, in each organisation."""

from __future__ import annotations

import uuid

from calibrify_core.hooks.declarations import TaskContext
from calibrify_core.tasks.queue import enqueue
from calibrify_maintenance.services.due_orders import calendar_plans, open_plan

TASK = "maintenance.open_due_orders"
EVERY_SECONDS = 900


def open_due_orders(context: TaskContext) -> None:
    """Opens the due work orders of one organisation, or sees to it that each has its turn.

    Each plan is a transaction of its own. Run twice, or by two at once, it opens nothing twice.
    """
    named = context.payload.get("organisation_id")
    if named is None:
        with context.unit() as unit:
            for found in unit.platform.organisations("maintenance"):
                enqueue(
                    unit.session,
                    TASK,
                    {"organisation_id": str(found.id)},
                    organisation_id=found.id,
                    user_id=None,
                )
        return
    with context.unit(write=False) as unit:
        plans: list[uuid.UUID] = calendar_plans(unit)
    for plan_id in plans:
        with context.unit() as unit:
            open_plan(unit, plan_id)
