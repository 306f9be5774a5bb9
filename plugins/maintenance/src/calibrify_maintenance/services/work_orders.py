"""Work orders: opening, finding and changing them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from calibrify_core.kernel.errors import Conflict, FieldError, Invalid, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import equipment_by_id, find_equipment
from calibrify_maintenance.domain import checklist
from calibrify_maintenance.domain.work_order import Status, allowed, is_open
from calibrify_maintenance.events import MaintenanceRequested, MaintenanceScheduled
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import CHANGE, REQUEST, VIEW
from calibrify_maintenance.services.listing import shape
from calibrify_maintenance.services.references import ABSENT, assignment_errors

SERIES = "maintenance.work_order"
DEFAULTS: Mapping[str, Any] = {
    "type": "corrective",
    "description": "",
    "priority": "normal",
    "due_on": None,
    "scheduled_date": None,
    "assigned_to_id": None,
    "assigned_group_id": None,
    "work_done": "",
    "labour_minutes": None,
    "cost": None,
    "downtime_minutes": None,
    "failure_code": "",
    "affects_calibration": False,
    "checklist": [],
}
PLANNING = ("scheduled_date", "assigned_to_id", "assigned_group_id")
"""What only somebody who may change work orders decides."""


def find(
    unit: UnitOfWork, work_order_id: uuid.UUID, permission: str = VIEW, *, lock: bool = False
) -> WorkOrder:
    """Returns a work order.

    Args:
        unit: the unit of work.
        work_order_id: which one.
        permission: whose scope it must lie in.
        lock: hold it until the transaction ends, so that no two people decide on it at once.

    Raises:
        NotFound: it does not exist, or lies outside of what the permission reaches.
    """
    statement = unit.select(WorkOrder, permission).where(WorkOrder.id == work_order_id)
    if lock:
        statement = statement.with_for_update(of=WorkOrder)
    found = unit.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("This work order does not exist.")
    return found


def request(unit: UnitOfWork, values: Mapping[str, Any]) -> WorkOrder:
    """Opens a work order: with a day it is scheduled, without one it is requested.

    Args:
        unit: the unit of work.
        values: members as `schemas.work_order.WorkOrderIn` names them.

    Raises:
        Forbidden: nobody said that the author may ask for maintenance, or plan it.
        Invalid: with every problem.
    """
    unit.access.require(REQUEST)
    if any(values.get(name) is not None for name in PLANNING):
        unit.access.require(CHANGE)
    errors = _problems(unit, values)
    equipment_id = values["equipment_id"]
    found = equipment_by_id(unit, [equipment_id], REQUEST).get(equipment_id)
    if found is None:
        errors.append(FieldError("/equipment_id", ABSENT))
    elif found.status == "retired":
        errors.append(FieldError("/equipment_id", "It is retired: nothing is done to it."))
    if errors:
        raise Invalid(errors)
    return open_order(unit, equipment_id, {**DEFAULTS, **values})


def open_order(
    unit: UnitOfWork,
    equipment_id: uuid.UUID,
    values: Mapping[str, Any],
    **more: Any,
) -> WorkOrder:
    """Opens a work order of which everything was checked; for requests, reports and plans.

    Args:
        unit: the unit of work.
        equipment_id: for which instrument.
        values: members, all of them.
        **more: columns beside them: ``plan_id``, ``cycle``, ``signature_required``,
            ``requested_by`` of somebody without an account.
    """
    columns = {name: values[name] for name in (*DEFAULTS, "title")}
    columns["checklist"] = checklist.fresh(values["checklist"])
    planned = columns["scheduled_date"] is not None
    work_order = WorkOrder(
        id=new_id(),
        organisation_id=unit.organisation.id,
        equipment_id=equipment_id,
        status=Status.SCHEDULED.value if planned else Status.REQUESTED.value,
        requested_by_id=unit.actor.user_id,
        **{"requested_by": unit.actor.name[:200], **columns, **more},
    )
    # Last, for whoever draws a number holds up all others until the end.
    work_order.number = unit.next_number(SERIES)
    unit.add(work_order)
    unit.session.flush()
    unit.publish(
        MaintenanceRequested(
            work_order.id,
            equipment_id,
            work_order.number,
            work_order.type,
            work_order.priority,
            work_order.plan_id,
        )
    )
    if planned:
        tell_schedule(unit, work_order)
    return work_order


def change(unit: UnitOfWork, work_order: WorkOrder, values: Mapping[str, Any]) -> WorkOrder:
    """Changes members of an open work order; a requested one with a day is scheduled by it.

    Args:
        unit: the unit of work.
        work_order: from `find` with `CHANGE`.
        values: the members that change.

    Raises:
        Conflict: it is completed or cancelled.
        Invalid: with every problem.
    """
    check_open(work_order)
    errors = _problems(unit, values, work_order)
    columns = dict(values)
    before = work_order.scheduled_date
    undated = "scheduled_date" in values and values["scheduled_date"] is None
    if undated and work_order.status == Status.SCHEDULED.value:
        errors.append(FieldError("/scheduled_date", "What is scheduled has a day."))
    if "checklist" in values:
        columns["checklist"], problems = _kept(work_order, values["checklist"])
        errors += problems
    if errors:
        raise Invalid(errors)
    for name, value in columns.items():
        if value != getattr(work_order, name):
            setattr(work_order, name, value)
    if work_order.scheduled_date is not None and work_order.status == Status.REQUESTED.value:
        work_order.status = Status.SCHEDULED.value
    unit.session.flush()
    if work_order.scheduled_date not in {None, before}:
        tell_schedule(unit, work_order)
    return work_order


def tell_schedule(unit: UnitOfWork, work_order: WorkOrder) -> None:
    """Tells that a work order was given a day."""
    if work_order.scheduled_date is not None:
        unit.publish(
            MaintenanceScheduled(
                work_order.id,
                work_order.equipment_id,
                work_order.number,
                work_order.scheduled_date,
            )
        )


def check_open(work_order: WorkOrder) -> None:
    """Refuses to change what is over.

    Raises:
        Conflict: it is completed or cancelled.
    """
    if not is_open(work_order.status):
        raise Conflict(
            f"A {work_order.status} work order does not change.",
            allowed=list(allowed(work_order.status)),
        )


def read(unit: UnitOfWork, work_order: WorkOrder) -> dict[str, Any]:
    """Returns a work order with the names of its instrument, as the list shows it."""
    return shape(work_order, unit, find_equipment(unit, work_order.equipment_id, VIEW))


def _problems(
    unit: UnitOfWork, values: Mapping[str, Any], present: WorkOrder | None = None
) -> list[FieldError]:
    """Returns what is wrong with members of a work order."""
    errors = assignment_errors(unit, values, present)
    errors += [
        FieldError(f"/checklist{where}", what)
        for where, what in checklist.problems_of(values.get("checklist") or ())
    ]
    return errors


def _kept(
    work_order: WorkOrder, items: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[FieldError]]:
    """Returns new items with the answers of those that stay as they are, and what is wrong."""
    known = {item["id"]: item for item in work_order.checklist}
    made: list[dict[str, Any]] = []
    for item in checklist.fresh(items):
        old = known.get(item["id"])
        if old is not None and all(old[name] == item[name] for name in checklist.ASKED):
            made.append(old)
        else:
            made.append(item)
    answered = {item["id"] for item in work_order.checklist if item["answer"]}
    if work_order.plan_id is not None and made != work_order.checklist:
        return made, [FieldError("/checklist", "It is the plan's; change it there.")]
    if answered - {item["id"] for item in made if item["answer"]}:
        return made, [FieldError("/checklist", "An item that was answered stays.")]
    return made, []
