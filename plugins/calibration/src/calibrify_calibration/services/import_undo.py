"""Taking back what an import told of the calibration of instruments."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.schedules import ScheduleKind
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.schedule import CalibrationSchedule
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.services.derivation import BECAUSE, Known, load
from calibrify_calibration.services.states import refresh_states
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.audit_trail import runs_since
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import ImportedChange, ImportUndo

_PLAN: Any = CalibrationSchedule.__table__
_RECORD: Any = Calibration.__table__
_STATE: Any = CalibrationState.__table__
_ENTERED = ("interval_value", "interval_unit", "opening_due_on")
_STATED = {
    "calibration_required": "required",
    "calibration_not_required_reason": "not_required_reason",
    "last_certificate_number": "last_certificate_number",
    "last_result": "last_result",
}
_REPORTED = ("pass", "fail", "limited")
EVER = uuid.UUID(int=0)
NEWER_PLAN = "A schedule of it was changed since."
NEWER_RECORD = "It was calibrated since."


def objections(unit: UnitOfWork, changes: Sequence[ImportedChange]) -> dict[uuid.UUID, str]:
    """Returns the instruments whose schedules or calibrations somebody worked on since.

    Args:
        unit: the unit of work.
        changes: what an import did to them; those that it left without a word to us and did not
            make are no concern of ours.
    """
    concerned = {
        change.equipment_id: change.entry_id
        for change in changes
        if change.created or MEMBERS & change.changes.keys()
    }
    found: dict[uuid.UUID, str] = {}
    for model, why in ((CalibrationSchedule, NEWER_PLAN), (Calibration, NEWER_RECORD)):
        owners = _owned(unit, model, list(concerned))
        marks = {key: concerned[owner] for key, owner in owners.items()}
        touched = runs_since(unit, model.__audit_type__, marks)
        found |= {owners[key]: why for key, _ in touched}
    return found


def _owned(unit: UnitOfWork, model: Any, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Returns the instruments of the rows of a class, by id of the row."""
    statement = sa.select(model.id, model.equipment_id).where(model.equipment_id.in_(ids))
    marked = unscoped(statement, model, because=BECAUSE)
    return {row.id: row.equipment_id for row in unit.session.execute(marked)}


@dataclass(slots=True)
class _Batch:
    """What a batch comes to, before it is written in a few statements."""

    states: list[dict[str, Any]] = field(default_factory=list)
    plans: list[dict[str, Any]] = field(default_factory=list)
    empty_plans: list[uuid.UUID] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    lost_records: list[uuid.UUID] = field(default_factory=list)


def take_back(unit: UnitOfWork, changes: Sequence[ImportedChange]) -> None:
    """Deletes the schedules and historical records of instruments that go, and restores others.

    Args:
        unit: the unit of work of the batch.
        changes: what an import did to instruments; to none of them there is an objection.
    """
    gone = [change.equipment_id for change in changes if change.created]
    stay = {change.equipment_id: change.changes for change in changes if not change.created}
    connection = unit.session.connection()
    if gone:
        for table in (_RECORD, _PLAN):
            connection.execute(sa.delete(table).where(table.c.equipment_id.in_(gone)))
    known = load(unit, list(stay), lock=True)
    batch = _Batch()
    for identifier, item in known.items():
        _plan(batch, item, stay[identifier])
    plans = {row["key"]: row for row in batch.plans}
    made_by_hand = {key for key, _ in runs_since(unit, _KIND, dict.fromkeys(plans, EVER))}
    for key, row in plans.items():
        # One that says nothing, and that no person entered, was made by the import.
        if key not in made_by_hand and all(row[name] is None for name in _ENTERED):
            batch.empty_plans.append(key)
            batch.plans.remove(row)
    _write(unit, batch)
    refresh_states(unit, stay)


def _plan(batch: _Batch, known: Known, changes: Mapping[str, tuple[Any, Any]]) -> None:
    """Adds to the batch what gives one instrument its former calibration facts."""
    former = {name: before for name, (before, _) in changes.items()}
    stated = {column: former[name] for name, column in _STATED.items() if name in former}
    if stated:
        present = {column: getattr(known.state, column) for column in _STATED.values()}
        batch.states.append({"key": known.state.equipment_id, **present, **stated})
    entered = {name: former[name] for name in _ENTERED if name in former}
    if entered.get("opening_due_on"):
        entered["opening_due_on"] = date.fromisoformat(entered["opening_due_on"])
    plan = next(
        (
            known.rows[key]
            for key in sorted(known.schedules)
            if known.schedules[key].kind is ScheduleKind.CALIBRATION
        ),
        None,
    )
    if entered and plan is not None:
        present = {name: getattr(plan, name) for name in _ENTERED}
        batch.plans.append({"key": plan.id, **present, **entered})
    if "last_calibrated_on" in changes:
        day = date.fromisoformat(changes["last_calibrated_on"][1])
        batch.lost_records += [
            known.records[fact.order].id
            for fact in known.facts
            if fact.is_historical and fact.performed_on == day
        ]
    elif {"last_certificate_number", "last_result"} & former.keys():
        _restate(batch, known, stated)


def _restate(batch: _Batch, known: Known, stated: Mapping[str, Any]) -> None:
    """Adds the former number and result of the latest historical record."""
    last = max(known.facts, key=lambda fact: fact.performed_at, default=None)
    if last is None or not last.is_historical:
        return
    row = known.records[last.order]
    result = stated.get("last_result", row.reported_result)
    batch.records.append(
        {
            "key": row.id,
            "certificate_number": stated.get("last_certificate_number", row.certificate_number),
            "reported_result": result if result in _REPORTED else None,
        }
    )


def _write(unit: UnitOfWork, batch: _Batch) -> None:
    """Writes what a batch came to."""
    connection = unit.session.connection()
    for table, ids in ((_RECORD, batch.lost_records), (_PLAN, batch.empty_plans)):
        if ids:
            connection.execute(sa.delete(table).where(table.c.id.in_(ids)))
    for table, rows in ((_PLAN, batch.plans), (_RECORD, batch.records), (_STATE, batch.states)):
        if not rows:
            continue
        values: dict[str, Any] = {
            name: sa.bindparam(f"new_{name}") for name in rows[0] if name != "key"
        }
        if "version" in table.c:
            values["version"] = table.c.version + 1
        connection.execute(
            sa.update(table)
            .where(next(iter(table.primary_key)) == sa.bindparam("key"))
            .values(values),
            [
                {name if name == "key" else f"new_{name}": value for name, value in row.items()}
                for row in rows
            ],
        )


_KIND = CalibrationSchedule.__audit_type__
MEMBERS = frozenset({*_ENTERED, *_STATED, "last_calibrated_on"})
UNDO = ImportUndo(MEMBERS, (CalibrationSchedule, Calibration), objections, take_back)
"""How the facet takes back what an import told it."""
