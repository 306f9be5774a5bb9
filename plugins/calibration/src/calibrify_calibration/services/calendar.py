"""What calendars show of schedules: the day on which each is due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.status import HEADLINE
from calibrify_calibration.models.reach import INSTRUMENTS
from calibrify_calibration.models.schedule import CalibrationSchedule
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.permissions import SCHEDULE_VIEW
from calibrify_core.hooks.calendars import CalendarEntry, CalendarSource, CalendarWindow
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork

DUE = "calibration.due"
BECAUSE = "whether one is needed is known to who sees the schedule"

_p: Any = CalibrationSchedule
_s: Any = CalibrationState


def due_entries(unit: UnitOfWork, window: CalendarWindow) -> Iterator[CalendarEntry]:
    """Yields the due days of schedules of what is in service, as the due list counts it.

    A due day is an entry of its own: after a calibration the next one comes in its place.
    """
    statement = (
        sa.select(
            _p.id,
            _p.kind,
            _p.due_on,
            _p.updated_at,
            INSTRUMENTS.c.id.label("equipment_id"),
            INSTRUMENTS.c.asset_tag,
            INSTRUMENTS.c.name,
        )
        .join(INSTRUMENTS, INSTRUMENTS.c.id == _p.equipment_id)
        .join(_s, _s.equipment_id == _p.equipment_id)
        .where(
            _p.active.is_(True),
            _p.due_on >= window.first,
            _p.due_on <= window.last,
            _s.required.is_(True),
            INSTRUMENTS.c.status == HEADLINE,
        )
        .order_by(_p.due_on, _p.id)
        .limit(window.most)
    )
    if window.own:
        statement = statement.where(INSTRUMENTS.c.custodian_id == unit.actor.user_id)
    statement = unscoped(statement, CalibrationState, because=BECAUSE)
    for row in unit.session.execute(unit.restrict(statement, CalibrationSchedule, SCHEDULE_VIEW)):
        what = row.kind.replace("_", " ").capitalize()
        yield CalendarEntry(
            uid=f"{DUE}.{row.id}.{row.due_on:%Y%m%d}@calibrify",
            title=f"{what} due: {row.asset_tag} {row.name}",
            starts=row.due_on,
            href=f"/equipment/{row.equipment_id}",
            changed_at=row.updated_at,
        )


SOURCE = CalendarSource(DUE, "Calibrations and checks due", SCHEDULE_VIEW, due_entries)
