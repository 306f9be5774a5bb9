"""The calibration state of instruments: written where it changes, in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from calibrify_calibration.domain.schedules import CALIBRATIONS, DueState
from calibrify_calibration.domain.status import calibration_status, due_soon_on
from calibrify_calibration.events import DueDateChanged
from calibrify_calibration.models.reach import INSTRUMENTS
from calibrify_calibration.models.schedule import CalibrationSchedule
from calibrify_calibration.models.state import NOTHING_KNOWN, CalibrationState
from calibrify_calibration.permissions import SCHEDULE_CHANGE, VIEW
from calibrify_calibration.services.derivation import InstrumentDue, Known, derive, latest, load
from calibrify_calibration.services.facet import facts_of
from calibrify_core.audit.trail import write_entries
from calibrify_core.kernel.errors import Invalid
from calibrify_core.persistence.bulk import insert_later
from calibrify_core.work.unit import UnitOfWork

_STATE: Any = CalibrationState.__table__
_PLAN: Any = CalibrationSchedule.__table__
CHUNK = 1_000
MAX_REASON = 500


def open_states(unit: UnitOfWork, equipment_ids: Iterable[uuid.UUID]) -> None:
    """Inserts the rows of instruments that were just registered: a calibration is needed."""
    rows = [empty_row(unit.organisation.id, equipment_id) for equipment_id in equipment_ids]
    insert_later(unit.connection, _STATE, *rows)


def empty_row(organisation_id: uuid.UUID, equipment_id: uuid.UUID) -> dict[str, Any]:
    """Returns the row of an instrument of which nothing is known."""
    return {"equipment_id": equipment_id, "organisation_id": organisation_id, **NOTHING_KNOWN}


def fill_states(_platform: Any, session: Session) -> None:
    """Inserts the rows of all instruments that have none: for the time without this plugin."""
    missing = sa.select(
        INSTRUMENTS.c.id,
        INSTRUMENTS.c.organisation_id,
        sa.true(),
        sa.literal(""),
        sa.false(),
        sa.false(),
        sa.false(),
        sa.literal(""),
    ).where(~sa.exists().where(_STATE.c.equipment_id == INSTRUMENTS.c.id))
    names = [
        "equipment_id",
        "organisation_id",
        "required",
        "not_required_reason",
        "failed",
        "has_accepted",
        "is_limited",
        "last_certificate_number",
    ]
    session.connection().execute(sa.insert(_STATE).from_select(names, missing))


def refresh_states(
    unit: UnitOfWork, equipment_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, InstrumentDue]:
    """Derives due dates and states of some instruments again and writes what is different.

    Call it after whatever changes a schedule, the state of a record, or a category: in the same
    transaction, after a flush. A handful of statements, however many instruments there are.

    Args:
        unit: the unit of work.
        equipment_ids: which instruments.

    Returns:
        What follows, by instrument.
    """
    unit.session.flush()
    ordered = sorted(set(equipment_ids))
    result: dict[uuid.UUID, InstrumentDue] = {}
    for start in range(0, len(ordered), CHUNK):
        chunk = ordered[start : start + CHUNK]
        known = load(unit, chunk, lock=True)
        dues = {key: derive(unit, item) for key, item in known.items()}
        rows = {key: state_row(known[key], due) for key, due in dues.items()}
        _write(unit, known, rows)
        write_schedules(unit, known, dues)
        result |= dues
    return result


def state_row(known: Known, due: InstrumentDue) -> dict[str, Any]:
    """Returns the row of `CalibrationState` that follows for one instrument."""
    state, old = due.state, known.state
    full = [fact for fact in known.facts if fact.kind in CALIBRATIONS]
    last = latest(known, (fact for fact in full if not fact.is_historical)) or latest(known, full)
    certificate = "" if last is None else last.certificate_number or last.issued_number
    result = old.last_result
    if last is not None:
        result = last.reported_result if last.is_historical else last.outcome
    return {
        "equipment_id": old.equipment_id,
        "organisation_id": old.organisation_id,
        "required": old.required,
        "not_required_reason": old.not_required_reason,
        "failed": state.failed,
        "has_accepted": state.last_accepted_on is not None,
        "due_on": state.due_on,
        "ordinary_due_on": state.ordinary_due_on,
        "due_soon_on": due_soon_on(state.due_on, due.lead),
        "is_limited": state.is_limited,
        "last_calibrated_on": state.last_calibrated_on,
        "last_record_id": None if last is None else last.id,
        "last_result": result or old.last_result,
        "last_certificate_number": certificate or old.last_certificate_number,
        **_interval(state),
        "affected_from": old.affected_from,
        "affected_at": old.affected_at,
        "affected_by": old.affected_by,
        "recalibrate_after": old.affected_by if due.lapsed else None,
    }


def _interval(state: DueState) -> dict[str, Any]:
    """Returns the columns of an interval."""
    if state.interval is None:
        return {"interval_value": None, "interval_unit": None}
    return {"interval_value": state.interval.value, "interval_unit": state.interval.unit.value}


def _write(
    unit: UnitOfWork, known: Mapping[uuid.UUID, Known], rows: Mapping[uuid.UUID, dict[str, Any]]
) -> None:
    """Writes the rows that are different, and tells of due dates that moved."""
    changed = []
    for key, row in rows.items():
        old = known[key].state
        if any(getattr(old, name) != value for name, value in row.items()):
            changed.append(row)
    if not changed:
        return
    upsert_states(unit, changed)
    for row in changed:
        old = known[row["equipment_id"]].state
        if old.due_on != row["due_on"] or old.failed != row["failed"]:
            unit.publish(
                DueDateChanged(row["equipment_id"], old.due_on, row["due_on"], row["failed"])
            )


def mark_affected(
    unit: UnitOfWork, equipment_id: uuid.UUID, began_at: datetime, ended_at: datetime, source: str
) -> None:
    """Writes down that work may have changed how an instrument measures.

    From then on no calibration of before vouches for it; see `domain.lapses`.

    Args:
        unit: the unit of work.
        equipment_id: which instrument; one without a state is passed over.
        began_at: when the work began.
        ended_at: when it ended.
        source: what it was, for people.
    """
    known = load(unit, [equipment_id], lock=True).get(equipment_id)
    if known is None:
        return
    old = known.state
    began = max(began_at, old.affected_from or began_at)
    ended = max(ended_at, old.affected_at or ended_at)
    unit.session.connection().execute(
        sa.update(_STATE)
        .where(_STATE.c.equipment_id == equipment_id)
        .values(affected_from=began, affected_at=ended, affected_by=source[:200])
    )
    refresh_states(unit, [equipment_id])


def upsert_states(unit: UnitOfWork, rows: Sequence[dict[str, Any]]) -> None:
    """Inserts or replaces whole rows of `CalibrationState`, many at a time."""
    if not rows:
        return
    postgres = unit.session.get_bind().dialect.name == "postgresql"
    insert: Any = postgresql.insert(_STATE) if postgres else sqlite.insert(_STATE)
    kept = {
        name: insert.excluded[name]
        for name in rows[0]
        if name not in {"equipment_id", "organisation_id"}
    }
    unit.session.execute(
        insert.on_conflict_do_update(index_elements=["equipment_id"], set_=kept), list(rows)
    )


def write_schedules(
    unit: UnitOfWork,
    known: Mapping[uuid.UUID, Known],
    dues: Mapping[uuid.UUID, InstrumentDue],
) -> None:
    """Writes the derived columns of the schedules that are different."""
    changed = []
    for key, due in dues.items():
        for schedule_id, state in due.schedules.items():
            row = known[key].rows[schedule_id]
            derived = {
                "due_on": state.due_on,
                "ordinary_due_on": state.ordinary_due_on,
                "due_source": None if state.source is None else state.source.value,
                "last_accepted_on": state.last_accepted_on,
                "failed": state.failed,
            }
            if any(getattr(row, name) != value for name, value in derived.items()):
                changed.append({"key": schedule_id, **derived})
    if changed:
        names = [name for name in changed[0] if name != "key"]
        unit.session.connection().execute(
            sa.update(_PLAN)
            .where(_PLAN.c.id == sa.bindparam("key"))
            .values({name: sa.bindparam(name) for name in names}),
            changed,
        )


def set_requirement(
    unit: UnitOfWork, equipment_id: uuid.UUID, required: bool, reason: str = ""
) -> None:
    """Says whether an instrument needs a calibration, and why not.

    Args:
        unit: the unit of work.
        equipment_id: which instrument.
        required: whether it needs one.
        reason: why it needs none; empty where it does.

    Raises:
        NotFound: the instrument does not exist, or lies outside of what the author may change.
        Invalid: it shall need none, and nobody says why.
    """
    row = unit.find(CalibrationState, equipment_id, SCHEDULE_CHANGE)
    reason = "" if required else reason.strip()
    if not required and not reason:
        raise Invalid.field("calibration_not_required_reason", "Say why no calibration is needed.")
    if len(reason) > MAX_REASON:
        raise Invalid.field(
            "calibration_not_required_reason", f"Use at most {MAX_REASON} characters."
        )
    changes = {
        name: [old, new]
        for name, old, new in (
            ("calibration_required", row.required, required),
            ("calibration_not_required_reason", row.not_required_reason, reason),
        )
        if old != new
    }
    if not changes:
        return
    row.required, row.not_required_reason = required, reason
    write_entries(unit, [("update", "equipment", equipment_id, "", changes)])
    unit.session.flush()


def write_requirement(unit: UnitOfWork, equipment_id: uuid.UUID, named: Mapping[str, Any]) -> None:
    """Says what the body of an instrument names of it, as `set_requirement` does.

    Args:
        unit: the unit of work.
        equipment_id: which instrument.
        named: members of `schemas.schedule.RequirementMembers`.

    Raises:
        Forbidden: the author may change instruments and not what calibration they need.
        Invalid: it shall need none, and nobody says why.
    """
    unit.access.require(SCHEDULE_CHANGE)
    row = unit.find(CalibrationState, equipment_id, SCHEDULE_CHANGE)
    required = named.get("calibration_required", row.required)
    reason = named.get("calibration_not_required_reason", row.not_required_reason)
    set_requirement(unit, equipment_id, required, reason or "")


def requirement_of(unit: UnitOfWork, equipment_id: uuid.UUID) -> dict[str, Any]:
    """Returns whether an instrument needs a calibration, and what is known of it.

    Raises:
        NotFound: the instrument does not exist, or lies outside of what the author may see.
    """
    row = unit.find(CalibrationState, equipment_id, VIEW)
    return {
        "equipment_id": equipment_id,
        "calibration_required": row.required,
        "calibration_not_required_reason": row.not_required_reason,
        "calibration_status": calibration_status(facts_of(row), unit.today()).value,
        "last_calibrated_on": row.last_calibrated_on,
        "due_on": row.due_on,
    }
