"""Quantities of parts: counted in thousandths, so that every database can compare them exactly."""

from __future__ import annotations

from decimal import Decimal

MOVEMENTS = ("receipt", "issue", "return", "correction")
PLACES = 3
MOST = Decimal(1_000_000_000)
"""More than this of one part is a slip of the keyboard."""


def thousandths(quantity: Decimal) -> int:
    """Returns a quantity as a whole number of thousandths.

    Raises:
        ValueError: it has more than three places, or is too large.

    >>> thousandths(Decimal("2.5"))
    2500
    """
    if abs(quantity) > MOST:
        raise ValueError(f"At most {MOST:,} are kept of one part.")
    scaled = quantity.scaleb(PLACES)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"A quantity has at most {PLACES} decimal places.")
    return int(scaled)


def from_thousandths(count: int) -> Decimal:
    """Returns a quantity without trailing zeros.

    >>> from_thousandths(2500), from_thousandths(10_000), from_thousandths(0)
    (Decimal('2.5'), Decimal('10'), Decimal('0'))
    """
    quantity = Decimal(count).scaleb(-PLACES).normalize()
    return quantity.quantize(Decimal(1)) if quantity == quantity.to_integral_value() else quantity


def cost(quantity: Decimal, price: Decimal | None) -> Decimal | None:
    """Returns what a quantity costs, None where no price is known.

    >>> cost(Decimal("2.5"), Decimal("3.20"))
    Decimal('8.000')
    """
    return None if price is None else quantity * price
