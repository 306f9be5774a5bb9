"""From rows to due dates: loads what the rules need to know of instruments, and folds it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.decisions import Result
from calibrify_calibration.domain.intervals import Anchor, Interval, IntervalUnit, WeekendRule
from calibrify_calibration.domain.lapses import Affected, has_lapsed, lapse
from calibrify_calibration.domain.schedules import (
    DueState,
    RecordFact,
    RecordKind,
    Schedule,
    ScheduleKind,
    derive_due,
    governing,
)
from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.domain.status import StatusFacts, due_soon_on, lead_days
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.reach import CATEGORIES, INSTRUMENTS
from calibrify_calibration.models.schedule import CalibrationSchedule
from calibrify_calibration.models.state import CalibrationState
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork

BECAUSE = "derived facts of an instrument follow from all its records, whoever causes it"
UNPLANNED = Schedule(None, ScheduleKind.CALIBRATION, None)
"""Stands in where an instrument has no schedule of calibration: its records still count."""


@dataclass(slots=True)
class Known:
    """What is stored of one instrument.

    Attributes:
        state: its row of `CalibrationState`, with ``due_soon_days`` of its category.
        schedules: active schedules by id.
        rows: schedule rows as they are stored, by id.
        facts: approved records.
        records: rows of those records, by id.
    """

    state: Any
    schedules: dict[uuid.UUID, Schedule] = field(default_factory=dict)
    rows: dict[uuid.UUID, Any] = field(default_factory=dict)
    facts: list[RecordFact] = field(default_factory=list)
    records: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InstrumentDue:
    """What follows for one instrument.

    Attributes:
        state: of the instrument as a whole.
        schedules: of each of its schedules.
        lead: warning time in days.
        lapsed: whether work on it ended its calibration, and none vouches for it since.
        pairs: its schedules with what follows for each.
    """

    state: DueState
    schedules: dict[uuid.UUID, DueState]
    lead: int
    lapsed: bool = False
    pairs: tuple[tuple[Schedule, DueState], ...] = ()

    def status_facts(self, required: bool) -> StatusFacts:
        """Returns what the calibration status depends on."""
        return StatusFacts(
            required=required,
            failed=self.state.failed,
            has_accepted=self.state.last_accepted_on is not None,
            due_on=self.state.due_on,
            ordinary_due_on=self.state.ordinary_due_on,
            due_soon_on=due_soon_on(self.state.due_on, self.lead),
            is_limited=self.state.is_limited,
        )


_STATE: Any = CalibrationState.__table__
_PLAN: Any = CalibrationSchedule.__table__
_RECORD: Any = Calibration.__table__
_FACT = (
    _RECORD.c.id,
    _RECORD.c.equipment_id,
    _RECORD.c.performed_at,
    _RECORD.c.performed_on,
    _RECORD.c.approved_at,
    _RECORD.c.kind,
    _RECORD.c.state,
    _RECORD.c.outcome,
    _RECORD.c.schedule_id,
    _RECORD.c.is_limited,
    _RECORD.c.is_historical,
    _RECORD.c.certificate_number,
    _RECORD.c.issued_number,
    _RECORD.c.reported_result,
    _RECORD.c.provider_type,
    _RECORD.c.supplier_id,
)


_IDS: Any = sa.bindparam("ids", expanding=True)
_STATES = unscoped(
    sa.select(*_STATE.c, CATEGORIES.c.due_soon_days)
    .select_from(
        sa.join(_STATE, INSTRUMENTS, INSTRUMENTS.c.id == _STATE.c.equipment_id).join(
            CATEGORIES, CATEGORIES.c.id == INSTRUMENTS.c.category_id, isouter=True
        )
    )
    .where(_STATE.c.equipment_id.in_(_IDS))
    .order_by(_STATE.c.equipment_id),
    CalibrationState,
    because=BECAUSE,
)
_LOCKED = _STATES.with_for_update(of=_STATE)
_PLANS = unscoped(
    sa.select(_PLAN)
    .where(_PLAN.c.equipment_id.in_(_IDS), _PLAN.c.active.is_(True))
    .order_by(_PLAN.c.id),
    CalibrationSchedule,
    because=BECAUSE,
)
_RECORDS = unscoped(
    sa.select(*_FACT).where(
        _RECORD.c.equipment_id.in_(_IDS), _RECORD.c.state == RecordState.APPROVED.value
    ),
    Calibration,
    because=BECAUSE,
)


def load(
    unit: UnitOfWork, equipment_ids: Sequence[uuid.UUID], *, lock: bool = False
) -> dict[uuid.UUID, Known]:
    """Loads what is stored of some instruments, in three statements.

    Args:
        unit: the unit of work.
        equipment_ids: which ones; those without a row of `CalibrationState` are left out.
        lock: hold their rows until the transaction ends, so that two changes of one instrument
            come one after the other.
    """
    if not equipment_ids:
        return {}
    session, ids = unit.session, {"ids": list(equipment_ids)}
    rows = session.execute(_LOCKED if lock else _STATES, ids)
    known = {row.equipment_id: Known(row) for row in rows}
    for row in session.execute(_PLANS, ids):
        if row.equipment_id in known:
            known[row.equipment_id].schedules[row.id] = schedule_of(row)
            known[row.equipment_id].rows[row.id] = row
    for row in session.execute(_RECORDS, ids):
        if row.equipment_id in known:
            fact = fact_of(row)
            known[row.equipment_id].facts.append(fact)
            known[row.equipment_id].records[fact.order] = row
    return known


def schedule_of(row: Any) -> Schedule:
    """Returns a schedule, as far as its due date depends on it."""
    return Schedule(
        key=row.id,
        kind=ScheduleKind(row.kind),
        interval=interval_of(row),
        anchor=Anchor(row.anchor),
        weekend_rule=WeekendRule(row.weekend_rule),
        opening_due_on=row.opening_due_on,
    )


def interval_of(row: Any) -> Interval | None:
    """Returns the interval of a row, None if it is not periodic."""
    if not row.interval_value or not row.interval_unit:
        return None
    return Interval(row.interval_value, IntervalUnit(row.interval_unit))


def fact_of(row: Any) -> RecordFact:
    """Returns what a due date needs to know of a record."""
    return RecordFact(
        performed_at=row.performed_at,
        performed_on=row.performed_on,
        kind=RecordKind(row.kind),
        state=RecordState(row.state),
        outcome=Result(row.outcome),
        schedule_key=row.schedule_id,
        is_limited=row.is_limited,
        is_historical=row.is_historical,
        order=row.id.hex,
        approved_at=row.approved_at,
    )


def derive(unit: UnitOfWork, known: Known, until: datetime | None = None) -> InstrumentDue:
    """Folds the records of one instrument.

    Args:
        unit: the unit of work.
        known: from `load`.
        until: only records up to this moment count: what was known of a standard on the day
            of a measurement.
    """
    conditional = bool(unit.policy("accept_conditional_pass"))
    facts = _attributed(known, until)
    states = {
        key: derive_due(schedule, facts, accept_conditional_pass=conditional)
        for key, schedule in known.schedules.items()
    }
    main = [
        states[key]
        for key, schedule in known.schedules.items()
        if schedule.kind is ScheduleKind.CALIBRATION
    ]
    if not main:
        main = [derive_due(UNPLANNED, facts, accept_conditional_pass=conditional)]
    state = governing(main)
    work = _affected(unit, known, until)
    lapsed = work is not None and has_lapsed(facts, work, accept_conditional_pass=conditional)
    if work is not None and lapsed:
        state = lapse(state, work)
        states |= {
            key: lapse(states[key], work)
            for key, schedule in known.schedules.items()
            if schedule.kind is ScheduleKind.CALIBRATION
        }
    return InstrumentDue(
        state,
        states,
        lead_days(known.state.due_soon_days, state.interval),
        lapsed,
        tuple((schedule, states[key]) for key, schedule in known.schedules.items()),
    )


def _affected(unit: UnitOfWork, known: Known, until: datetime | None) -> Affected | None:
    """Returns the last work that may have changed how the instrument measures."""
    began, ended = known.state.affected_from, known.state.affected_at
    if began is None or ended is None or (until is not None and ended > until):
        return None
    return Affected(began, ended, unit.local_date(ended))


def _attributed(known: Known, until: datetime | None) -> list[RecordFact]:
    """Returns the records that count; a schedule that is gone leaves them to those of its kind."""
    return [
        replace(fact, schedule_key=None)
        if fact.schedule_key is not None and fact.schedule_key not in known.schedules
        else fact
        for fact in known.facts
        if until is None or fact.performed_at <= until
    ]


def latest(known: Known, facts: Iterable[RecordFact]) -> Any:
    """Returns the row of the latest of some records, None if there is none."""
    last = max(facts, key=lambda fact: (fact.performed_at, fact.order), default=None)
    return None if last is None else known.records[last.order]
