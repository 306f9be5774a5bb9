"""Maintenance plans on the wire: what may be sent, and what comes back."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from calibrify_core.api.types import (
    Body,
    Date,
    DecimalText,
    ExactDecimal,
    Identifier,
    Moment,
    Prose,
    Shape,
    ShortText,
    partial,
)
from calibrify_maintenance.schemas.work_order import Checklist, PriorityName, Title

PlanTypeName = Literal["preventive", "inspection", "cleaning"]
AnchorName = Literal["scheduled", "completed"]
EARLIEST, LATEST = date(2000, 1, 1), date(2200, 12, 31)


def _near(day: date) -> date:
    """Refuses days that nobody means."""
    if not EARLIEST <= day <= LATEST:
        raise ValueError("This is too far from today to be meant.")
    return day


NearDate = Annotated[Date, AfterValidator(_near)]


class PlanReplacement(Body):
    """A plan, as PUT replaces it: a member that is left out takes its default."""

    title: Title
    type: PlanTypeName = "preventive"
    description: Prose = ""
    rrule: Annotated[str, ShortText(300, least=1)] | None = None
    anchor: AnchorName = "scheduled"
    starts_on: NearDate | None = None
    ends_on: NearDate | None = None
    lead_days: Annotated[int, Field(ge=0, le=365)] = 0
    meter_id: Identifier | None = None
    meter_interval: Annotated[ExactDecimal, Field(gt=0)] | None = None
    priority: PriorityName = "normal"
    assigned_to_id: Identifier | None = None
    assigned_group_id: Identifier | None = None
    checklist: Checklist = Field(default_factory=list)
    affects_calibration: bool = False
    signature_required: bool = False


class PlanIn(PlanReplacement):
    """A new plan, for one instrument or for all of a category."""

    equipment_id: Identifier | None = None
    category_id: Identifier | None = None


PlanChange = partial(PlanReplacement, "PlanChange")


class PlanItemOut(Shape):
    """One item of a plan's checklist."""

    id: str
    kind: Literal["number", "text", "pass_fail", "photo"]
    label: str
    required: bool
    unit: str
    lower_limit: DecimalText | None
    upper_limit: DecimalText | None


class PlanTargetOut(Shape):
    """The instrument, or the category, that a plan is for."""

    id: Identifier
    name: str


class PlanOut(Shape):
    """A plan; ``next_due_on`` is the first turn that was not done, by the calendar."""

    id: Identifier
    title: str
    type: PlanTypeName
    description: str
    equipment_id: Identifier | None
    category_id: Identifier | None
    target: PlanTargetOut
    rrule: str | None
    anchor: AnchorName
    starts_on: Date
    ends_on: Date | None
    lead_days: int
    next_due_on: Date | None
    meter_id: Identifier | None
    meter_interval: DecimalText | None
    meter_due_at: DecimalText | None
    priority: PriorityName
    assigned_to_id: Identifier | None
    assigned_group_id: Identifier | None
    checklist: list[PlanItemOut]
    affects_calibration: bool
    signature_required: bool
    active: bool
    created_at: Moment
    updated_at: Moment
