"""The tally says what counting says, whatever happens to the register."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calibrify_core.app import lineages
from calibrify_core.persistence.lineages import downgrade, upgrade
from calibrify_core.persistence.scoping import unscoped
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.tally import Tally
from calibrify_equipment.public import move_equipment_on
from calibrify_equipment.services.figures import by_status, fold


def counted(unit: Any) -> dict[str, int]:
    """Counts the register the long way."""
    statement = sa.select(Equipment.status, sa.func.count()).group_by(Equipment.status)
    rows = unit.session.execute(unscoped(statement, Equipment, because="a test counts"))
    return {row[0]: row[1] for row in rows}


def told(unit: Any) -> dict[str, int]:
    return {status: number for status, number in by_status(unit).items() if number}


def rows(unit: Any) -> int:
    statement = unscoped(sa.select(sa.func.count(Tally.id)), Tally, because="a test counts")
    return int(unit.session.execute(statement).scalar_one())


def test_the_tally_follows_every_change(lab: Any) -> None:
    with lab.unit() as unit:
        ids = [lab.enter(unit) for _ in range(5)]
        lab.enter(unit, status="draft")
    with lab.unit() as unit:
        assert told(unit) == counted(unit) == {"in_service": 5, "draft": 1}
        for one in ids[:2]:
            move_equipment_on(unit, one, "quarantined", "x")
    with lab.unit() as unit:
        assert told(unit) == counted(unit)
        table = Equipment.__table__
        unit.session.connection().execute(sa.update(table).values(status="lost", notes="all"))
    with lab.unit() as unit:
        assert told(unit) == counted(unit) == {"lost": 6}
        unit.session.connection().execute(sa.delete(table).where(table.c.id == ids[0]))
    with lab.unit() as unit:
        assert told(unit) == counted(unit) == {"lost": 5}
        before = rows(unit)
        fold(unit)
        assert rows(unit) == 1 < before
        assert told(unit) == {"lost": 5}
        fold(unit)
        assert told(unit) == {"lost": 5}


def test_an_undone_change_leaves_no_trace(lab: Any) -> None:
    with lab.unit() as unit:
        before = told(unit)
    try:
        with lab.unit() as unit:
            lab.enter(unit)
            raise KeyError
    except KeyError:
        pass
    with lab.unit() as unit:
        assert told(unit) == before == counted(unit)


def test_a_part_of_the_register_is_counted(lab: Any) -> None:
    with lab.unit() as unit:
        lab.enter(unit, location_id=lab.places["B1"])
    client = lab.api("viewer", "location", lab.places["B"])
    summary = client.get("/api/v1/dashboard/summary/").json
    assert (summary["total"], summary["by_status"]["in_service"]) == (1, 1)


def test_a_register_that_is_there_is_counted_once_by_the_migration(lab: Any) -> None:
    database = lab.platform.database
    with lab.unit() as unit:
        expected = counted(unit)
    mine = [lineage for lineage in lineages(lab.platform.plugins) if lineage.name == "equipment"]
    downgrade(database, mine[0], "0001")
    upgrade(database, mine)
    with lab.unit() as unit:
        assert told(unit) == expected
        lab.enter(unit)
        unit.session.flush()
        assert told(unit) == counted(unit)
