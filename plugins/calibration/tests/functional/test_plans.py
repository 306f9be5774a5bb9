"""Hot lists are read from indexes, in their order: PostgreSQL says so itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

API = "/api/v1/"
HOT = {
    "equipment/?ordering=due_on": "ix_calibration_state_due",
    "calibrations/due/?within_days=30": "ix_calibration_state_due",
    "equipment/{one}/calibrations/": "ix_calibration_record_equipment",
}


@pytest.fixture(scope="module")
def register(lab: Any) -> str:
    """Thirty instruments, each due on a day of its own; returns the id of one."""
    ids = [lab.instrument() for _ in range(30)]
    for index, one in enumerate(ids):
        lab.schedule(one, opening_due_on=f"2026-03-{index + 1:02}")
    lab.record(ids[0])
    return str(ids[0])


@pytest.mark.parametrize("path", HOT)
def test_a_hot_list_is_read_from_its_index(lab: Any, register: str, path: str) -> None:
    asked, values = _last_select(lab, API + path.format(one=register))
    with lab.platform.database.reader.connect() as connection:
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values)
            assert any(HOT[path] in row[3] for row in plan)
            return
        # A register of thirty fits into a page, where a scan is cheapest: that is put aside.
        for scan in ("seqscan", "hashjoin", "mergejoin", "bitmapscan", "sort"):
            connection.execute(sa.text(f"SET enable_{scan} = off"))
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {asked}", values).scalar_one()
        connection.execute(sa.text("RESET ALL"))
    nodes = list(_nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
    assert HOT[path] in {node.get("Index Name") for node in nodes}
    assert not {node["Node Type"] for node in nodes} & {"Sort", "Incremental Sort"}


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields a node of a plan and all below it."""
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _last_select(lab: Any, path: str) -> tuple[str, Any]:
    """Returns the last select with a page's limit that a request sends."""
    seen: list[tuple[str, Any]] = []
    database = lab.platform.database

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "LIMIT" in statement:
            seen.append((statement, values))

    engine = database.writer if database.dialect == "sqlite" else database.reader
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        lab.viewer.get(f"{path}{'&' if '?' in path else '?'}limit=5")
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return seen[-1]
