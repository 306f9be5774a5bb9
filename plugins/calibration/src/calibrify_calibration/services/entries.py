"""What is entered into a record, checked as a whole: every problem with its pointer."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.decisions import Result
from calibrify_calibration.domain.evaluations import worst
from calibrify_calibration.domain.schedules import (
    RecordKind,
    ReportedResult,
    ScheduleKind,
    can_fulfil,
    reported_outcome,
)
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.reach import tell_tag
from calibrify_calibration.models.schedule import CalibrationSchedule
from calibrify_calibration.permissions import RECORD, SCHEDULE_VIEW
from calibrify_calibration.services.points import (
    ENGINE_VERSION,
    Judged,
    hash_of,
    judge,
    unadjusted_problems,
)
from calibrify_calibration.services.standards import ABSENT, Use, check_standards
from calibrify_core.kernel.errors import FieldError, Invalid
from calibrify_core.records.files import StoredFile
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import (
    EquipmentFacts,
    equipment_by_id,
    name_of_person,
    unknown_references,
)

EARLIEST = date(1900, 1, 1)
LATEST = date(2200, 12, 31)
PLAIN = (
    "schedule_id",
    "method",
    "kind",
    "performed_at",
    "started_at",
    "finished_at",
    "received_on",
    "condition_received",
    "condition_returned",
    "place",
    "location_id",
    "customer_id",
    "work_order_ref",
    "reported_result",
    "decision_rule",
    "guard_band_factor",
    "decision_rule_agreed",
    "conformity_requested",
    "interval_agreed",
    "environment",
    "deviation_reason",
    "adjusted",
    "as_found_na_reason",
    "limitation",
    "notes",
)
"""Members that are kept as they are sent."""

TEXTS = frozenset(
    {"method", "condition_received", "condition_returned", "place", "work_order_ref", "notes"}
)
DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(PLAIN),
    **dict.fromkeys(TEXTS, ""),
    "decision_rule": "simple_acceptance",
    "decision_rule_agreed": False,
    "conformity_requested": True,
    "interval_agreed": False,
    "environment": {},
    "adjusted": False,
    "procedure_id": None,
    "performed_by_id": None,
    "provider": {},
    "standards": [],
    "points": [],
}
_PROVIDER: Mapping[str, Any] = {
    "type": "internal",
    "supplier_id": None,
    "certificate_number": "",
    "certificate_date": None,
    "file_id": None,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A checked record.

    Attributes:
        instrument: the instrument under test.
        columns: of `Calibration`.
        uses: which standards were used, and where they are named.
    """

    instrument: EquipmentFacts
    columns: dict[str, Any]
    uses: tuple[Use, ...]


def _judged(facts: Mapping[str, Any]) -> Judged:
    """Judges the points that are entered.

    Raises:
        Invalid: with every problem of the points.
    """
    return judge(
        facts["points"],
        rule=facts["decision_rule"],
        factor=facts["guard_band_factor"],
        adjusted=facts["adjusted"],
        as_found_na_reason=facts["as_found_na_reason"],
        conformity=facts["conformity_requested"],
    )


def check_entry(unit: UnitOfWork, values: Mapping[str, Any]) -> Entry:
    """Checks all that is entered into a record, and judges its points.

    Args:
        unit: the unit of work.
        values: members as `schemas.calibration.CalibrationReplacement` names them; those that
            are absent take their defaults. Numbers are text.

    Raises:
        Invalid: with every problem.
    """
    facts = {**DEFAULTS, **values}
    facts |= {name: "" for name in TEXTS if facts[name] is None}
    provider = {**_PROVIDER, **(facts["provider"] or {})}
    instrument = equipment_by_id(unit, [facts["equipment_id"]], RECORD).get(facts["equipment_id"])
    performed_on = unit.local_date(facts["performed_at"])
    errors = [] if instrument else [FieldError("/equipment_id", ABSENT)]
    errors += [
        *_moments(unit, facts, performed_on),
        *_references(unit, facts, provider),
        *_provider(facts, provider),
        *_certificate_date(unit, provider["certificate_date"], performed_on),
    ]
    uses = tuple(uses_of(facts))
    errors += check_standards(
        unit, facts["equipment_id"], uses, facts["performed_at"], performed_on
    )
    judged: Judged | None = None
    try:
        judged = _judged(facts)
    except Invalid as error:
        errors += error.errors
    performer_id, performer = _performer(unit, facts["performed_by_id"])
    if performer is None:
        errors.append(FieldError("/performed_by_id", ABSENT))
    if errors or judged is None or instrument is None:
        raise Invalid(errors)
    tell_tag(unit.session, instrument.id, instrument.asset_tag)
    columns = {
        **{name: facts[name] for name in PLAIN},
        "equipment_id": instrument.id,
        "performed_on": performed_on,
        "performed_by_id": performer_id,
        "performed_by": (performer or "")[:200],
        "provider_type": provider["type"],
        **{name: provider[name] for name in _PROVIDER if name != "type"},
        "standards": [{"equipment_id": str(one["equipment_id"])} for one in facts["standards"]],
        "points": judged.points,
        "engine_version": ENGINE_VERSION,
        "inputs_hash": judged.inputs_hash,
        "as_found_result": judged.as_found_result.value,
        "as_left_result": judged.as_left_result.value,
        **_outcome(facts, judged),
    }
    return Entry(instrument, columns, uses)


