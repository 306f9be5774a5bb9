"""What calendars show of work orders: the day for which each is planned, or on which it is due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.group import Membership
from calibrify_core.hooks.calendars import CalendarEntry, CalendarSource, CalendarWindow
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.models.reach import INSTRUMENTS
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import VIEW

PLANNED = "maintenance.planned"
OPEN = ("requested", "scheduled", "in_progress", "on_hold")

_w: Any = WorkOrder


def planned_entries(unit: UnitOfWork, window: CalendarWindow) -> Iterator[CalendarEntry]:
    """Yields the days of open work orders; an order that is moved keeps its entry."""
    day = sa.func.coalesce(_w.scheduled_date, _w.due_on)
    statement = (
        sa.select(
            _w.id,
            _w.number,
            _w.title,
            _w.status,
            _w.version,
            _w.updated_at,
            _w.equipment_id,
            day.label("day"),
            INSTRUMENTS.c.asset_tag,
            INSTRUMENTS.c.name,
        )
        .join(INSTRUMENTS, INSTRUMENTS.c.id == _w.equipment_id)
        .where(_w.status.in_(OPEN), day >= window.first, day <= window.last)
        .order_by(day, _w.id)
        .limit(window.most)
    )
    if window.own:
        mine = sa.select(Membership.group_id).where(Membership.user_id == unit.actor.user_id)
        statement = statement.where(
            sa.or_(_w.assigned_to_id == unit.actor.user_id, _w.assigned_group_id.in_(mine))
        )
    for row in unit.session.execute(unit.restrict(statement, WorkOrder, VIEW)):
        yield CalendarEntry(
            uid=f"{PLANNED}.{row.id}@calibrify",
            title=f"{row.number} {row.title}: {row.asset_tag} {row.name}",
            starts=row.day,
            href=f"/equipment/{row.equipment_id}",
            changed_at=row.updated_at,
            revision=row.version,
            status="TENTATIVE" if row.status == "requested" else "CONFIRMED",
        )


SOURCE = CalendarSource(PLANNED, "Planned maintenance", VIEW, planned_entries)
