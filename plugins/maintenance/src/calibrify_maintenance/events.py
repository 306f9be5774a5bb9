"""What happens to work orders and plans, told to whoever wants to know."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class MaintenanceRequested:
    """A work order was opened, by a person or by a plan.

    Attributes:
        work_order_id: which one.
        equipment_id: for which instrument.
        number: its number.
        type: ``preventive``, ``corrective``, ``inspection`` or ``cleaning``.
        priority: ``low``, ``normal``, ``high`` or ``urgent``.
        plan_id: the plan that it follows from, if it does.
    """

    work_order_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str
    type: str
    priority: str
    plan_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class MaintenanceScheduled:
    """A work order was given a day.

    Attributes:
        work_order_id: which one.
        equipment_id: for which instrument.
        number: its number.
        scheduled_date: the day.
    """

    work_order_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str
    scheduled_date: date


@dataclass(frozen=True, slots=True)
class MaintenanceStarted:
    """Work on an order began, or went on after a hold.

    Attributes:
        work_order_id: which one.
        equipment_id: at which instrument.
        number: its number.
    """

    work_order_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str


@dataclass(frozen=True, slots=True)
class MaintenanceHeld:
    """Work on an order rests.

    Attributes:
        work_order_id: which one.
        equipment_id: at which instrument.
        number: its number.
        reason: what it waits for.
    """

    work_order_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class MaintenanceCompleted:
    """The work of an order is done.

    Attributes:
        work_order_id: which one.
        equipment_id: at which instrument.
        number: its number.
        type: ``preventive``, ``corrective``, ``inspection`` or ``cleaning``.
        plan_id: the plan that it followed from, if it did.
        started_at: when the work began.
        completed_at: when it ended.
        affects_calibration: whether the instrument may measure differently now.
    """

    work_order_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str
    type: str
    plan_id: uuid.UUID | None
    started_at: datetime
    completed_at: datetime
    affects_calibration: bool


@dataclass(frozen=True, slots=True)
class MaintenanceCancelled:
    """A work order will not be carried out.

    Attributes:
        work_order_id: which one.
        equipment_id: for which instrument.
        number: its number.
        reason: why.
    """

    work_order_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class PartBelowMinimum:
    """The stock of a part fell below its minimum.

    Attributes:
        part_id: which one.
        number: its number.
        stock: what is left.
        minimum: what there should be.
    """

    part_id: uuid.UUID
    number: str
    stock: Decimal
    minimum: Decimal


@dataclass(frozen=True, slots=True)
class MeterRead:
    """A meter of an instrument was read.

    Attributes:
        meter_id: which one.
        equipment_id: of which instrument.
        value: what it showed.
        total: how much the instrument has run altogether.
        read_at: when.
    """

    meter_id: uuid.UUID
    equipment_id: uuid.UUID
    value: Decimal
    total: Decimal
    read_at: datetime


@dataclass(frozen=True, slots=True)
class FaultReported:
    """Somebody who held an instrument reported a fault by the code on its label.

    Attributes:
        work_order_id: the order that was opened.
        equipment_id: which instrument.
        number: of the order.
        priority: ``low``, ``normal`` or ``high``, as the reporter sees it.
    """

    work_order_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str
    priority: str
