"""The stock of parts: every movement is one row, and nothing is taken that is not there.

A movement changes the stock by one statement that holds the condition; whoever comes second
waits for it and meets what is left. So it holds for any number of people and processes.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

import sqlalchemy as sa

from calibrify_core.kernel.errors import Conflict, Invalid, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.domain.stock import MOST
from calibrify_maintenance.domain.work_order import is_open
from calibrify_maintenance.events import PartBelowMinimum
from calibrify_maintenance.models.part import Part, PartMovement
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import CHANGE, PART_CHANGE, PART_MOVE
from calibrify_maintenance.services.order_parts import charge_order, taken_by

ABSENT = "This does not exist."
NOTHING = Decimal(0)


def receive(
    unit: UnitOfWork,
    part_id: uuid.UUID,
    quantity: Decimal,
    unit_price: Decimal | None = None,
    reason: str = "",
) -> PartMovement:
    """Puts parts into the store.

    Raises:
        NotFound: there is no such part.
        Conflict: there would be more of it than the store keeps.
    """
    after = _moved(unit, part_id, quantity, PART_MOVE)
    return _written(unit, part_id, "receipt", quantity, after, unit_price, reason=reason)


def issue(
    unit: UnitOfWork,
    part_id: uuid.UUID,
    order_id: uuid.UUID,
    quantity: Decimal,
    reason: str = "",
) -> PartMovement:
    """Takes parts out of the store for a work order, which is charged with them.

    Raises:
        NotFound: there is no such part.
        Invalid: there is no such order for the author.
        Conflict: there is not enough in stock, or the order is closed.
    """
    order = _order(unit, order_id)
    after = _moved(unit, part_id, -quantity, PART_MOVE)
    price = unit.find(Part, part_id, PART_MOVE).price
    made = _written(unit, part_id, "issue", -quantity, after, price, order.id, reason)
    charge_order(unit, order)
    return made


def give_back(
    unit: UnitOfWork,
    part_id: uuid.UUID,
    order_id: uuid.UUID,
    quantity: Decimal,
    reason: str = "",
) -> PartMovement:
    """Takes parts back that a work order did not need, at the price of their issue.

    Raises:
        NotFound: there is no such part.
        Invalid: there is no such order for the author.
        Conflict: the order has not so many of them, or is closed.
    """
    order = _order(unit, order_id)
    after = _moved(unit, part_id, quantity, PART_MOVE)
    taken, price = taken_by(unit, order.id, part_id)
    if quantity > taken:
        raise Conflict(f"This order has {taken:f} of it, {quantity:f} cannot come back.")
    made = _written(unit, part_id, "return", quantity, after, price, order.id, reason)
    charge_order(unit, order)
    return made


def correct(unit: UnitOfWork, part_id: uuid.UUID, counted: Decimal, reason: str) -> PartMovement:
    """Sets the stock to what was counted.

    Raises:
        NotFound: there is no such part.
        Forbidden: the author may not do this for the whole organisation.
        Conflict: this is what the book says already.
    """
    unit.access.require_everywhere(PART_CHANGE)
    locked = unit.restrict(
        sa.select(Part.stock).where(Part.id == part_id).with_for_update(), Part, PART_CHANGE
    )
    found = unit.session.execute(locked).one_or_none()
    if found is None:
        raise NotFound
    if counted == found.stock:
        raise Conflict("This is what the book says already.")
    unit.reason = reason
    after = _moved(unit, part_id, counted - found.stock, PART_CHANGE)
    return _written(unit, part_id, "correction", counted - found.stock, after, None, reason=reason)


def _order(unit: UnitOfWork, order_id: uuid.UUID) -> WorkOrder:
    """Returns an open order, locked until the movement is written.

    Raises:
        Invalid: there is no such order for the author.
        Conflict: it is closed.
    """
    statement = unit.select(WorkOrder, CHANGE).where(WorkOrder.id == order_id)
    locked = statement.with_for_update().execution_options(populate_existing=True)
    order: WorkOrder | None = unit.session.scalars(locked).one_or_none()
    if order is None:
        raise Invalid.field("order_id", ABSENT)
    if not is_open(order.status):
        raise Conflict(f"{order.number} is {order.status}: its parts do not change any more.")
    return order


def _moved(unit: UnitOfWork, part_id: uuid.UUID, change: Decimal, permission: str) -> Decimal:
    """Changes the stock by one statement and returns what there is now.

    Raises:
        NotFound: there is no such part.
        Conflict: there is not enough of it, or there would be too much.
    """
    unit.access.require(permission)
    statement = (
        sa.update(Part)
        .where(Part.id == part_id, Part.stock + change >= NOTHING, Part.stock + change <= MOST)
        .values(stock=Part.stock + change)
        .returning(Part.stock)
        .execution_options(synchronize_session=False)
    )
    after: Decimal | None = unit.session.execute(
        unit.restrict(statement, Part, permission)
    ).scalar_one_or_none()
    part = unit.find(Part, part_id, permission)
    unit.session.refresh(part)
    if after is not None:
        if part.active and after < part.minimum <= after - change:
            unit.publish(PartBelowMinimum(part.id, part.number, after, part.minimum))
        return after
    if change > 0:
        raise Conflict(f"At most {MOST:,} are kept of one part.")
    raise Conflict(f"There are {part.stock:f} {part.unit} in stock, {-change:f} were asked for.")


def _written(
    unit: UnitOfWork,
    part_id: uuid.UUID,
    kind: str,
    change: Decimal,
    after: Decimal,
    price: Decimal | None,
    order_id: uuid.UUID | None = None,
    reason: str = "",
) -> PartMovement:
    """Writes a movement into the ledger."""
    made = unit.add(
        PartMovement(
            id=new_id(),
            organisation_id=unit.organisation.id,
            part_id=part_id,
            kind=kind,
            change=change,
            stock_after=after,
            unit_price=price,
            order_id=order_id,
            reason=reason,
            at=unit.trade_now(),
            moved_by_id=unit.actor.user_id,
            moved_by=unit.actor.name,
        )
    )
    unit.session.flush()
    return made
