"""Background work takes effect once whatever dies; one set of tests for every way to run it."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.tasks.outbox import OutboxRow

pytestmark = pytest.mark.timeout(400)


def bring(plant: Any, rows: int) -> tuple[str, str]:
    """Starts an import by the API; returns the job's id and the names' beginning."""
    prefix = f"B{uuid.uuid4().hex[:6]}"
    lines = ["asset_tag,name", *(f"{prefix}-{n:05d},Gauge" for n in range(rows))]
    job = plant.client.post(
        "/api/v1/equipment/import/",
        upload_files=[("file", "r.csv", "\n".join(lines).encode())],
        status=202,
    ).json
    return job["id"], prefix


def job_of(plant: Any, job_id: str) -> Any:
    return plant.client.get(f"/api/v1/jobs/{job_id}/").json


def done(plant: Any, row_id: Any) -> bool:
    return bool(plant.row(row_id).state == "done")


def lines(path: Any) -> list[str]:
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def count(plant: Any, prefix: str) -> int:
    found = plant.client.get(f"/api/v1/equipment/?q={prefix}&count=true&limit=1").json
    return int(found["count"])


def test_an_import_goes_from_the_api_to_its_end(plant: Any) -> None:
    job_id, prefix = bring(plant, 700)
    plant.until(lambda: job_of(plant, job_id)["state"] == "succeeded")
    job = job_of(plant, job_id)
    assert (job["progress"]["done"], job["result"]["created"]) == (700, 700)
    assert count(plant, prefix) == 700


def test_a_task_that_fails_is_parked_in_sight(plant: Any) -> None:
    row_id = plant.enqueue("probe.fail")
    plant.until(lambda: plant.row(row_id).state == "parked")
    assert plant.row(row_id).error == "This will never do."


def test_a_passing_fault_is_tried_again(plant: Any) -> None:
    row_id = plant.enqueue("probe.stumble")
    plant.until(lambda: done(plant, row_id))
    assert plant.row(row_id).tries == 2


def test_a_cancelled_job_stops(plant: Any) -> None:
    job_id, prefix = bring(plant, 4_000)
    plant.until(lambda: job_of(plant, job_id)["progress"]["done"])
    plant.client.delete(f"/api/v1/jobs/{job_id}/")
    plant.until(lambda: job_of(plant, job_id)["state"] == "cancelled")
    assert 0 < count(plant, prefix) < 4_000


def test_a_runner_that_is_killed_halfway_leaves_whole_batches_and_the_rest_follows(
    plant: Any,
) -> None:
    job_id, prefix = bring(plant, 3_000)
    plant.until(lambda: job_of(plant, job_id)["progress"]["done"])
    plant.kill(plant.runner)
    assert 0 < count(plant, prefix) < 3_000
    with plant.platform.session(write=True) as session, session.begin():
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(
            sa.update(OutboxRow)
            .where(OutboxRow.job_id == uuid.UUID(job_id))
            .values(lease_until=past)
        )
    plant.start(plant.runner)
    plant.until(lambda: job_of(plant, job_id)["state"] == "succeeded")
    assert job_of(plant, job_id)["result"]["created"] == 3_000
    assert count(plant, prefix) == 3_000


def test_several_schedulers_make_one_start_per_slot(plant: Any) -> None:
    plant.start("clockwork", plant.clockwork)
    begun = datetime.now(UTC)

    def strikes() -> list[datetime]:
        with plant.platform.session(write=False) as session:
            statement = sa.select(OutboxRow.created_at).where(
                OutboxRow.task == "probe.strike", OutboxRow.created_at > begun
            )
            return list(session.scalars(statement))

    plant.until(lambda: len(strikes()) >= 4)
    slots = Counter(int(moment.timestamp()) // 2 for moment in strikes())
    assert max(slots.values()) == 1


def test_sigterm_lets_the_run_at_hand_finish(plant: Any) -> None:
    trace = plant.folder / "drained"
    if "clockwork" in plant.programs:
        plant.kill("clockwork")  # before the row is there: it runs rows too
    row_id = plant.enqueue("probe.linger", trace=str(trace), seconds=2)
    plant.until(lambda: lines(trace))
    started = time.monotonic()
    process = plant.programs.pop(plant.runner)
    process.terminate()
    process.wait(20)
    assert time.monotonic() - started < 20
    assert lines(trace) == ["begun", "done"]
    assert (plant.row(row_id).state, plant.row(row_id).tries) == ("done", 1)
    plant.start(plant.runner)


def test_what_redis_forgets_is_not_lost(plant: Any) -> None:
    if plant.redis is None:
        assert plant.platform.redis is None
        return
    plant.kill("worker")
    with plant.redis.client() as client:
        row_ids = [plant.enqueue("probe.stumble") for _ in range(3)]
        plant.until(lambda: client.llen("calibrify:queue:outbox") >= 3)
        client.flushall()
    plant.start("worker")
    plant.until(lambda: all(done(plant, row_id) for row_id in row_ids))


def test_a_redis_that_is_gone_holds_up_no_request_and_loses_nothing(plant: Any) -> None:
    if plant.redis is None:
        assert plant.platform.redis is None
        return
    plant.redis.stop()
    try:
        started = time.monotonic()
        job_id, prefix = bring(plant, 3)
        summary = plant.client.get("/api/v1/dashboard/summary/").json
        assert summary
        assert time.monotonic() - started < 3
        assert job_of(plant, job_id)["state"] == "queued"
    finally:
        plant.redis.start()
    plant.until(lambda: job_of(plant, job_id)["state"] == "succeeded")
    assert count(plant, prefix) == 3
