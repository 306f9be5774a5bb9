"""Cards of the dashboard: the first steps, and where the instruments are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calibrify_core.web.chart_data import Part
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.permissions import CHANGE, IMPORT, VIEW
from calibrify_equipment.services.figures import LOOKS, by_place


def first_steps(unit: Any) -> dict[str, Any] | None:
    """Returns the card of an empty register, nothing once there is an instrument."""
    statement = unit.restrict(sa.select(Equipment.id).limit(1), Equipment, VIEW)
    if unit.session.execute(statement).first() is not None or not unit.access.permits(CHANGE):
        return None
    return {"title": "Begin", "may_import": unit.access.permits(IMPORT)}


def places(unit: Any) -> dict[str, Any] | None:
    """Returns the card with the topmost places; nothing while no instrument has one."""
    found = by_place(unit)
    if not found:
        return None
    words: dict[str, dict[str, None]] = {look: {} for look in LOOKS}
    for place in found:
        place["parts"] = [
            Part(one.state, number, one.word.lower()) for one, number in place["verdicts"]
        ]
        for one, _ in place["verdicts"]:
            words[one.state][one.word] = None
    legend = [(look, ", ".join(named)) for look, named in words.items() if named]
    return {"title": "State by location", "places": found, "legend": legend}
