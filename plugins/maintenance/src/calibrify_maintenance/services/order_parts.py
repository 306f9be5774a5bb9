"""The parts of a work order, as the ledger of the store knows them."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.domain.stock import cost
from calibrify_maintenance.models.part import Part, PartMovement
from calibrify_maintenance.models.work_order import WorkOrder

REASON = "of an order that was itself read within the scope"


def taken_by(
    unit: UnitOfWork, order_id: uuid.UUID, part_id: uuid.UUID
) -> tuple[Decimal, Decimal | None]:
    """Returns how many of a part an order has, and the price at which it had the last."""
    statement = (
        sa.select(PartMovement.kind, PartMovement.change, PartMovement.unit_price)
        .where(PartMovement.order_id == order_id, PartMovement.part_id == part_id)
        .order_by(PartMovement.id)
    )
    rows = unit.session.execute(unscoped(statement, PartMovement, because=REASON)).all()
    prices = [row.unit_price for row in rows if row.kind == "issue"]
    return -sum((row.change for row in rows), Decimal(0)), prices[-1] if prices else None


def parts_of(unit: UnitOfWork, order_id: uuid.UUID) -> list[dict[str, Any]]:
    """Returns what an order has taken and not given back, by part number.

    Returns:
        ``{part_id, number, name, unit, quantity, cost}``, decimals as text for the record;
        ``cost`` is None where a part had no price.
    """
    statement = (
        sa.select(
            Part.id,
            Part.number,
            Part.name,
            Part.unit,
            PartMovement.change,
            PartMovement.unit_price,
        )
        .join(Part, Part.id == PartMovement.part_id)
        .where(PartMovement.order_id == order_id)
        .order_by(Part.number, PartMovement.id)
    )
    rows = unit.session.execute(unscoped(statement, PartMovement, Part, because=REASON))
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for row in rows:
        entry = found.setdefault(
            row.id,
            {
                "part_id": str(row.id),
                "number": row.number,
                "name": row.name,
                "unit": row.unit,
                "quantity": Decimal(0),
                "cost": Decimal(0),
            },
        )
        charged = cost(-row.change, row.unit_price)
        entry["quantity"] -= row.change
        entry["cost"] = (
            None if charged is None or entry["cost"] is None else entry["cost"] + charged
        )
    return [
        {
            **entry,
            "quantity": f"{entry['quantity']:f}",
            "cost": None if entry["cost"] is None else f"{entry['cost']:f}",
        }
        for entry in found.values()
        if entry["quantity"]
    ]


def charge_order(unit: UnitOfWork, order: WorkOrder) -> None:
    """Writes into an order what it has taken from the store."""
    order.parts = parts_of(unit, order.id)
    unit.session.flush()
