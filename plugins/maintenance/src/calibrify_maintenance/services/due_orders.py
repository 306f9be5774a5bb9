"""Work orders that plans open: one for each turn, and one at a time for each instrument."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import SUSPENDED
from calibrify_maintenance.domain.recurrence import Anchor, Cycle, due_cycle
from calibrify_maintenance.domain.work_order import Status, is_open
from calibrify_maintenance.models.plan import MaintenancePlan
from calibrify_maintenance.models.reach import CATEGORIES, INSTRUMENTS
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.services import work_orders

BECAUSE = "a plan opens its orders whoever looks, and knows what it opened before"

_ORDER: Any = WorkOrder.__table__


@dataclass(frozen=True, slots=True)
class Done:
    """What a plan knows of the last order that it opened for an instrument.

    Attributes:
        is_open: whether there is still something to do.
        until: all turns up to this day are done or left out.
    """

    is_open: bool
    until: date | None


def open_due(
    unit: UnitOfWork,
    plan: MaintenancePlan,
    equipment_id: uuid.UUID,
    *,
    cycle: str,
    due_on: date,
) -> WorkOrder | None:
    """Opens the work order of a turn of a plan, unless it or another one of it is open.

    Whoever finds a plan due calls this: the calendar here, a meter where it is read. Called
    twice, or by two at once, it opens one order.

    Args:
        unit: the unit of work.
        plan: which plan.
        equipment_id: for which instrument.
        cycle: names the turn among all of the plan: a day, or ``meter:`` and a reading.
        due_on: the day by which the work is to be done.

    Returns:
        The order; None if there is nothing to open.
    """
    taken = sa.select(sa.literal(1)).where(
        _ORDER.c.plan_id == plan.id,
        _ORDER.c.equipment_id == equipment_id,
        sa.or_(_ORDER.c.cycle == cycle, _ORDER.c.completed_at.is_(None) & _not_cancelled()),
    )
    if unit.session.connection().execute(taken.limit(1)).first() is not None:
        return None
    values = {
        **work_orders.DEFAULTS,
        "type": plan.type,
        "title": plan.title,
        "description": plan.description,
        "priority": plan.priority,
        "due_on": due_on,
        "scheduled_date": due_on,
        "assigned_to_id": plan.assigned_to_id,
        "assigned_group_id": plan.assigned_group_id,
        "affects_calibration": plan.affects_calibration,
        "checklist": plan.checklist,
    }
    try:
        with unit.session.begin_nested():
            return work_orders.open_order(
                unit,
                equipment_id,
                values,
                plan_id=plan.id,
                cycle=cycle,
                signature_required=plan.signature_required,
            )
    except IntegrityError:
        # Somebody else opened it between the look and the write.
        return None


def open_plan(unit: UnitOfWork, plan_id: uuid.UUID) -> list[WorkOrder]:
    """Opens the work orders of a plan that the calendar asks for.

    The plan is locked: who comes second sees what the first has opened.

    Args:
        unit: the unit of work of the system.
        plan_id: an active plan with a rule.
    """
    statement = (
        sa.select(MaintenancePlan)
        .where(
            MaintenancePlan.id == plan_id,
            MaintenancePlan.organisation_id == unit.organisation.id,
            MaintenancePlan.active.is_(True),
        )
        .with_for_update(of=MaintenancePlan)
    )
    marked = unscoped(statement, MaintenancePlan, because=BECAUSE)
    plan = unit.session.scalars(marked).one_or_none()
    if plan is None or plan.rrule is None:
        return []
    known = _last_orders(unit, plan)
    opened = []
    for equipment_id in _instruments(unit, plan):
        cycle = turn_of(plan, known.get(equipment_id), unit.today())
        if cycle is None:
            continue
        made = open_due(unit, plan, equipment_id, cycle=cycle.turn.isoformat(), due_on=cycle.due_on)
        if made is not None:
            opened.append(made)
    return opened


def calendar_plans(unit: UnitOfWork) -> list[uuid.UUID]:
    """Returns the ids of the organisation's active plans with a rule."""
    statement = sa.select(MaintenancePlan.id).where(
        MaintenancePlan.organisation_id == unit.organisation.id,
        MaintenancePlan.active.is_(True),
        MaintenancePlan.rrule.is_not(None),
        sa.or_(MaintenancePlan.ends_on.is_(None), MaintenancePlan.ends_on >= unit.today()),
    )
    marked = unscoped(statement, MaintenancePlan, because=BECAUSE)
    return list(unit.session.scalars(marked))


