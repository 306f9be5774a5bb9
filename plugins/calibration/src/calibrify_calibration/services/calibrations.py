"""Calibration records: writing them down, changing and finding them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.states import RecordState, is_editable
from calibrify_calibration.events import CalibrationRecorded, CalibrationSubmitted
from calibrify_calibration.models.calibration import Calibration, StandardUse
from calibrify_calibration.permissions import RECORD, VIEW
from calibrify_calibration.services.entries import DEFAULTS, check_complete, check_entry, entered
from calibrify_calibration.services.points import point_changes
from calibrify_calibration.services.problems import not_editable
from calibrify_calibration.services.standards import keep_uses
from calibrify_core.kernel.errors import Forbidden, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import EquipmentFacts

SERIES = "calibration.calibration"


def find(
    unit: UnitOfWork, record_id: uuid.UUID, permission: str = VIEW, *, lock: bool = False
) -> Calibration:
    """Returns a record.

    Args:
        unit: the unit of work.
        record_id: which one.
        permission: whose scope it must lie in.
        lock: hold it until the transaction ends, so that no two people decide on it at once.

    Raises:
        NotFound: it does not exist, or lies outside of what the permission reaches.
    """
    statement = unit.select(Calibration, permission).where(Calibration.id == record_id)
    if lock:
        statement = statement.with_for_update(of=Calibration)
    found = unit.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("This calibration does not exist.")
    return found


@dataclass(frozen=True, slots=True)
class Written:
    """A record that was just written down.

    Attributes:
        record: the record.
        instrument: what is known of its instrument, which was looked up anyway.
    """

    record: Calibration
    instrument: EquipmentFacts


def record(
    unit: UnitOfWork, values: Mapping[str, Any], *, amends: Calibration | None = None
) -> Calibration:
    """Writes a new record down, as a draft; see `write_down`."""
    return write_down(unit, values, amends=amends).record


def write_down(
    unit: UnitOfWork,
    values: Mapping[str, Any],
    *,
    amends: Calibration | None = None,
    submit: bool = False,
) -> Written:
    """Writes a new record down, as a draft or handed in at once.

    Args:
        unit: the unit of work.
        values: checked members as `schemas.calibration.CalibrationReplacement` names them.
        amends: the record that this one amends.
        submit: whether it is handed in.

    Raises:
        Forbidden: nobody said that the author may do this anywhere, or a submission is signed
            in this organisation.
        Invalid: with every problem.
    """
    unit.access.require(RECORD)
    if submit:
        require_unsigned(unit)
    entry = check_entry(unit, values)
    calibration = Calibration(
        id=new_id(),
        organisation_id=unit.organisation.id,
        amends_id=None if amends is None else amends.id,
        revision=0 if amends is None else amends.revision + 1,
        **entry.columns,
    )
    if submit:
        check_complete(calibration)
        calibration.state = RecordState.SUBMITTED.value
        calibration.submitted_at = unit.trade_now()
    # Last, for whoever draws a number holds up all others until the end.
    calibration.number = unit.next_number(SERIES)
    unit.add(calibration)
    unit.session.flush()
    keep_uses(unit, calibration.id, entry.uses, new=True)
    made = (calibration.id, calibration.equipment_id, calibration.number)
    unit.publish(CalibrationRecorded(*made, calibration.kind))
    if submit:
        unit.publish(CalibrationSubmitted(*made))
    return Written(calibration, entry.instrument)


def needs_signature(unit: UnitOfWork) -> bool:
    """Tells whether the organisation asks for a signature at submission."""
    return bool(unit.policy("sign_on_submit"))


def require_unsigned(unit: UnitOfWork) -> None:
    """Checks that a record may be handed in without a signature.

    Raises:
        Forbidden: the organisation asks for one.
    """
    if unit.actor.kind != "system" and needs_signature(unit):
        raise Forbidden("This organisation asks for a signature at submission.")


def change(unit: UnitOfWork, calibration: Calibration, values: Mapping[str, Any]) -> Calibration:
    """Changes members of a draft; a rejected record becomes a draft again by it.

    Args:
        unit: the unit of work.
        calibration: from `find` with `RECORD`.
        values: the members that change.

    Raises:
        Conflict: its state does not let it change.
        Invalid: with every problem.
    """
    check_editable(calibration)
    entry = check_entry(unit, {**entered(calibration), **values})
    before = calibration.points
    changed = {
        name: value for name, value in entry.columns.items() if value != getattr(calibration, name)
    }
    if calibration.state == RecordState.REJECTED.value:
        changed["state"] = RecordState.DRAFT.value
    if not changed:
        return calibration
    for name, value in changed.items():
        setattr(calibration, name, value)
    unit.session.flush()
    if "points" in changed:
        readings = point_changes(before, calibration.points)
        if readings:
            unit.audit("update", "calibration", calibration.id, calibration.audit_label(), readings)
    keep_uses(unit, calibration.id, entry.uses, new=False)
    return calibration


def replace(unit: UnitOfWork, calibration: Calibration, values: Mapping[str, Any]) -> Calibration:
    """Replaces all members of a draft; one that is absent takes its default.

    Raises:
        Conflict: as `change`.
        Invalid: as `change`.
    """
    return change(unit, calibration, {**DEFAULTS, **values})


def reopen(unit: UnitOfWork, calibration: Calibration) -> Calibration:
    """Makes a rejected record a draft again; its readings are kept.

    Raises:
        Conflict: it was not rejected.
    """
    if calibration.state != RecordState.REJECTED.value:
        raise not_editable(calibration.state)
    calibration.state = RecordState.DRAFT.value
    unit.session.flush()
    return calibration


def discard(unit: UnitOfWork, calibration: Calibration) -> None:
    """Deletes a draft that was never handed in.

    Raises:
        Conflict: it is part of the history.
    """
    if calibration.state != RecordState.DRAFT.value or calibration.submitted_at is not None:
        raise not_editable(calibration.state)
    unit.session.execute(sa.delete(StandardUse).where(StandardUse.record_id == calibration.id))
    unit.session.delete(calibration)
    unit.session.flush()


def check_editable(calibration: Calibration) -> None:
    """Refuses to change what was handed in, approved or withdrawn.

    Raises:
        Conflict: with the states that are ``allowed``.
    """
    state = RecordState(calibration.state)
    if not is_editable(state) and state is not RecordState.REJECTED:
        raise not_editable(calibration.state)
