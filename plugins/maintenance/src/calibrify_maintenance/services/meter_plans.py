"""Plans that follow a meter: a reading that reaches the mark opens the order of a plan."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.domain.meter import next_mark
from calibrify_maintenance.models.meter import Meter
from calibrify_maintenance.models.plan import MaintenancePlan
from calibrify_maintenance.services.due_orders import open_due

MOST_CYCLE = 60
BECAUSE = "a plan opens its orders whoever reads the meter"


def follow_reading(unit: UnitOfWork, meter: Meter, total: Decimal) -> None:
    """Opens the orders of the plans whose mark a reading has reached.

    The first reading after a plan was made sets its mark. Marks that a reading passed together
    make one order.

    Args:
        unit: the unit of work.
        meter: the meter, locked.
        total: how much the instrument has run altogether.
    """
    for plan in _plans(unit, meter.id):
        interval = plan.meter_interval
        if interval is None:
            continue
        if plan.meter_due_at is None:
            plan.meter_due_at = total + interval
        elif total >= plan.meter_due_at:
            cycle = f"meter:{plan.meter_due_at:f}"[:MOST_CYCLE]
            open_due(unit, plan, meter.equipment_id, cycle=cycle, due_on=unit.today())
            plan.meter_due_at = next_mark(plan.meter_due_at, interval, total)
    unit.session.flush()


def count_anew(event: Any, unit: UnitOfWork) -> None:
    """Sets the next mark of a plan that counts from the completion of its work."""
    if event.plan_id is None:
        return
    statement = sa.select(MaintenancePlan, Meter.latest_total).join(
        Meter, Meter.id == MaintenancePlan.meter_id
    )
    statement = statement.where(
        MaintenancePlan.id == event.plan_id, MaintenancePlan.anchor == "completed"
    )
    found = unit.session.execute(
        unscoped(statement, MaintenancePlan, Meter, because=BECAUSE)
    ).one_or_none()
    if found is None or found.latest_total is None or found[0].meter_interval is None:
        return
    found[0].meter_due_at = found.latest_total + found[0].meter_interval
    unit.session.flush()


def _plans(unit: UnitOfWork, meter_id: uuid.UUID) -> Sequence[MaintenancePlan]:
    """Returns the active plans that follow a meter."""
    today = unit.today()
    statement = sa.select(MaintenancePlan).where(
        MaintenancePlan.organisation_id == unit.organisation.id,
        MaintenancePlan.meter_id == meter_id,
        MaintenancePlan.active.is_(True),
        MaintenancePlan.starts_on <= today,
        sa.or_(MaintenancePlan.ends_on.is_(None), MaintenancePlan.ends_on >= today),
    )
    found = unit.session.scalars(unscoped(statement, MaintenancePlan, because=BECAUSE))
    return found.all()
