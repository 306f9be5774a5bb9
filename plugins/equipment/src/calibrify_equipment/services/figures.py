"""Figures about the register: how many instruments there are, in which states and places."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import sqlalchemy as sa

from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain.lifecycle import Status
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.location import Location
from calibrify_equipment.models.tally import Tally
from calibrify_equipment.models.tree import SEPARATOR
from calibrify_equipment.permissions import VIEW

IN_USE = frozenset({Status.IN_SERVICE, Status.IN_CALIBRATION, Status.IN_MAINTENANCE})
AWAY = frozenset({Status.OUT_OF_SERVICE, Status.LOST, Status.RETIRED, Status.DRAFT})


def by_status(unit: UnitOfWork) -> dict[str, int]:
    """Returns how many instruments are in each state, those with none included.

    Whoever may see all of them reads the tally; for a part of them they are counted.
    """
    scope = unit.access.scope(VIEW)
    model, number = (
        (Tally, sa.func.sum(Tally.number))
        if scope.everything
        else (Equipment, sa.func.count(Equipment.id))
    )
    statement = sa.select(model.status, number).group_by(model.status)
    rows = unit.session.execute(unit.restrict(statement, model, VIEW))
    found = {status: int(total) for status, total in rows}
    return {str(status): found.get(status, 0) for status in Status}


def fold(unit: UnitOfWork) -> None:
    """Makes one row for each state of the rows that the tally has collected.

    Rows that come in meanwhile stay as they are; two who fold at once do so one after the other.
    """
    table: sa.Table = Tally.__table__  # type: ignore[assignment]
    why = "the tally of all organisations is folded together"
    gone = sa.delete(table).returning(table.c.organisation_id, table.c.status, table.c.number)
    totals: Counter[tuple[uuid.UUID, str]] = Counter()
    for organisation_id, status, number in unit.session.execute(unscoped(gone, Tally, because=why)):
        totals[organisation_id, status] += number
    kept = [
        {"organisation_id": organisation_id, "status": status, "number": number}
        for (organisation_id, status), number in totals.items()
        if number
    ]
    if kept:
        unit.session.execute(unscoped(sa.insert(table), Tally, because=why), kept)


def summary(unit: UnitOfWork) -> dict[str, Any]:
    """Returns the members ``total`` and ``by_status`` of the dashboard summary."""
    counts = by_status(unit)
    return {"total": sum(counts.values()), "by_status": counts}


def by_place(unit: UnitOfWork, limit: int = 8) -> list[dict[str, Any]]:
    """Returns the topmost places with how many of their instruments are in use, held or away.

    Args:
        unit: the unit of work.
        limit: most places; those with most instruments come first.
    """
    statement = (
        sa.select(sa.func.min(Location.lineage), Location.path, Equipment.status, sa.func.count())
        .join(Location, Location.id == Equipment.location_id)
        .group_by(Location.path, Equipment.status)
    )
    statement = unit.restrict(statement, Equipment, VIEW)
    marked = unscoped(statement, Location, because="shown with the instruments in it")
    counts: dict[str, Counter[str]] = {}
    ids: dict[str, str] = {}
    for lineage, path, status, number in unit.session.execute(marked):
        top = path.split(SEPARATOR, 1)[0]
        ids[top] = lineage.split("/", 1)[0]
        counts.setdefault(top, Counter())[_group(status)] += number
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    return [
        {"name": name, "id": ids[name], "total": found.total(), **_parts(found)}
        for name, found in ranked[:limit]
    ]


def _group(status: str) -> str:
    """Returns the group of states that a place is shown by."""
    if status in IN_USE:
        return "in_use"
    return "held" if status == Status.QUARANTINED else "away"


def _parts(found: Counter[str]) -> dict[str, int]:
    """Returns the numbers of all groups."""
    return {name: found[name] for name in ("in_use", "held", "away")}
