"""Meters and their readings on the wire."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator

from calibrify_core.api.types import (
    Body,
    ExactDecimal,
    Identifier,
    Moment,
    Shape,
    ShortText,
    partial,
)

MOST = Decimal(10) ** 15


def _shown(value: Decimal) -> Decimal:
    """Checks what a meter may show."""
    if not 0 <= value < MOST:
        raise ValueError("A meter shows a number from 0 to 15 digits.")
    return value


class MeterReplacement(Body):
    """A meter, as PUT replaces it."""

    name: Annotated[str, ShortText(100, least=1)]
    unit: Annotated[str, ShortText(20, least=1)]
    active: bool = True


class MeterIn(MeterReplacement):
    """A new meter of an instrument."""

    equipment_id: Identifier


MeterChange = partial(MeterReplacement, "MeterChange")


class MeterOut(Shape):
    """A meter with its latest reading."""

    id: Identifier
    equipment_id: Identifier
    name: str
    unit: str
    active: bool
    latest_value: ExactDecimal | None
    latest_total: ExactDecimal | None
    latest_at: Moment | None
    created_at: Moment
    updated_at: Moment


class ReadingIn(Body):
    """What a meter shows, by default now; lower than before only if it was set back."""

    value: Annotated[ExactDecimal, AfterValidator(_shown)]
    read_at: Moment | None = None
    reset: bool = False
    reason: Annotated[str, ShortText(500, lines=True)] = ""


class ReadingOut(Shape):
    """What a meter showed; `total` goes on where the meter was set back."""

    id: Identifier
    meter_id: Identifier
    equipment_id: Identifier
    read_at: Moment
    value: ExactDecimal
    total: ExactDecimal
    is_reset: bool
    reason: str
    entered_by: str