def turn_of(plan: Any, done: Done | None, today: date) -> Cycle | None:
    """Returns the turn of a plan that is due for an instrument, None if none is.

    Args:
        plan: a plan with a rule.
        done: what is known of its last order; None: there was none.
        today: the organisation's day.
    """
    if done is not None and done.is_open:
        return None
    until = today + timedelta(days=plan.lead_days)
    after = None if done is None else done.until
    begin = plan.starts_on
    if plan.anchor == Anchor.COMPLETED and after is not None:
        begin = after
    return due_cycle(plan.rrule, begin, until, after, plan.ends_on)


def done_of(row: Any) -> Done:
    """Returns what the last order of a plan says of its turns.

    What was done late is done for all turns until then; what was cancelled, for its own alone.

    Args:
        row: status, cycle, due_on and completed_date of the order.
    """
    turn = _day_of(row)
    if row.status == Status.CANCELLED or row.completed_date is None:
        return Done(is_open(row.status), turn)
    return Done(False, row.completed_date if turn is None else max(turn, row.completed_date))


def _day_of(row: Any) -> date | None:
    """Returns the turn of an order; one that a meter asked for counts by its day."""
    try:
        return date.fromisoformat(row.cycle or "")
    except ValueError:
        due_on: date | None = row.due_on
        return due_on


def _last_orders(unit: UnitOfWork, plan: MaintenancePlan) -> Mapping[uuid.UUID, Done]:
    """Returns what is known of the last order of a plan, by instrument."""
    place = sa.func.row_number().over(
        partition_by=_ORDER.c.equipment_id,
        order_by=(_ORDER.c.created_at.desc(), _ORDER.c.id.desc()),
    )
    ranked = (
        sa.select(
            _ORDER.c.equipment_id,
            _ORDER.c.status,
            _ORDER.c.cycle,
            _ORDER.c.due_on,
            _ORDER.c.completed_date,
            place.label("place"),
        )
        .where(_ORDER.c.plan_id == plan.id)
        .subquery()
    )
    rows = unit.session.connection().execute(sa.select(ranked).where(ranked.c.place == 1))
    return {row.equipment_id: done_of(row) for row in rows}


def _instruments(unit: UnitOfWork, plan: MaintenancePlan) -> list[uuid.UUID]:
    """Returns the instruments of a plan in which nothing rests; of a category, its subtree's."""
    statement = sa.select(INSTRUMENTS.c.id).where(
        INSTRUMENTS.c.organisation_id == unit.organisation.id,
        INSTRUMENTS.c.status.not_in(SUSPENDED),
    )
    if plan.equipment_id is not None:
        statement = statement.where(INSTRUMENTS.c.id == plan.equipment_id)
    else:
        top = sa.alias(CATEGORIES, "top")
        below = (
            sa.select(CATEGORIES.c.id)
            .join(top, CATEGORIES.c.lineage.startswith(top.c.lineage))
            .where(top.c.id == plan.category_id)
        )
        statement = statement.where(INSTRUMENTS.c.category_id.in_(below))
    return list(unit.session.execute(statement.order_by(INSTRUMENTS.c.id)).scalars())


def _not_cancelled() -> sa.ColumnElement[bool]:
    """Returns the condition that an order was not cancelled."""
    return _ORDER.c.status != Status.CANCELLED.value  # type: ignore[no-any-return]
