"""What becomes of a record: handed in, approved, rejected, declared void or amended."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.decisions import Result
from calibrify_calibration.domain.schedules import BAD, CALIBRATIONS, fulfils, is_good
from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.events import (
    CalibrationAmended,
    CalibrationApproved,
    CalibrationRejected,
    CalibrationSubmitted,
    CalibrationVoided,
    OutOfToleranceFound,
)
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.permissions import APPROVE, RECORD, VOID
from calibrify_calibration.services import calibrations, certificates
from calibrify_calibration.services.derivation import InstrumentDue, fact_of
from calibrify_calibration.services.entries import check_complete, entered, uses_of
from calibrify_calibration.services.problems import check_step
from calibrify_calibration.services.signatures import sign
from calibrify_calibration.services.standards import ABSENT, check_standards
from calibrify_calibration.services.states import refresh_states
from calibrify_core.auth.confirmation import Confirmed
from calibrify_core.kernel.errors import Conflict, Forbidden, Invalid
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import move_equipment_on


def needs_signature(unit: UnitOfWork) -> bool:
    """Tells whether the organisation asks for a signature at submission."""
    return calibrations.needs_signature(unit)


def submit(
    unit: UnitOfWork, record_id: uuid.UUID, confirmed: Confirmed | None = None
) -> Calibration:
    """Hands a draft in for review.

    Args:
        unit: the unit of work.
        record_id: which record.
        confirmed: the performer's password was given again; needed by policy only.

    Raises:
        NotFound: the record does not exist for the author.
        Conflict: it is no draft.
        Invalid: something of it is missing.
        Forbidden: the organisation asks for a signature.
    """
    calibration = calibrations.find(unit, record_id, RECORD, lock=True)
    check_step(calibration.state, RecordState.SUBMITTED)
    return hand_in(unit, calibration, confirmed)


def hand_in(
    unit: UnitOfWork, calibration: Calibration, confirmed: Confirmed | None = None
) -> Calibration:
    """Hands in a draft that the author has just written or locked; see `submit`."""
    if confirmed is None:
        calibrations.require_unsigned(unit)
    check_complete(calibration)
    if confirmed is not None:
        sign(unit, calibration, confirmed)
    calibration.state = RecordState.SUBMITTED.value
    calibration.submitted_at = unit.trade_now()
    calibration.state_reason = None
    unit.session.flush()
    unit.publish(
        CalibrationSubmitted(calibration.id, calibration.equipment_id, calibration.number or "")
    )
    return calibration


def approve(
    unit: UnitOfWork, record_id: uuid.UUID, confirmed: Confirmed | None = None
) -> Calibration:
    """Puts a submitted record in force: it moves the due date, and its certificate is issued.

    Args:
        unit: the unit of work.
        record_id: which record.
        confirmed: the approver's password was given again; only the system itself needs none.

    Raises:
        NotFound: the record does not exist for the author.
        Conflict: it was not submitted.
        Forbidden: nobody signed, or the performer approves where duties are separate.
        Invalid: a standard may not have been used, or a mandatory particular is missing.
    """
    calibration = calibrations.find(unit, record_id, APPROVE, lock=True)
    check_step(calibration.state, RecordState.APPROVED)
    if confirmed is None and unit.actor.kind != "system":
        raise Forbidden("An approval is signed with the password of whoever approves.")
    _separate(unit, calibration)
    check_complete(calibration)
    _check_standards(unit, calibration)
    if confirmed is not None:
        sign(unit, calibration, confirmed)
    calibration.state = RecordState.APPROVED.value
    calibration.approved_at = unit.trade_now()
    calibration.approved_by_id = unit.actor.user_id
    calibration.approved_by = unit.actor.name[:200]
    certificates.draw_number(unit, calibration)
    due = refresh_states(unit, [calibration.equipment_id]).get(calibration.equipment_id)
    calibration.next_due_on = _next_due(unit, calibration, due)
    certificate = certificates.issue(unit, calibration)
    unit.publish(
        CalibrationApproved(
            calibration.id,
            calibration.equipment_id,
            calibration.number or "",
            calibration.outcome,
            certificate.id,
        )
    )
    _tell_of_tolerance(unit, calibration)
    return calibration


def reject(unit: UnitOfWork, record_id: uuid.UUID, reason: str) -> Calibration:
    """Sends a submitted record back; its readings are kept.

    Raises:
        NotFound: the record does not exist for the author.
        Conflict: it was not submitted.
        Invalid: there is no reason.
    """
    calibration = calibrations.find(unit, record_id, APPROVE, lock=True)
    check_step(calibration.state, RecordState.REJECTED)
    _step(unit, calibration, RecordState.REJECTED, reason)
    unit.publish(
        CalibrationRejected(
            calibration.id, calibration.equipment_id, calibration.number or "", reason
        )
    )
    return calibration


def void(unit: UnitOfWork, record_id: uuid.UUID, reason: str) -> Calibration:
    """Withdraws an approved record; it stays readable, and the due date is derived again.

    Raises:
        NotFound: the record does not exist for the author.
        Conflict: it is not approved.
        Invalid: there is no reason.
    """
    calibration = calibrations.find(unit, record_id, VOID, lock=True)
    check_step(calibration.state, RecordState.VOID)
    _step(unit, calibration, RecordState.VOID, reason)
    certificates.withdraw(unit, calibration, reason)
    refresh_states(unit, [calibration.equipment_id])
    unit.publish(
        CalibrationVoided(
            calibration.id, calibration.equipment_id, calibration.number or "", reason
        )
    )
    return calibration


def amend(
    unit: UnitOfWork,
    record_id: uuid.UUID,
    reason: str,
    values: Mapping[str, Any] | None = None,
) -> Calibration:
    """Opens a new draft that amends an approved record, which is superseded by it.

    Args:
        unit: the unit of work.
        record_id: the record that is wrong.
        reason: what is wrong.
        values: members that the draft starts with instead of those of the record.

    Raises:
        NotFound: the record does not exist for the author.
        Conflict: it is not approved, or was imported without readings.
        Invalid: there is no reason, or a member is wrong.
    """
    old = calibrations.find(unit, record_id, VOID, lock=True)
    check_step(old.state, RecordState.SUPERSEDED)
    if old.is_historical:
        raise Conflict("It was imported without readings: declare it void.", allowed=["void"])
    _step(unit, old, RecordState.SUPERSEDED, reason)
    certificates.supersede(unit, old)
    draft = calibrations.record(unit, {**entered(old), **(values or {})}, amends=old)
    refresh_states(unit, [old.equipment_id])
    unit.publish(CalibrationAmended(old.id, draft.id, old.equipment_id, reason))
    return draft


def _step(unit: UnitOfWork, calibration: Calibration, wanted: RecordState, reason: str) -> None:
    """Takes a step that needs a reason."""
    if not reason.strip():
        raise Invalid.field("reason", "Say why.")
    unit.reason = reason
    calibration.state = wanted.value
    calibration.state_reason = reason
    unit.session.flush()


def _check_standards(unit: UnitOfWork, calibration: Calibration) -> None:
    """Asks again for the standards: between submission and now one may have failed.

    Raises:
        Invalid: naming each that may not have been used.
    """
    errors = check_standards(
        unit,
        calibration.equipment_id,
        tuple(uses_of(entered(calibration))),
        calibration.performed_at,
        calibration.performed_on,
    )
    # One that the approver cannot see was checked when the record was written.
    if errors := [error for error in errors if error.detail != ABSENT]:
        raise Invalid(errors)


def _separate(unit: UnitOfWork, calibration: Calibration) -> None:
    """Keeps performers from approving their own work, where the organisation says so."""
    if not unit.policy("separation_of_duties") or unit.actor.user_id is None:
        return
    if unit.actor.user_id == calibration.performed_by_id:
        raise Forbidden("Whoever performed a calibration does not approve it here.")


def _next_due(unit: UnitOfWork, calibration: Calibration, due: InstrumentDue | None) -> date | None:
    """Returns the due date that a record leads to, None if it moves none."""
    conditional = bool(unit.policy("accept_conditional_pass"))
    outcome = Result(calibration.outcome)
    if due is None or not is_good(outcome, accept_conditional_pass=conditional):
        return None
    fact = fact_of(calibration)
    found = [
        state.ordinary_due_on
        for schedule, state in due.pairs
        if fulfils(fact, schedule)
        and state.last_accepted_on == calibration.performed_on
        and state.ordinary_due_on is not None
    ]
    return min(found, default=None)


def _tell_of_tolerance(unit: UnitOfWork, calibration: Calibration) -> None:
    """Tells of an instrument that came or left out of tolerance, and quarantines by policy."""
    found = calibration.as_found_result is not None and Result(calibration.as_found_result) in BAD
    left = Result(calibration.outcome) in BAD
    for phase, bad in (("as_found", found), ("as_left", left)):
        if bad:
            unit.publish(
                OutOfToleranceFound(
                    calibration.id, calibration.equipment_id, phase, calibration.performed_on
                )
            )
    if left and unit.policy("quarantine_on_fail") and _is_latest(unit, calibration):
        move_equipment_on(
            unit,
            calibration.equipment_id,
            "quarantined",
            f"Calibration {calibration.number} found it out of tolerance.",
        )


def _is_latest(unit: UnitOfWork, calibration: Calibration) -> bool:
    """Tells whether no later calibration speaks for the instrument again."""
    later = (
        unit.restrict(sa.select(Calibration.id), Calibration, APPROVE)
        .where(
            Calibration.equipment_id == calibration.equipment_id,
            Calibration.state == RecordState.APPROVED.value,
            Calibration.performed_at > calibration.performed_at,
            Calibration.is_historical.is_(False),
            Calibration.kind.in_([kind.value for kind in CALIBRATIONS]),
        )
        .limit(1)
    )
    return unit.session.execute(later).first() is None
