"""Calibrations on the wire: what may be sent, and what comes back."""

from typing import Annotated, Any, Literal

from pydantic import Field

from calibrify_core.api.types import (
    Body,
    Date,
    DecimalText,
    Identifier,
    Line,
    Moment,
    Prose,
    Shape,
    ShortText,
    partial,
)

Kind = Literal["initial", "periodic", "after_repair", "verification", "intermediate_check"]
StateName = Literal["draft", "submitted", "approved", "rejected", "void", "superseded"]
ReadingOf = Literal["uut", "standard", "artefact"]
Reported = Literal["pass", "fail", "limited"]
ResultName = Literal[
    "pass",
    "conditional_pass",
    "conditional_fail",
    "fail",
    "indeterminate",
    "not_evaluated",
    "not_tested",
]
Meaning = Literal["performed", "reviewed", "approved"]
Short = Annotated[str, ShortText(100)]
Unit = Annotated[str, ShortText(50, least=1)]
Text = Annotated[str, ShortText(2_000, lines=True)]
Reason = Annotated[str, ShortText(2_000, least=1, lines=True)]
Password = Annotated[str, Field(max_length=1_024)]
MOST_POINTS = 1_000
MOST_READINGS = 1_000
MOST_STANDARDS = 100


class ReadingExclusion(Body):
    """Why a reading was set aside; it stays in the record."""

    reason: Annotated[str, ShortText(500, least=1)]


class ReadingIn(Body):
    """A reading whose reference moves with it, or that was set aside."""

    indication: DecimalText
    reference: DecimalText | None = None
    excluded: ReadingExclusion | None = None


Readings = Annotated[list[DecimalText | ReadingIn], Field(max_length=MOST_READINGS)]


class StandardIn(Body):
    """A reference standard that was used for the whole record."""

    equipment_id: Identifier


class ProviderIn(Body):
    """Who did the work: the own laboratory, or one outside with its certificate."""

    type: Literal["internal", "external"] = "internal"
    supplier_id: Identifier | None = None
    certificate_number: Line = ""
    certificate_date: Date | None = None
    file_id: Identifier | None = None


class PointIn(Body):
    """One test point; all values in its unit. Limits, or a tolerance from which they follow."""

    id: Annotated[str, ShortText(40, least=1)] | None = None
    section: Line = ""
    parameter: Annotated[str, ShortText(200, least=1)]
    unit: Unit
    nominal: DecimalText
    reference_value: DecimalText | None = None
    range: Line = ""
    direction: Literal["up", "down", "single"] | None = None
    channel: Line | None = None
    test_condition: Line | None = None
    lower_limit: DecimalText | None = None
    upper_limit: DecimalText | None = None
    tolerance: dict[str, Any] | None = None
    resolution: DecimalText | None = None
    expanded_uncertainty: DecimalText | None = None
    coverage_factor: DecimalText | None = None
    reading_of: ReadingOf = "uut"
    in_scope: bool = True
    not_tested_reason: Line | None = None
    as_found: Readings = Field(default_factory=list)
    as_left: Readings = Field(default_factory=list)
    standard_ids: Annotated[list[Identifier], Field(max_length=MOST_STANDARDS)] = Field(
        default_factory=list
    )


class CalibrationReplacement(Body):
    """A calibration, as PUT replaces it: a member that is left out takes its default."""

    equipment_id: Identifier
    schedule_id: Identifier | None = None
    procedure_id: Identifier | None = None
    method: Annotated[str, ShortText(300)] = ""
    kind: Kind
    performed_at: Moment
    performed_by_id: Identifier | None = None
    started_at: Moment | None = None
    finished_at: Moment | None = None
    received_on: Date | None = None
    condition_received: Text = ""
    condition_returned: Text = ""
    place: Line = ""
    location_id: Identifier | None = None
    customer_id: Identifier | None = None
    work_order_ref: Short = ""
    provider: ProviderIn = Field(default_factory=ProviderIn)
    reported_result: Reported | None = None
    decision_rule: Short = "simple_acceptance"
    guard_band_factor: DecimalText | None = None
    decision_rule_agreed: bool = False
    conformity_requested: bool = True
    interval_agreed: bool = False
    environment: Annotated[
        dict[Annotated[str, ShortText(60, least=1)], DecimalText], Field(max_length=20)
    ] = Field(default_factory=dict)
    deviation_reason: Text | None = None
    standards: Annotated[list[StandardIn], Field(max_length=MOST_STANDARDS)] = Field(
        default_factory=list
    )
    points: Annotated[list[PointIn], Field(max_length=MOST_POINTS)] = Field(default_factory=list)
    adjusted: bool = False
    as_found_na_reason: Text | None = None
    limitation: Text | None = None
    notes: Prose = ""


