"""What the plugin does when it hears of an instrument, in the same transaction."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calibrify_calibration.models.reach import INSTRUMENTS, forget_tag
from calibrify_calibration.services.states import mark_affected, open_states, refresh_states
from calibrify_core.work.unit import UnitOfWork


def open_state(event: Any, unit: UnitOfWork) -> None:
    """Opens the calibration state of an instrument that was registered."""
    open_states(unit, [event.equipment_id])


def follow_change(event: Any, unit: UnitOfWork) -> None:
    """Follows an instrument: to the warning time of another category, to another tag in labels."""
    if "category_id" in event.fields:
        refresh_states(unit, [event.equipment_id])
    if "asset_tag" in event.fields:
        forget_tag(unit.session, event.equipment_id)


def follow_warning_time(event: Any, unit: UnitOfWork) -> None:
    """Derives the warning times of all instruments of a category whose own one changed."""
    if "due_soon_days" in event.fields:
        statement = sa.select(INSTRUMENTS.c.id).where(
            INSTRUMENTS.c.category_id == event.category_id
        )
        refresh_states(unit, unit.session.execute(statement).scalars().all())


def let_lapse(event: Any, unit: UnitOfWork) -> None:
    """Lets the calibration of an instrument lapse after work that may have changed it."""
    mark_affected(unit, event.equipment_id, event.began_at, event.ended_at, event.source)
