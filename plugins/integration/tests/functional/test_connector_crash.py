"""A process that dies while a connector imports: whole batches stay, and the rest follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.persistence.base import utc_now
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.testing.processes import calibrify, killed_when
from calibrify_core.worker import make_runner
from plugins.integration.tests.plant import API, CONNECTORS, Plant, last_run, run, table_pull
from plugins.integration.tests.receiver import Heard, answer, receiving

FIRST, SECOND = 300, 1_500


def table(word: str, first: int, rows: int) -> bytes:
    lines = (f"{word}.{number:05d},Gauge\n" for number in range(first, first + rows))
    return ("tag,name\n" + "".join(lines)).encode()


def count(plant: Plant, word: str) -> int:
    found = sa.text("SELECT count(*) FROM equipment_equipment WHERE asset_tag LIKE :tag")
    with plant.platform.database.writer.connect() as connection:
        return int(connection.execute(found, {"tag": f"{word}.%"}).scalar_one())


@pytest.mark.timeout(180)
def test_a_pull_that_was_killed_goes_on_and_enters_each_row_once(connected: Plant) -> None:
    word = connected.unique("KC")
    first, second = table(word, 0, FIRST), table(word, FIRST, SECOND)

    def pages(handler: Any, heard: Heard) -> None:
        if heard.path.endswith("page=2"):
            answer(200, second, {"Content-Type": "text/csv"})(handler, heard)
        else:
            link = {"Link": '</table?page=2>; rel="next"', "Content-Type": "text/csv"}
            answer(200, first, link)(handler, heard)

    platform = connected.platform
    with receiving() as receiver:
        receiver.behaviour = pages
        made = table_pull(connected, receiver.url("/table"))
        connected.manager.post_json(f"{CONNECTORS}{made['id']}/run/", {}, status=202)
        worker = calibrify(
            platform.settings,
            "outbox",
            "drain",
            plugins="equipment,integration",
            integration__allowed_networks="127.0.0.0/8",
        )
        killed_when(worker, lambda: count(connected, word) > FIRST)
        half = count(connected, word)
        assert FIRST < half < FIRST + SECOND
        broken = last_run(connected, made)
        assert (broken["state"], broken["files"], broken["created"]) == ("running", 1, FIRST)
        job = connected.manager.get(f"{API}jobs/{broken['job_id']}/").json
        assert job["progress"]["done"] == half
        assert make_runner(platform).drain() == 0, "the lease still holds"

        receiver.heard.clear()
        with platform.session(write=True) as session, session.begin():
            past = utc_now() - timedelta(seconds=1)
            session.execute(sa.update(OutboxRow).values(lease_until=past))
        make_runner(platform).drain()
        assert [heard.path for heard in receiver.heard] == ["/table?page=2"]
        assert count(connected, word) == FIRST + SECOND
        whole = last_run(connected, made)
        assert (whole["id"], whole["state"], whole["files"]) == (broken["id"], "succeeded", 2)
        assert (whole["created"], whole["failed"]) == (FIRST + SECOND, 0)

        again = run(connected, made)
        assert (again["created"], again["unchanged"]) == (0, FIRST + SECOND)
        assert count(connected, word) == FIRST + SECOND
