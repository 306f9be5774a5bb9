"""Figures about the register: how many instruments there are, in which states and places."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import sqlalchemy as sa

from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain.lifecycle import Status
from calibrify_equipment.domain.usability import Usability
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.location import Location
from calibrify_equipment.models.tally import Tally
from calibrify_equipment.models.tree import SEPARATOR
from calibrify_equipment.permissions import VIEW
from calibrify_equipment.services.listing import facets_of
from calibrify_equipment.services.usability import verdict

LOOKS = ("ok", "soon", "late", "oot", "incal", "out")
"""The looks of a verdict in the order in which they are shown."""


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
    """Returns the topmost places with how many of their instruments have which verdict.

    Args:
        unit: the unit of work.
        limit: most places; those with most instruments come first.

    Returns:
        Of each place ``name``, ``id``, ``total`` and ``verdicts``: (verdict, number), those of
        one look beside each other. A verdict has the words of the list, and no dates.
    """
    models: list[type[Any]] = [Location]
    judged: dict[str, sa.Label[Any]] = {}
    members: list[str] = []
    for facet in facets_of(unit.platform):
        members += facet.schema
        if facet.judged_by is not None:
            models.append(facet.model)
            for name, column in facet.judged_by(unit).items():
                judged[name] = column.label(f"judged_{name}")
    statement = (
        sa.select(
            sa.func.min(Location.lineage), Location.path, sa.func.count(), Equipment.status,
            *judged.values(),
        )
        .join(Location, Location.id == Equipment.location_id)
        .group_by(Location.path, Equipment.status, *(column.name for column in judged.values()))
    )  # fmt: skip
    for model in models[1:]:
        statement = statement.outerjoin(model, model.equipment_id == Equipment.id)
    statement = unit.restrict(statement, Equipment, VIEW)
    marked = unscoped(statement, *models, because="counted with the instruments that are in reach")
    counts: dict[str, Counter[Usability]] = {}
    ids: dict[str, str] = {}
    verdicts: dict[tuple[Any, ...], Usability] = {}
    for lineage, path, number, *values in unit.session.execute(marked):
        key = tuple(values)
        if key not in verdicts:
            known = dict(zip(("status", *judged), values, strict=True))
            verdicts[key] = verdict(unit, dict.fromkeys(members) | known)
        top = path.split(SEPARATOR, 1)[0]
        ids[top] = lineage.split("/", 1)[0]
        counts.setdefault(top, Counter())[verdicts[key]] += number
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    return [
        {"name": name, "id": ids[name], "total": found.total(), "verdicts": _in_order(found)}
        for name, found in ranked[:limit]
    ]


def _in_order(found: Counter[Usability]) -> list[tuple[Usability, int]]:
    """Returns verdicts with their numbers, from those that let an instrument be used onwards."""
    return sorted(found.items(), key=lambda pair: (LOOKS.index(pair[0].state), pair[0].grave))
