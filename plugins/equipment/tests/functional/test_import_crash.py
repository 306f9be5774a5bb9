"""A process that dies in the middle of an import leaves whole batches, and the rest follows."""

from __future__ import annotations

import csv
import io
import subprocess
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.persistence.scoping import unscoped
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.testing.processes import calibrify, killed_when
from calibrify_core.worker import make_runner
from calibrify_equipment.models.equipment import Equipment

ROWS = 2_000


def register(prefix: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["asset_tag", "name", "location", "serial_number"])
    for number in range(ROWS):
        writer.writerow(
            [f"{prefix}-{number:05d}", "Gauge", f"Room {number % 40}", f"{prefix}{number}"]
        )
    return text.getvalue().encode()


def count(lab: Any, prefix: str) -> int:
    statement = sa.select(sa.func.count()).where(Equipment.asset_tag.startswith(f"{prefix}-"))
    marked = unscoped(statement, Equipment, because="test")
    with lab.platform.session(write=False) as session:
        return int(session.execute(marked).scalar_one())


def worker(lab: Any) -> subprocess.Popen[bytes]:
    return calibrify(lab.platform.settings, "outbox", "drain", plugins="equipment")


@pytest.mark.timeout(180)
def test_what_was_begun_is_kept_in_whole_batches_and_gone_on_with(lab: Any) -> None:
    manager = lab.api("metrology_manager")
    prefix = f"K{uuid.uuid4().hex[:6]}"
    content = register(prefix)
    job = manager.post(
        "/api/v1/equipment/import/",
        params=[("options", '{"create_missing": ["location"]}')],
        upload_files=[("file", "big.csv", content)],
        status=202,
    ).json
    killed_when(worker(lab), lambda: count(lab, prefix))
    half = count(lab, prefix)
    assert 0 < half < ROWS
    seen = manager.get(f"/api/v1/jobs/{job['id']}/").json
    assert seen["state"] == "running"
    assert seen["progress"]["done"] == half
    assert make_runner(lab.platform).drain() == 0, "the lease still holds"

    with lab.platform.session(write=True) as session, session.begin():
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(sa.update(OutboxRow).values(lease_until=past))
    make_runner(lab.platform).drain()
    assert count(lab, prefix) == ROWS
    result = manager.get(f"/api/v1/jobs/{job['id']}/").json["result"]
    assert (result["rows"], result["created"], result["failed"]) == (ROWS, ROWS, 0)

    again = manager.post(
        "/api/v1/equipment/import/", upload_files=[("file", "big.csv", content)], status=202
    ).json
    make_runner(lab.platform).drain()
    result = manager.get(f"/api/v1/jobs/{again['id']}/").json["result"]
    assert (result["unchanged"], result["created"]) == (ROWS, 0)
    assert count(lab, prefix) == ROWS


def test_a_job_that_is_cancelled_keeps_whole_batches(lab: Any) -> None:
    manager = lab.api("metrology_manager")
    prefix = f"C{uuid.uuid4().hex[:6]}"
    job = manager.post(
        "/api/v1/equipment/import/",
        params=[("options", '{"create_missing": ["location"]}')],
        upload_files=[("file", "big.csv", register(prefix))],
        status=202,
    ).json
    process = worker(lab)
    try:
        until = time.monotonic() + 60
        while count(lab, prefix) == 0:
            assert time.monotonic() < until
            time.sleep(0.005)
        manager.delete(f"/api/v1/jobs/{job['id']}/")
        process.wait(60)
    finally:
        process.kill()
        process.wait()
    seen = manager.get(f"/api/v1/jobs/{job['id']}/").json
    assert seen["state"] == "cancelled"
    assert 0 < count(lab, prefix) < ROWS
    assert seen["result"]["created"] == count(lab, prefix)
