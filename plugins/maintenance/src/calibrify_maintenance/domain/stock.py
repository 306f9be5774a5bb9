"""Quantities of parts: counted in thousandths, so that every database can compare them exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

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


def total_cost(own: Decimal | None, parts: Iterable[Mapping[str, Any]]) -> Decimal | None:
    """Returns what a work order costs with its parts, None where nothing is known.

    Args:
        own: what was entered: labour, travel, work by others.
        parts: each with its ``cost`` as text, None where a part had no price.

    >>> total_cost(Decimal("40"), [{"cost": "8.50"}, {"cost": None}])
    Decimal('48.50')
    """
    known = [Decimal(part["cost"]) for part in parts if part["cost"] is not None]
    if own is not None:
        known.append(own)
    return sum(known, Decimal(0)) if known else None
