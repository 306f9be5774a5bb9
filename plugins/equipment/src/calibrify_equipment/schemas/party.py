"""Suppliers and customers on the wire."""

from typing import Annotated

from calibrify_core.api.types import (
    Body,
    Identifier,
    Line,
    Moment,
    Name,
    Prose,
    Shape,
    ShortText,
    partial,
)

Address = Annotated[str, ShortText(1_000, lines=True)]
Email = Annotated[str, ShortText(254)]
Phone = Annotated[str, ShortText(50)]


class SupplierIn(Body):
    """A supplier or calibration laboratory, as it is sent."""

    name: Name
    accreditation_number: Annotated[str, ShortText(100)] | None = None
    contact: Line | None = None
    email: Email | None = None
    phone: Phone | None = None
    address: Address | None = None
    notes: Prose | None = None


SupplierChange = partial(SupplierIn, "SupplierChange")


class SupplierOut(Shape):
    """A supplier or calibration laboratory."""

    id: Identifier
    name: str
    accreditation_number: str
    contact: str
    email: str
    phone: str
    address: str
    notes: str
    created_at: Moment
    updated_at: Moment


class CustomerIn(Body):
    """An owner outside the organisation, as it is sent."""

    name: Name
    contact: Line | None = None
    email: Email | None = None
    address: Address | None = None


CustomerChange = partial(CustomerIn, "CustomerChange")


class CustomerOut(Shape):
    """An owner outside the organisation."""

    id: Identifier
    name: str
    contact: str
    email: str
    address: str
    created_at: Moment
    updated_at: Moment
