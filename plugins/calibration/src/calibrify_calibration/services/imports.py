"""What an import of instruments tells of their calibration: intervals, due dates, the last one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.schedules import ScheduleKind
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.reach import CATEGORIES
from calibrify_calibration.models.schedule import CalibrationSchedule
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.permissions import VIEW
from calibrify_calibration.services.derivation import load
from calibrify_calibration.services.import_change import Batch, Change
from calibrify_calibration.services.states import upsert_states
from calibrify_core.audit.trail import write_entries
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import FacetOutcome, ImportedRow

_PLAN: Any = CalibrationSchedule.__table__
_RECORD: Any = Calibration.__table__


def import_rows(unit: UnitOfWork, rows: Sequence[ImportedRow]) -> list[FacetOutcome]:
    """Adds what a batch of an import says of calibration, in a handful of statements.

    An instrument that is new gets its row of `CalibrationState`. The date of the last
    calibration becomes a historical record, marked as imported without readings; the due date
    is an opening one until the first accepted calibration. What is already so stays as it is.

    Args:
        unit: the unit of work of the batch.
        rows: the instruments, with the values of our fields that the file speaks of.

    Returns:
        What became of each row, in order.
    """
    # Held until the batch is kept: an approval meanwhile would be overwritten with what was read.
    stored = load(unit, [row.equipment_id for row in rows if not row.created], lock=True)
    days = _warning_days(unit, rows)
    batch = Batch()
    outcomes = []
    for row in rows:
        known = stored.get(row.equipment_id)
        change = Change(unit, row, known, days.get(row.context.get("category_id")))
        outcomes.append(change.apply(batch))
    _write(unit, batch)
    return outcomes


def _warning_days(unit: UnitOfWork, rows: Sequence[ImportedRow]) -> dict[Any, int]:
    """Returns the warning times of the categories that the rows name."""
    wanted = {row.context.get("category_id") for row in rows} - {None}
    if not wanted:
        return {}
    statement = sa.select(CATEGORIES.c.id, CATEGORIES.c.due_soon_days)
    return {
        row.id: row.due_soon_days
        for row in unit.session.execute(statement.where(CATEGORIES.c.id.in_(wanted)))
    }


def _write(unit: UnitOfWork, batch: Batch) -> None:
    """Writes what a batch came to."""
    session = unit.session
    if batch.plans:
        session.execute(sa.insert(_PLAN), batch.plans)
    for table, changed in ((_PLAN, batch.changed_plans), (_RECORD, batch.changed_records)):
        if changed:
            names = [name for name in changed[0] if name != "key"]
            session.connection().execute(
                sa.update(table)
                .where(table.c.id == sa.bindparam("key"))
                .values(
                    {name: sa.bindparam(name) for name in names} | {"version": table.c.version + 1}
                ),
                changed,
            )
    if batch.records:
        session.execute(sa.insert(_RECORD), batch.records)
    upsert_states(unit, batch.states)
    if batch.entries:
        write_entries(unit, batch.entries)


def export_values(unit: UnitOfWork, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Returns what an export tells of some instruments, so that importing it changes nothing.

    Args:
        unit: the unit of work.
        ids: which instruments.
    """
    s = CalibrationState
    statement = sa.select(
        s.equipment_id,
        s.required,
        s.not_required_reason,
        s.last_certificate_number,
        s.last_result,
    ).where(s.equipment_id.in_(ids))
    plans = (
        sa.select(
            CalibrationSchedule.equipment_id,
            CalibrationSchedule.interval_value,
            CalibrationSchedule.interval_unit,
        )
        .where(
            CalibrationSchedule.equipment_id.in_(ids),
            CalibrationSchedule.active.is_(True),
            CalibrationSchedule.kind == ScheduleKind.CALIBRATION.value,
        )
        .order_by(CalibrationSchedule.id.desc())
    )
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for row in unit.session.execute(unit.restrict(statement, CalibrationState, VIEW)):
        reported = row.last_result if row.last_result in {"pass", "fail", "limited"} else None
        found[row.equipment_id] = {
            "last_certificate_number": row.last_certificate_number or None,
            "reported_result": reported,
        }
    for plan in unit.session.execute(unit.restrict(plans, CalibrationSchedule, VIEW)):
        if plan.equipment_id in found and plan.interval_value:
            name = f"interval_{plan.interval_unit}"
            if name in {"interval_days", "interval_months"}:
                found[plan.equipment_id] |= {"interval_days": None, "interval_months": None}
                found[plan.equipment_id][name] = plan.interval_value
    return found