def _performer(unit: UnitOfWork, user_id: uuid.UUID | None) -> tuple[uuid.UUID | None, str | None]:
    """Returns who performed the work, by default the author; no name for nobody we know."""
    if user_id is None:
        return unit.actor.user_id, unit.actor.name
    return user_id, name_of_person(unit, user_id)


def _outcome(facts: Mapping[str, Any], judged: Judged) -> dict[str, Any]:
    """Returns what counts for the due date: what was left, and what a certificate reports."""
    outcome, limited = judged.as_left_result, bool(facts["limitation"])
    if facts["reported_result"] is not None:
        reported, only = reported_outcome(ReportedResult(facts["reported_result"]))
        measured = [] if outcome in {Result.NOT_TESTED, Result.NOT_EVALUATED} else [outcome]
        outcome, limited = worst([reported, *measured]), limited or only
    return {"outcome": outcome.value, "is_limited": limited}


def uses_of(facts: Mapping[str, Any]) -> Iterator[Use]:
    """Yields the standards that a record names, and where."""
    for index, one in enumerate(facts["standards"]):
        identifier = uuid.UUID(str(one["equipment_id"]))
        yield f"/standards/{index}/equipment_id", None, identifier
    for index, point in enumerate(facts["points"]):
        for place, one in enumerate(point.get("standard_ids") or ()):
            name = str(point.get("id") or index + 1)
            yield f"/points/{index}/standard_ids/{place}", name, uuid.UUID(str(one))


def _moments(
    unit: UnitOfWork, facts: Mapping[str, Any], performed_on: date
) -> Iterator[FieldError]:
    """Yields what is wrong with dates and times."""
    if performed_on > unit.today():
        yield FieldError("/performed_at", "This lies in the future.")
    days = {
        "performed_at": performed_on,
        "started_at": facts["started_at"],
        "finished_at": facts["finished_at"],
        "received_on": facts["received_on"],
    }
    for name, value in days.items():
        day = value.date() if isinstance(value, datetime) else value
        if day is not None and not EARLIEST <= day <= LATEST:
            yield FieldError(f"/{name}", "This is too far from today to be meant.")
    started, finished = facts["started_at"], facts["finished_at"]
    if started is not None and finished is not None and finished < started:
        yield FieldError("/finished_at", "The end lies before the start.")


def _references(
    unit: UnitOfWork,
    facts: Mapping[str, Any],
    provider: Mapping[str, Any],
) -> Iterator[FieldError]:
    """Yields what does not exist for the author."""
    if facts["procedure_id"] is not None:
        yield FieldError("/procedure_id", ABSENT)
    if facts["schedule_id"] is not None:
        yield from _schedule(unit, facts)
    yield from unknown_references(unit, {"location_id": facts["location_id"]})
    if facts["customer_id"] is not None and unknown_references(
        unit, {"owner_id": facts["customer_id"]}
    ):
        yield FieldError("/customer_id", ABSENT)
    if provider["supplier_id"] is not None and unknown_references(
        unit, {"supplier_id": provider["supplier_id"]}
    ):
        yield FieldError("/provider/supplier_id", ABSENT)
    if provider["file_id"] is not None and not _has_file(unit, provider["file_id"], facts):
        yield FieldError(
            "/provider/file_id", "This file does not exist, or belongs to another instrument."
        )


