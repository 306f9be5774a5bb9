"""Earlier records of an instrument, as panels and forms need them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.permissions import VIEW

MOST = 60


def records_of(
    unit: Any,
    equipment_id: uuid.UUID,
    *,
    states: Sequence[RecordState] = (RecordState.APPROVED,),
    most: int = MOST,
) -> list[Calibration]:
    """Returns records of an instrument, newest first.

    Args:
        unit: the unit of work.
        equipment_id: the instrument.
        states: in which they are.
        most: how many at most.
    """
    statement = (
        unit.select(Calibration, VIEW)
        .where(
            Calibration.equipment_id == equipment_id,
            Calibration.state.in_([state.value for state in states]),
        )
        .order_by(Calibration.performed_at.desc(), Calibration.id.desc())
        .limit(most)
    )
    return list(unit.session.scalars(statement))


def last_with_points(unit: Any, equipment_id: uuid.UUID) -> Calibration | None:
    """Returns the latest record of an instrument whose points can be measured again."""
    states = (RecordState.APPROVED, RecordState.SUPERSEDED, RecordState.SUBMITTED)
    found = records_of(unit, equipment_id, states=states)
    approved = (one for one in found if one.points and one.state == RecordState.APPROVED.value)
    return next(approved, next((one for one in found if one.points), None))