class CalibrationIn(CalibrationReplacement):
    """A new calibration; ``submit`` hands it in at once."""

    submit: bool = False


CalibrationChange = partial(CalibrationReplacement, "CalibrationChange")


class SigningIn(Body):
    """A signature: the password once more, and what the signature means."""

    password: Password | None = None
    meaning: Meaning | None = None


class ReasonIn(Body):
    """Why a record is rejected, declared void or amended."""

    reason: Reason


class EvaluationOut(Shape):
    """The verdict on a test point in one phase, with the figures behind it."""

    mean: DecimalText | None
    error: DecimalText | None
    tur: DecimalText | None
    acceptance_lower: DecimalText | None
    acceptance_upper: DecimalText | None
    result: ResultName


class LimitsOut(Shape):
    """Limits that follow from the tolerance, or as they were given."""

    lower: DecimalText | None
    upper: DecimalText | None


class ReadingOut(Shape):
    """A reading as it came in."""

    indication: DecimalText
    reference: DecimalText | None = None
    excluded: dict[str, str] | None = None


class StandardOut(Shape):
    """A reference standard that was used for the whole record."""

    equipment_id: Identifier


class PointOut(Shape):
    """One test point with its evaluations."""

    id: str
    section: str
    parameter: str
    unit: str
    nominal: DecimalText
    reference_value: DecimalText | None
    range: str
    direction: Literal["up", "down", "single"] | None
    channel: str | None
    test_condition: str | None
    lower_limit: DecimalText | None
    upper_limit: DecimalText | None
    tolerance: dict[str, Any] | None
    resolution: DecimalText | None
    expanded_uncertainty: DecimalText | None
    coverage_factor: DecimalText | None
    reading_of: ReadingOf
    in_scope: bool
    not_tested_reason: str | None
    as_found: list[DecimalText | ReadingOut]
    as_left: list[DecimalText | ReadingOut]
    standard_ids: list[Identifier]
    limits: LimitsOut
    as_found_evaluation: EvaluationOut
    as_left_evaluation: EvaluationOut


class ProviderOut(Shape):
    """Who did the work; ``unknown`` for what was imported without readings."""

    type: Literal["internal", "external", "unknown"]
    supplier_id: Identifier | None
    certificate_number: str
    certificate_date: Date | None
    file_id: Identifier | None


class InstrumentOut(Shape):
    """The instrument that was calibrated."""

    id: Identifier
    asset_tag: str
    name: str


class SignatureOut(Shape):
    """Who signed, in which meaning; ``valid``: the record is still what was signed."""

    name: str
    meaning: Meaning
    at: Moment
    valid: bool


class CalibrationOut(Shape):
    """A calibration with its points and verdicts."""

    id: Identifier
    number: str | None
    state: StateName
    state_reason: str | None
    revision: int
    amends_id: Identifier | None
    equipment_id: Identifier
    equipment: InstrumentOut
    schedule_id: Identifier | None
    procedure_id: None
    method: str
    kind: Kind
    is_historical: bool
    performed_at: Moment
    performed_on: Date
    performed_by_id: Identifier | None
    performed_by: str
    started_at: Moment | None
    finished_at: Moment | None
    received_on: Date | None
    condition_received: str
    condition_returned: str
    place: str
    location_id: Identifier | None
    customer_id: Identifier | None
    work_order_ref: str
    provider: ProviderOut
    reported_result: Reported | None
    decision_rule: str
    guard_band_factor: DecimalText | None
    decision_rule_agreed: bool
    conformity_requested: bool
    interval_agreed: bool
    environment: dict[str, DecimalText]
    deviation_reason: str | None
    standards: list[StandardOut]
    points: list[PointOut]
    adjusted: bool
    as_found_na_reason: str | None
    limitation: str | None
    notes: str
    as_found_result: ResultName
    as_left_result: ResultName
    next_due_on: Date | None
    certificate_number: str | None
    submitted_at: Moment | None
    approved_at: Moment | None
    approved_by: str
    engine_version: str
    inputs_hash: str
    created_at: Moment
    updated_at: Moment


class CalibrationDetail(CalibrationOut):
    """A calibration by itself, with its signatures."""

    signatures: list[SignatureOut]
