"""Equipment on the wire: what may be sent, and what comes back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from calibrify_core.api.types import (
    Body,
    Date,
    DecimalText,
    ExactDecimal,
    Identifier,
    Line,
    Moment,
    Prose,
    Shape,
    ShortText,
    partial,
)
from calibrify_equipment.schemas.fact import Fact, facts_in

StatusName = Literal[
    "draft",
    "in_service",
    "in_calibration",
    "in_maintenance",
    "quarantined",
    "out_of_service",
    "lost",
    "retired",
]
Criticality = Literal["low", "normal", "high"]
CRITICALITIES = (("low", "Low"), ("normal", "Normal"), ("high", "High"))
Tag = Annotated[str, ShortText(100)]
Version = Annotated[str, ShortText(100)]
Unit = Annotated[str, ShortText(50)]
Limitation = Annotated[str, ShortText(2_000, lines=True)]
Reason = Annotated[str, ShortText(2_000, lines=True)]
MOST_RANGES = 100


class MeasuringRange(Body):
    """One range of an instrument; `accuracy_text` is free text and never parsed silently."""

    channel: Line | None = None
    quantity: Line | None = None
    unit: Unit | None = None
    min: DecimalText | None = None
    max: DecimalText | None = None
    resolution: DecimalText | None = None
    accuracy_text: Annotated[str, ShortText(1_000)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "MeasuringRange":
        """A range begins below its end, and what it resolves is more than nothing."""
        if self.min is not None and self.max is not None and Decimal(self.min) > Decimal(self.max):
            raise ValueError("The range ends below its beginning.")
        if self.resolution is not None and Decimal(self.resolution) <= 0:
            raise ValueError("A resolution is greater than zero.")
        return self


class EquipmentReplacement(Body):
    """An instrument, as PUT replaces it: a member that is left out takes its default."""

    name: Annotated[str, ShortText(300, least=1)]
    asset_tag: Tag | None = None
    serial_number: Line | None = None
    manufacturer: Line | None = None
    model: Line | None = None
    category_id: Identifier | None = None
    location_id: Identifier | None = None
    department: Annotated[
        Line | None,
        Fact(
            "Department",
            "ownership",
            synonyms=("Dept", "Dept.", "Section", "Cost centre", "Cost center"),
            example="Quality",
        ),
    ] = None
    owner_id: Identifier | None = None
    custodian_id: Identifier | None = None
    supplier_id: Identifier | None = None
    parent_id: Identifier | None = None
    ranges: list[MeasuringRange] = Field(default_factory=list, max_length=MOST_RANGES)
    is_reference_standard: Annotated[bool, Fact("Reference standard", "metrology", "boolean")] = (
        False
    )
    use_limitation: Annotated[
        Limitation | None,
        Fact(
            "Limitation of use",
            "metrology",
            "prose",
            hint="Shown beside every state and printed on the label.",
            most=2_000,
        ),
    ] = None
    criticality: Annotated[
        Criticality,
        Fact("Criticality", "metrology", "choice", choices=CRITICALITIES, default="normal"),
    ] = "normal"
    acquired_on: Annotated[Date | None, Fact("Acquired on", "ownership", "date")] = None
    warranty_until: Annotated[Date | None, Fact("Warranty until", "ownership", "date")] = None
    purchase_price: Annotated[
        ExactDecimal | None, Fact("Purchase price", "ownership", "decimal", money=True)
    ] = None
    firmware_version: Annotated[Version | None, Fact("Firmware version", "metrology", most=100)] = (
        None
    )
    notes: Annotated[Prose | None, Fact("Notes", "metrology", "prose", most=10_000)] = None
    custom_fields: dict[str, Any] = Field(default_factory=dict)


class EquipmentIn(EquipmentReplacement):
    """A new instrument; later its state changes by transitions alone."""

    status: StatusName = "in_service"


OWN = frozenset(EquipmentIn.model_fields)
"""Members of a body that this plugin takes; facets of others take more."""

FACTS = facts_in(EquipmentReplacement)
"""The plain fields of an instrument; lists, forms, pages, import and export follow them."""

EquipmentChange = partial(EquipmentReplacement, "EquipmentChange")


class TransitionIn(Body):
    """A move to another state."""

    to: StatusName
    reason: Reason = ""
    override_reason: Reason = ""


class CheckoutIn(Body):
    """Handing an instrument out: to a person, by default the caller, or to a place."""

    holder_id: Identifier | None = None
    location_id: Identifier | None = None
    expected_return_on: Date | None = None
    condition: Reason = ""
    override_reason: Reason = ""


class CheckinIn(Body):
    """Taking an instrument back."""

    condition: Reason = ""


class Named(Shape):
    """Something by its id and name."""

    id: Identifier
    name: str


class Placed(Named):
    """A location with its way down from the root."""

    path: str


class Custody(Shape):
    """With whom, or where, an instrument is while it is checked out."""

    holder: Named | None
    location: Named | None
    since: Moment
    expected_return_on: Date | None


class RangeOut(Shape):
    """One range of an instrument."""

    channel: str | None
    quantity: str | None
    unit: str | None
    min: DecimalText | None
    max: DecimalText | None
    resolution: DecimalText | None
    accuracy_text: str | None


class EquipmentOut(Shape):
    """An instrument, in lists as by itself; other plugins add members."""

    id: Identifier
    asset_tag: str
    name: str
    serial_number: str
    manufacturer: str
    model: str
    category_id: Identifier | None
    category: Named | None
    location_id: Identifier | None
    location: Placed | None
    department: str
    owner_id: Identifier | None
    custodian_id: Identifier | None
    custodian: Named | None
    supplier_id: Identifier | None
    parent_id: Identifier | None
    ranges: list[RangeOut]
    is_reference_standard: bool
    use_limitation: str
    status: StatusName
    custody: Custody | None
    criticality: Criticality
    acquired_on: Date | None
    warranty_until: Date | None
    purchase_price: ExactDecimal | None
    firmware_version: str
    notes: str
    custom_fields: dict[str, Any]
    created_at: Moment
    updated_at: Moment


class HistoryOut(Shape):
    """One entry of an instrument's history."""

    id: Identifier
    at: Moment
    kind: Literal["created", "changed", "transition", "custody", "other"]
    action: str
    actor: str
    changes: dict[str, Any]
    reason: str | None


def plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns checked members with their ranges as plain values."""
    found = dict(values)
    if found.get("ranges"):
        found["ranges"] = [item.model_dump(exclude_none=True) for item in found["ranges"]]
    return found


def all_members(body: Body) -> dict[str, Any]:
    """Returns all members of a checked body as plain values; of other plugins' what it names."""
    wanted = OWN | body.model_fields_set
    names = (name for name in type(body).model_fields if name in wanted)
    return plain_values({name: getattr(body, name) for name in names})
