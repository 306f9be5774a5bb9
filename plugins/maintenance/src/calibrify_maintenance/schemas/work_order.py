"""Work orders on the wire: what may be sent, and what comes back."""

from typing import Annotated, Literal

from pydantic import Field

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

TypeName = Literal["preventive", "corrective", "inspection", "cleaning"]
PriorityName = Literal["low", "normal", "high", "urgent"]
StatusName = Literal["requested", "scheduled", "in_progress", "on_hold", "completed", "cancelled"]
ItemKindName = Literal["number", "text", "pass_fail", "photo"]
Title = Annotated[str, ShortText(200, least=1)]
Reason = Annotated[str, ShortText(2_000, least=1, lines=True)]
Minutes = Annotated[int, Field(ge=0, le=10_000_000)]
Price = Annotated[ExactDecimal, Field(ge=0)]
MOST_ITEMS = 200


class ItemIn(Body):
    """One item of a checklist; a number may have a unit and limits."""

    id: Annotated[str, ShortText(40, least=1)] | None = None
    kind: ItemKindName
    label: Annotated[str, ShortText(300, least=1)]
    required: bool = True
    unit: Annotated[str, ShortText(50)] = ""
    lower_limit: DecimalText | None = None
    upper_limit: DecimalText | None = None


Checklist = Annotated[list[ItemIn], Field(max_length=MOST_ITEMS)]


class WorkOrderReplacement(Body):
    """A work order, as PUT replaces it: a member that is left out takes its default."""

    type: TypeName = "corrective"
    title: Title
    description: Prose = ""
    priority: PriorityName = "normal"
    due_on: Date | None = None
    scheduled_date: Date | None = None
    assigned_to_id: Identifier | None = None
    assigned_group_id: Identifier | None = None
    work_done: Prose = ""
    labour_minutes: Minutes | None = None
    cost: Price | None = None
    downtime_minutes: Minutes | None = None
    failure_code: Annotated[str, ShortText(60)] = ""
    affects_calibration: bool = False
    checklist: Checklist = Field(default_factory=list)


class WorkOrderIn(WorkOrderReplacement):
    """A new work order: with a day it is scheduled, without one it is requested."""

    equipment_id: Identifier


WorkOrderChange = partial(WorkOrderReplacement, "WorkOrderChange")


class ScheduleIn(Body):
    """When the work is to be done, and perhaps by whom."""

    scheduled_date: Date
    assigned_to_id: Identifier | None = None
    assigned_group_id: Identifier | None = None


class StartIn(Body):
    """The beginning of the work; the instrument may be taken out of use with it."""

    take_out_of_service: bool = False


class ReasonIn(Body):
    """What the work waits for, or why it will not be done."""

    reason: Reason


class CompletionIn(Body):
    """What came of the work; members that are left out stay as they are."""

    work_done: Prose | None = None
    labour_minutes: Minutes | None = None
    cost: Price | None = None
    downtime_minutes: Minutes | None = None
    failure_code: Annotated[str, ShortText(60)] | None = None
    affects_calibration: bool | None = None
    return_to_service: bool = False
    override_reason: Annotated[str, ShortText(2_000, lines=True)] = ""
    password: Annotated[str, Field(max_length=1_024)] | None = None
    meaning: Literal["performed", "reviewed", "approved"] | None = None


class AnswerIn(Body):
    """The answer to one item: a number, words, ``pass`` or ``fail``, or the id of a photo."""

    id: Annotated[str, ShortText(40, least=1)]
    answer: DecimalText | Annotated[str, ShortText(2_000, lines=True)] | None
    note: Annotated[str, ShortText(2_000, lines=True)] = ""


class AnswersIn(Body):
    """Answers to some items of the checklist."""

    answers: Annotated[list[AnswerIn], Field(min_length=1, max_length=MOST_ITEMS)]


class ItemOut(Shape):
    """One item of a checklist; ``in_order`` is null where nothing says what order is."""

    id: str
    kind: ItemKindName
    label: str
    required: bool
    unit: str
    lower_limit: DecimalText | None
    upper_limit: DecimalText | None
    answer: str | None
    note: str
    in_order: bool | None
    answered_by: str
    answered_at: Moment | None


class PartOut(Shape):
    """What was taken from stock."""

    part_id: Identifier
    number: str
    name: str
    quantity: DecimalText
    unit: str
    cost: DecimalText | None


class InstrumentOut(Shape):
    """The instrument that the work is about."""

    id: Identifier
    asset_tag: str
    name: str


class WorkOrderOut(Shape):
    """A work order."""

    id: Identifier
    number: str
    equipment_id: Identifier
    equipment: InstrumentOut
    plan_id: Identifier | None
    type: TypeName
    title: str
    description: str
    priority: PriorityName
    status: StatusName
    status_reason: str | None
    overdue: bool
    requested_by_id: Identifier | None
    requested_by: str
    due_on: Date | None
    scheduled_date: Date | None
    started_at: Moment | None
    completed_at: Moment | None
    completed_date: Date | None
    completed_by: str
    assigned_to_id: Identifier | None
    assigned_group_id: Identifier | None
    checklist: list[ItemOut]
    parts: list[PartOut]
    work_done: str
    labour_minutes: int | None
    cost: DecimalText | None
    total_cost: DecimalText | None
    downtime_minutes: int | None
    failure_code: Line
    affects_calibration: bool
    signature_required: bool
    created_at: Moment
    updated_at: Moment


class SignatureOut(Shape):
    """Who signed; ``valid``: the work order is still what was signed."""

    name: str
    meaning: Literal["performed", "reviewed", "approved"]
    at: Moment
    valid: bool


class WorkOrderDetail(WorkOrderOut):
    """A work order by itself, with its signatures and what may follow."""

    signatures: list[SignatureOut]
    allowed: list[StatusName]
