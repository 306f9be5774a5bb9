"""What becomes of a work order: planned, begun, held, gone on with, completed or cancelled."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from calibrify_core.auth.confirmation import Confirmed
from calibrify_core.kernel.errors import Conflict, FieldError, Forbidden, Invalid
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import Affected, move_equipment_on
from calibrify_equipment.release import return_to_service
from calibrify_maintenance.domain import checklist
from calibrify_maintenance.domain.work_order import Status, allowed, may_become
from calibrify_maintenance.events import (
    MaintenanceCancelled,
    MaintenanceCompleted,
    MaintenanceHeld,
    MaintenanceStarted,
)
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import CHANGE
from calibrify_maintenance.services import work_orders
from calibrify_maintenance.services.references import assignment_errors
from calibrify_maintenance.services.signatures import sign

RESULTS = (
    "work_done",
    "labour_minutes",
    "cost",
    "downtime_minutes",
    "failure_code",
    "affects_calibration",
)
"""Members that a completion may set."""


def check_step(work_order: WorkOrder, wanted: Status) -> None:
    """Refuses a step that the state of a work order does not allow.

    Raises:
        Conflict: with the states that are ``allowed`` instead.
    """
    if not may_become(work_order.status, wanted):
        word = work_order.status.replace("_", " ")
        raise Conflict(
            f"What is {word} cannot become {wanted.value.replace('_', ' ')}.",
            allowed=list(allowed(work_order.status)),
        )


def schedule(unit: UnitOfWork, work_order_id: uuid.UUID, values: Mapping[str, Any]) -> WorkOrder:
    """Gives a work order a day, and perhaps somebody who does it.

    Args:
        unit: the unit of work.
        work_order_id: which one.
        values: members as `schemas.work_order.ScheduleIn` names them; an assignment that is
            None stays as it is.

    Raises:
        NotFound: it does not exist for the author.
        Conflict: its state does not allow it.
        Invalid: somebody does not exist.
    """
    work_order = _taking(unit, work_order_id, Status.SCHEDULED)
    given = {name: value for name, value in values.items() if value is not None}
    if errors := assignment_errors(unit, given, work_order):
        raise Invalid(errors)
    for name, value in given.items():
        setattr(work_order, name, value)
    work_order.status, work_order.status_reason = Status.SCHEDULED.value, None
    unit.session.flush()
    work_orders.tell_schedule(unit, work_order)
    return work_order


def start(
    unit: UnitOfWork, work_order_id: uuid.UUID, *, take_out_of_service: bool = False
) -> WorkOrder:
    """Begins the work, or goes on with it.

    Args:
        unit: the unit of work.
        work_order_id: which one.
        take_out_of_service: whether the instrument goes into maintenance with it.

    Raises:
        NotFound: it does not exist for the author.
        Conflict: its state, or that of the instrument, does not allow it.
    """
    work_order = _taking(unit, work_order_id, Status.IN_PROGRESS)
    if work_order.started_at is None:
        work_order.started_at = unit.trade_now()
    work_order.status, work_order.status_reason = Status.IN_PROGRESS.value, None
    unit.session.flush()
    if take_out_of_service:
        reason = f"Work order {work_order.number}"
        if not move_equipment_on(unit, work_order.equipment_id, "in_maintenance", reason):
            raise Conflict("The instrument cannot be taken into maintenance from its state.")
    unit.publish(MaintenanceStarted(work_order.id, work_order.equipment_id, work_order.number))
    return work_order


def resume(unit: UnitOfWork, work_order_id: uuid.UUID) -> WorkOrder:
    """Goes on with work that was held.

    Raises:
        NotFound: it does not exist for the author.
        Conflict: it is not on hold.
    """
    work_order = work_orders.find(unit, work_order_id, CHANGE, lock=True)
    if work_order.status != Status.ON_HOLD.value:
        raise Conflict("It is not on hold.", allowed=list(allowed(work_order.status)))
    return start(unit, work_order_id)


def hold(unit: UnitOfWork, work_order_id: uuid.UUID, reason: str) -> WorkOrder:
    """Lets the work rest.

    Raises:
        NotFound: it does not exist for the author.
        Conflict: its state does not allow it.
        Invalid: nobody says what it waits for.
    """
    work_order = _taking(unit, work_order_id, Status.ON_HOLD)
    _give_reason(unit, work_order, Status.ON_HOLD, reason)
    unit.publish(MaintenanceHeld(work_order.id, work_order.equipment_id, work_order.number, reason))
    return work_order


def cancel(unit: UnitOfWork, work_order_id: uuid.UUID, reason: str) -> WorkOrder:
    """Says that the work will not be done; it stays readable.

    Raises:
        NotFound: it does not exist for the author.
        Conflict: it is over already.
        Invalid: nobody says why.
    """
    work_order = _taking(unit, work_order_id, Status.CANCELLED)
    _give_reason(unit, work_order, Status.CANCELLED, reason)
    unit.publish(
        MaintenanceCancelled(work_order.id, work_order.equipment_id, work_order.number, reason)
    )
    return work_order


def complete(
    unit: UnitOfWork,
    work_order_id: uuid.UUID,
    values: Mapping[str, Any],
    confirmed: Confirmed | None = None,
) -> WorkOrder:
    """Completes the work; what affects the calibration is told to whoever keeps calibrations.

    Args:
        unit: the unit of work.
        work_order_id: which one.
        values: members as `schemas.work_order.CompletionIn` names them; None: as it is.
        confirmed: the password was given again; needed where the plan asks for a signature.

    Raises:
        NotFound: it does not exist for the author.
        Conflict: its state does not allow it, or something speaks against the instrument's use.
        Forbidden: a signature is asked for, or an override without the right to it.
        Invalid: a required item of the checklist has no answer.
    """
    work_order = _taking(unit, work_order_id, Status.COMPLETED)
    if work_order.signature_required and confirmed is None and unit.actor.kind != "system":
        raise Forbidden("This work order is completed with a signature.")
    missing = checklist.unanswered(work_order.checklist)
    if missing:
        raise Invalid(
            [FieldError(f"/checklist/{place}/answer", "This needs an answer.") for place in missing]
        )
    for name in RESULTS:
        if values.get(name) is not None:
            setattr(work_order, name, values[name])
    now = unit.trade_now()
    work_order.status, work_order.status_reason = Status.COMPLETED.value, None
    work_order.completed_at, work_order.completed_date = now, unit.local_date(now)
    work_order.completed_by = unit.actor.name[:200]
    unit.session.flush()
    if confirmed is not None:
        sign(unit, work_order, confirmed)
    _tell_completion(unit, work_order)
    if values.get("return_to_service"):
        return_to_service(
            unit,
            work_order.equipment_id,
            f"Work order {work_order.number}",
            values.get("override_reason") or "",
        )
    return work_order


def _tell_completion(unit: UnitOfWork, work_order: WorkOrder) -> None:
    """Tells that the work is done, and what it did to the instrument."""
    ended = work_order.completed_at
    assert ended is not None  # noqa: S101 - narrows the type
    began = work_order.started_at or ended
    if work_order.affects_calibration:
        unit.publish(
            Affected(work_order.equipment_id, began, ended, f"work order {work_order.number}")
        )
    unit.publish(
        MaintenanceCompleted(
            work_order.id,
            work_order.equipment_id,
            work_order.number,
            work_order.type,
            work_order.plan_id,
            began,
            ended,
            work_order.affects_calibration,
        )
    )


def _taking(unit: UnitOfWork, work_order_id: uuid.UUID, wanted: Status) -> WorkOrder:
    """Returns a work order, locked, that can take a step."""
    work_order = work_orders.find(unit, work_order_id, CHANGE, lock=True)
    check_step(work_order, wanted)
    return work_order


def _give_reason(unit: UnitOfWork, work_order: WorkOrder, wanted: Status, reason: str) -> None:
    """Takes a step that needs a reason."""
    if not reason.strip():
        raise Invalid.field("reason", "Say why.")
    unit.reason = reason
    work_order.status, work_order.status_reason = wanted.value, reason
    unit.session.flush()
