"""Parts and the movements of their stock on the wire."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator

from calibrify_core.api.types import (
    Body,
    ExactDecimal,
    Identifier,
    Line,
    Moment,
    Name,
    Prose,
    Shape,
    ShortText,
    partial,
)
from calibrify_maintenance.domain.stock import thousandths

MovementKind = Literal["receipt", "issue", "return", "correction"]
PRICE_PLACES = 6
MOST_PRICE = Decimal(1_000_000_000)


def _counted(quantity: Decimal) -> Decimal:
    """Checks a quantity that may be nothing."""
    if quantity < 0:
        raise ValueError("This is not below zero.")
    thousandths(quantity)
    return quantity


def _moved(quantity: Decimal) -> Decimal:
    """Checks a quantity that moves."""
    if quantity <= 0:
        raise ValueError("This is more than zero.")
    thousandths(quantity)
    return quantity


def _price(price: Decimal) -> Decimal:
    """Checks a price."""
    exponent = int(price.as_tuple().exponent)
    if not 0 <= price <= MOST_PRICE or exponent < -PRICE_PLACES:
        raise ValueError(
            f"A price lies between 0 and {MOST_PRICE:,}, with at most {PRICE_PLACES} places."
        )
    return price


Counted = Annotated[ExactDecimal, AfterValidator(_counted)]
Moved = Annotated[ExactDecimal, AfterValidator(_moved)]
Price = Annotated[ExactDecimal, AfterValidator(_price)]
Reason = Annotated[str, ShortText(500, least=1, lines=True)]
Remark = Annotated[str, ShortText(500, lines=True)]


class PartReplacement(Body):
    """A part, as PUT replaces it; without a number it keeps its own, or is given the next."""

    name: Name
    number: Annotated[str, ShortText(60, least=1)] | None = None
    unit: Annotated[str, ShortText(20, least=1)] = "pcs"
    minimum: Counted = Decimal(0)
    price: Price | None = None
    location: Line = ""
    notes: Prose = ""
    active: bool = True


class PartIn(PartReplacement):
    """A new part; what is there already becomes its first movement."""

    opening_stock: Counted = Decimal(0)


PartChange = partial(PartReplacement, "PartChange")


class PartOut(Shape):
    """A part; `below_minimum` only while it is active."""

    id: Identifier
    number: str
    name: str
    unit: str
    stock: ExactDecimal
    minimum: ExactDecimal
    below_minimum: bool
    price: ExactDecimal | None
    location: str
    notes: str
    active: bool
    created_at: Moment
    updated_at: Moment


class ReceiptIn(Body):
    """Parts that came in."""

    quantity: Moved
    unit_price: Price | None = None
    reason: Remark = ""


class IssueIn(Body):
    """Parts that are taken for a work order."""

    order_id: Identifier
    quantity: Moved
    reason: Remark = ""


class ReturnIn(IssueIn):
    """Parts that come back from a work order."""


class CorrectionIn(Body):
    """What was counted, and why it is not what the book says."""

    counted: Counted
    reason: Reason


class MovementOut(Shape):
    """A movement of the stock; `order` is null where it lies outside of what the caller sees."""

    id: Identifier
    part_id: Identifier
    kind: MovementKind
    change: ExactDecimal
    stock_after: ExactDecimal
    unit_price: ExactDecimal | None
    order_id: Identifier | None
    order_number: str | None
    reason: str
    at: Moment
    moved_by: str
