"""The calibration plan of an instrument that is just being entered."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from calibrify_calibration.pages.wording import UNITS, options
from calibrify_calibration.permissions import SCHEDULE_CHANGE
from calibrify_calibration.schemas.schedule import ScheduleIn
from calibrify_calibration.services import schedules, states
from calibrify_core.kernel.errors import FieldError, Invalid
from calibrify_core.web.forms import FormField, Section, validated

NEEDED = (("yes", "It is needed"), ("no", "It is not required"))
FIELDS = (
    FormField("plan.needed", "A calibration", "select", required=True, options=NEEDED),
    FormField("plan.reason", "Why not", hint="Where none is required", extra={"maxlength": 500}),
    FormField("plan.value", "Every", "number", mono=True,
              extra={"min": 1, "max": 1_000_000, "inputmode": "numeric"}),
    FormField("plan.unit", "Unit", "select", required=True, options=options(UNITS)),
    FormField("plan.opening_due_on", "First due on", "date"),
)  # fmt: skip
HINT = "Blank, nothing falls due until a schedule is set on its page."


def plan_section(unit: Any) -> Section | None:
    """Returns what is asked of a new instrument, of who may set schedules."""
    if not unit.access.permits(SCHEDULE_CHANGE):
        return None
    return Section("Calibration plan", FIELDS, HINT)


def write_plan(unit: Any, equipment_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Sets what was answered: that no calibration is required and why, or the first schedule.

    Args:
        unit: the unit of work.
        equipment_id: the new instrument.
        values: by field.

    Raises:
        Invalid: a value does not fit.
    """
    every, due_on = values["plan.value"], values["plan.opening_due_on"]
    if values["plan.needed"] == "no":
        try:
            states.set_requirement(unit, equipment_id, False, values["plan.reason"] or "")
        except Invalid as error:
            raise _about(error, "reason") from None
    elif every or due_on:
        number = int(every) if every and every.isascii() and every.isdigit() else every
        interval = {"value": number, "unit": values["plan.unit"]} if every else None
        body = {"equipment_id": str(equipment_id), "interval": interval, "opening_due_on": due_on}
        try:
            schedules.create(unit, validated(ScheduleIn, body).model_dump())
        except Invalid as error:
            raise _about(error, "value") from None


def _about(error: Invalid, otherwise: str) -> Invalid:
    """Returns an error with the fields that it is about."""
    fields = {"opening_due_on", "unit"}
    return Invalid(
        [
            FieldError(f"/plan.{last if last in fields else otherwise}", one.detail)
            for one in error.errors
            for last in (one.pointer.rpartition("/")[2],)
        ]
    )
