"""The outbox: written with the change, run at least once, tried again, parked in sight."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.hooks.declarations import Schedule, Task, TaskContext
from calibrify_core.kernel.errors import Invalid, Unavailable
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.tasks.job import Job
from calibrify_core.tasks.outbox import OutboxRow
from calibrify_core.tasks.relay import Relay, tick
from calibrify_core.tasks.reporter import JobCancelled
from calibrify_core.tasks.runner import Runner
from calibrify_core.work.organisation import OrganisationFacts
from calibrify_core.work.platform import Platform
from calibrify_core.worker import RUN_ROW, make_celery, task_named


def runner_of(platform: Platform, *tasks: Task) -> Runner:
    """Returns a runner of tasks that a test declares."""
    return Runner(
        lambda: platform.session(write=True), platform.unit, {task.name: task for task in tasks}
    )


def rows(platform: Platform) -> list[OutboxRow]:
    """Returns all rows of the outbox."""
    with platform.session(write=False) as session:
        return list(session.scalars(sa.select(OutboxRow).order_by(OutboxRow.id)))


def job_of(platform: Platform, job_id: uuid.UUID) -> Job:
    """Returns a job."""
    with platform.session(write=False) as session:
        statement = unscoped(sa.select(Job).where(Job.id == job_id), Job, because="a test looks")
        return session.scalars(statement).one()


def make_due(platform: Platform) -> None:
    """Lets every open row be due now, as if its wait had passed."""
    with platform.session(write=True) as session, session.begin():
        past = datetime.now(UTC) - timedelta(hours=1)
        session.execute(sa.update(OutboxRow).values(not_before=past, lease_until=None))


def test_a_task_runs_after_the_commit_and_never_without_it(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    seen: list[Any] = []
    runner = runner_of(core_platform, Task("t.note", lambda c: seen.append(c.payload["n"])))
    with core_platform.unit() as unit:
        unit.enqueue("t.note", {"n": 1})
        assert runner_sees_nothing(core_platform)

    def fail_after_enqueuing() -> None:
        with core_platform.unit() as unit:
            unit.enqueue("t.note", {"n": 2})
            raise RuntimeError("undo")

    with pytest.raises(RuntimeError, match="undo"):
        fail_after_enqueuing()
    assert runner.drain() == 1
    assert seen == [1]
    assert [row.state for row in rows(core_platform)] == ["done"]


def runner_sees_nothing(platform: Platform) -> bool:
    """Tells whether another connection sees no row yet."""
    return not rows(platform)


def test_a_passing_fault_is_tried_again_later(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    tries: list[int] = []

    def shaky(context: TaskContext) -> None:
        tries.append(context.attempt)
        if context.attempt < 3:
            raise Unavailable("not yet")

    runner = runner_of(core_platform, Task("t.shaky", shaky))
    with core_platform.unit() as unit:
        unit.enqueue("t.shaky", {})
    for _ in range(3):
        assert runner.drain() == 1
        assert runner.drain() == 0, "it must wait before the next try"
        make_due(core_platform)
    assert tries == [1, 2, 3]
    assert rows(core_platform)[0].state == "done"


def test_after_the_last_try_it_is_parked(core_platform: Platform, house: OrganisationFacts) -> None:
    def never(_: TaskContext) -> None:
        raise Unavailable("the line is dead")

    runner = runner_of(core_platform, Task("t.never", never, tries=2))
    with core_platform.unit() as unit:
        job = unit.start_job("t.never", {})
    for _ in range(2):
        runner.drain()
        make_due(core_platform)
    row = rows(core_platform)[0]
    assert (row.state, row.error) == ("parked", "the line is dead")
    assert job_of(core_platform, job.id).state == "failed"


def test_a_lasting_fault_fails_at_once_and_says_why(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    def wrong(_: TaskContext) -> None:
        raise Invalid.field("file", "This is no table.")

    runner = runner_of(core_platform, Task("t.wrong", wrong))
    with core_platform.unit() as unit:
        job = unit.start_job("t.wrong", {})
    assert runner.drain() == 1
    found = job_of(core_platform, job.id)
    assert (found.state, found.errors) == ("failed", [{"detail": "This is no table."}])


def test_an_internal_fault_tells_no_secret(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    def broken(_: TaskContext) -> None:
        raise KeyError("password=hunter2")

    runner = runner_of(core_platform, Task("t.broken", broken))
    with core_platform.unit() as unit:
        job = unit.start_job("t.broken", {})
    runner.drain()
    assert "hunter2" not in str(job_of(core_platform, job.id).errors)


def test_a_row_of_a_disabled_plugin_is_parked(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    with core_platform.unit() as unit:
        unit.enqueue("gone.task", {})
    runner_of(core_platform).drain()
    row = rows(core_platform)[0]
    assert (row.state, row.error) == ("parked", "No enabled plugin declares the task gone.task.")


def test_a_dead_worker_s_row_is_taken_over(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    seen: list[str] = []
    task = Task("t.note", lambda c: seen.append(c.id), seconds=60)
    with core_platform.unit() as unit:
        unit.enqueue("t.note", {})
    died = runner_of(core_platform, task)
    claim = died._claim(None)
    assert claim is not None
    assert runner_of(core_platform, task).drain() == 0, "it is leased"
    with core_platform.session(write=True) as session, session.begin():
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(sa.update(OutboxRow).values(lease_until=past))
    assert runner_of(core_platform, task).drain() == 1
    assert seen == [str(claim.id)]


def test_many_relays_run_each_row_once(core_platform: Platform, house: OrganisationFacts) -> None:
    runs: Counter[str] = Counter()
    lock = threading.Lock()

    def count(context: TaskContext) -> None:
        with lock:
            runs[context.id] += 1

    with core_platform.unit() as unit:
        for _ in range(40):
            unit.enqueue("t.count", {})
    task = Task("t.count", count)
    threads = [threading.Thread(target=runner_of(core_platform, task).drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 40
    assert set(runs.values()) == {1}


def test_progress_commits_with_its_batch_and_a_cancelled_job_stops(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    def work(context: TaskContext) -> None:
        for number in range(1, 5):
            with context.unit() as unit:
                if context.job.cancelled(unit.session):
                    raise JobCancelled
                context.job.report(unit.session, done=number, total=4, checkpoint={"row": number})
            if number == 2:
                with core_platform.unit() as other:
                    statement = sa.update(Job).values(cancel_requested=True)
                    other.session.execute(unscoped(statement, Job, because="a test cancels"))

    with core_platform.unit() as unit:
        job = unit.start_job("t.work", {})
    runner_of(core_platform, Task("t.work", work)).drain()
    found = job_of(core_platform, job.id)
    assert (found.state, found.done, found.total) == ("cancelled", 2, 4)
    assert found.checkpoint == {"row": 2}


def test_a_schedule_starts_once_per_slot(core_platform: Platform, house: OrganisationFacts) -> None:
    schedule = Schedule("t.sweep", every=60)
    moment = datetime(2026, 1, 1, 12, 0, 5, tzinfo=UTC)
    started = []
    for seconds in (0, 1, 30, 61):
        with core_platform.session(write=True) as session, session.begin():
            started += tick(session, [schedule], moment + timedelta(seconds=seconds))
        runner_of(core_platform, Task("t.sweep", lambda _: None)).drain()
    assert started == ["t.sweep", "t.sweep"]
    assert [row.task for row in rows(core_platform)] == ["t.sweep", "t.sweep"]


def test_after_a_long_rest_a_schedule_has_one_run_to_catch_up_with(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    schedule = Schedule("t.sweep", every=60)
    moment = datetime(2026, 1, 1, 12, 0, 5, tzinfo=UTC)
    for minutes in range(10):
        with core_platform.session(write=True) as session, session.begin():
            tick(session, [schedule], moment + timedelta(minutes=minutes))
    assert len(rows(core_platform)) == 1


def test_the_embedded_relay_hears_of_a_commit_at_once(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    done = threading.Event()
    runner = runner_of(core_platform, Task("t.wake", lambda _: done.set()))
    relay = Relay(runner, lambda: core_platform.session(write=True), (), core_platform.bell)
    relay.start()
    try:
        with core_platform.unit() as unit:
            unit.enqueue("t.wake", {})
        assert done.wait(10)
    finally:
        relay.stop()


def test_a_worker_runs_the_row_that_the_message_names(
    core_platform: Platform, house: OrganisationFacts
) -> None:
    with core_platform.unit() as unit:
        row_id = unit.enqueue("gone.task", {})
    celery = make_celery(core_platform)
    assert task_named(celery, RUN_ROW).apply(args=[str(row_id)]).get() is True
    assert task_named(celery, RUN_ROW).apply(args=[str(row_id)]).get() is False
    assert rows(core_platform)[0].state == "parked"