def _has_file(unit: UnitOfWork, file_id: uuid.UUID, facts: Mapping[str, Any]) -> bool:
    """Tells whether a file hangs on the instrument, or on one of its calibrations."""
    statement = unit.select(StoredFile, RECORD).where(StoredFile.id == file_id)
    file = unit.session.scalars(statement).one_or_none()
    if file is None:
        return False
    if file.object_type == "equipment":
        return bool(file.object_id == facts["equipment_id"])
    if file.object_type != "calibration":
        return False
    owner = sa.select(Calibration.id).where(
        Calibration.id == file.object_id, Calibration.equipment_id == facts["equipment_id"]
    )
    return unit.session.execute(unit.restrict(owner, Calibration, RECORD)).first() is not None


def _schedule(unit: UnitOfWork, facts: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yields what is wrong with the schedule that a record names."""
    statement = unit.select(CalibrationSchedule, SCHEDULE_VIEW).where(
        CalibrationSchedule.id == facts["schedule_id"],
        CalibrationSchedule.equipment_id == facts["equipment_id"],
        CalibrationSchedule.active.is_(True),
    )
    schedule = unit.session.scalars(statement).one_or_none()
    if schedule is None:
        yield FieldError("/schedule_id", "This schedule does not exist for this instrument.")
    elif not can_fulfil(RecordKind(facts["kind"]), ScheduleKind(schedule.kind)):
        kind, wanted = facts["kind"].replace("_", " "), schedule.kind.replace("_", " ")
        yield FieldError("/schedule_id", f"A record of kind {kind} does not fulfil a {wanted}.")


def _provider(facts: Mapping[str, Any], provider: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yields what is wrong with the certificate of an outside laboratory, or the lack of one."""
    if provider["type"] == "external":
        if not provider["certificate_number"]:
            yield FieldError("/provider/certificate_number", "Give the number of the certificate.")
        return
    for name in ("supplier_id", "certificate_number", "certificate_date", "file_id"):
        if provider[name]:
            yield FieldError(f"/provider/{name}", "This belongs to an external provider.")
    if facts["reported_result"] is not None:
        yield FieldError("/reported_result", "This belongs to an external provider.")


def _certificate_date(
    unit: UnitOfWork, dated: date | None, performed_on: date
) -> Iterator[FieldError]:
    """Yields what is wrong with the day of a certificate: it follows the work, up to today."""
    if dated is None:
        return
    pointer = "/provider/certificate_date"
    if dated > unit.today():
        yield FieldError(pointer, "This lies in the future.")
    elif dated < performed_on:
        yield FieldError(pointer, "A certificate is not dated before the day of the calibration.")


def entered(record: Calibration) -> dict[str, Any]:
    """Returns a record as it was entered: what a change of single members starts from."""
    return {
        **{name: getattr(record, name) for name in PLAIN},
        "equipment_id": record.equipment_id,
        "performed_by_id": record.performed_by_id,
        "provider": {
            "type": record.provider_type,
            **{name: getattr(record, name) for name in _PROVIDER if name != "type"},
        },
        "standards": record.standards,
        "points": record.points,
    }


def record_hash(record: Calibration) -> str:
    """Returns the SHA-256 of all that a signature is bound to: any later change shows."""
    facts = entered(record)
    plain = {
        name: value if isinstance(value, str | bool | list | dict | int | None) else str(value)
        for name, value in facts.items()
        if name not in {"provider", "performed_at", "started_at", "finished_at"}
    }
    plain["provider"] = {name: str(value) for name, value in facts["provider"].items()}
    for name in ("performed_at", "started_at", "finished_at"):
        plain[name] = facts[name].isoformat() if facts[name] is not None else None
    plain |= {
        "id": str(record.id),
        "number": record.number,
        "revision": record.revision,
        "outcome": record.outcome,
        "engine_version": record.engine_version,
    }
    return hash_of(plain)


def check_complete(record: Calibration) -> None:
    """Refuses a record that is handed in although it lacks something or contradicts itself.

    Raises:
        Invalid: with everything that is missing or cannot be.
    """
    errors = list(unadjusted_problems(record.points, record.adjusted, record.as_found_na_reason))
    if record.provider_type == "external":
        if not record.points and record.reported_result is None:
            errors.append(
                FieldError("/reported_result", "Say what the certificate reports: pass or fail.")
            )
    elif not record.points:
        errors.append(FieldError("/points", "Give at least one test point."))
    for index, point in enumerate(record.points):
        if point["as_found"] or point["as_left"] or point["not_tested_reason"]:
            continue
        errors.append(
            FieldError(
                f"/points/{index}/as_found", "Give a reading, or say why nothing was measured."
            )
        )
    if errors:
        raise Invalid(errors)
