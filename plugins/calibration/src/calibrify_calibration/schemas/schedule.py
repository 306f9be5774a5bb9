"""Schedules and due dates on the wire."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from calibrify_core.api.types import Body, Date, Identifier, Moment, Shape, ShortText, partial

ScheduleKindName = Literal["calibration", "verification", "intermediate_check"]
# A calibration that comes round is called periodic where a record says its kind.
ScheduleKindGiven = Annotated[
    Literal["calibration", "periodic", "verification", "intermediate_check"],
    AfterValidator(lambda kind: "calibration" if kind == "periodic" else kind),
]
UnitName = Literal["days", "months", "uses", "hours"]
AnchorName = Literal["exact", "end_of_month", "fixed"]
WeekendName = Literal["none", "previous", "nearest"]
StatusName = Literal[
    "not_required",
    "never_calibrated",
    "failed",
    "overdue",
    "extended",
    "due_soon",
    "limited_use",
    "current",
]


class IntervalIn(Body):
    """How often; months are calendar months, never thirty days."""

    value: Annotated[int, Field(ge=1, le=1_000_000_000)]
    unit: UnitName


class ScheduleReplacement(Body):
    """A schedule, as PUT replaces it; without an interval its opening due date is an expiry."""

    interval: IntervalIn | None = None
    anchor: AnchorName = "exact"
    weekend_rule: WeekendName = "none"
    opening_due_on: Date | None = None


class ScheduleIn(ScheduleReplacement):
    """A new schedule of an instrument."""

    equipment_id: Identifier
    kind: ScheduleKindGiven = "calibration"


ScheduleChange = partial(ScheduleReplacement, "ScheduleChange")


class RequirementIn(Body):
    """Whether an instrument needs a calibration, and why not."""

    calibration_required: bool
    calibration_not_required_reason: Annotated[str, ShortText(500, lines=True)] = ""


class RequirementMembers(Body):
    """The same beside the members of an instrument; what is left out stays."""

    calibration_required: bool = True
    calibration_not_required_reason: Annotated[str, ShortText(500, lines=True)] | None = None


class IntervalOut(Shape):
    """How often."""

    value: int
    unit: UnitName


class ScheduleOut(Shape):
    """A schedule with the due date that follows from the records."""

    id: Identifier
    equipment_id: Identifier
    kind: ScheduleKindName
    interval: IntervalOut | None
    anchor: AnchorName
    weekend_rule: WeekendName
    due_on: Date | None
    due_source: Literal["accepted", "imported", "extension"] | None
    opening_due_on: Date | None
    last_accepted_on: Date | None
    failed: bool
    created_at: Moment
    updated_at: Moment


class RequirementOut(Shape):
    """What is known of the calibration of an instrument."""

    equipment_id: Identifier
    calibration_required: bool
    calibration_not_required_reason: str
    calibration_status: StatusName
    last_calibrated_on: Date | None
    due_on: Date | None


class CertificateOut(Shape):
    """A certificate that was issued; ``sha256`` is null until the paper was made."""

    id: Identifier
    calibration_id: Identifier
    equipment_id: Identifier
    number: str
    revision: int
    replaces_id: Identifier | None
    issued_on: Date
    authorised_by: str
    sha256: str | None
    state: Literal["issued", "void", "replaced"]
    verification_code: str


class DriftPointOut(Shape):
    """One calibration of a test point; errors in its unit."""

    calibration_id: Identifier
    performed_on: Date
    as_found_error: str | None
    as_left_error: str | None
    as_found_result: str
    as_left_result: str
    adjusted: bool
    expanded_uncertainty: str | None
    lower_error: str | None
    upper_error: str | None


class DriftStepOut(Shape):
    """What happened between two calibrations, in the unit of the point."""

    since: Date
    until: Date
    drift: str
    cumulative: str


class DriftSeriesOut(Shape):
    """The history of one test point."""

    key: str
    section: str
    parameter: str
    unit: str
    nominal: str
    range: str
    direction: str | None
    channel: str | None
    points: list[DriftPointOut]
    steps: list[DriftStepOut]
    slope_per_year: str | None


class DriftOut(Shape):
    """The drift of an instrument, one series for each test point."""

    equipment_id: Identifier
    series: list[DriftSeriesOut]
