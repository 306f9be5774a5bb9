"""The embedded relay: a thread that runs the outbox when there is no broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from calibrify_core.hooks.declarations import Schedule
from calibrify_core.tasks.bell import Bell
from calibrify_core.tasks.outbox import OutboxRow, ScheduleSlot
from calibrify_core.tasks.queue import enqueue
from calibrify_core.tasks.runner import Runner

log = structlog.get_logger()
TICK = 1.0


def tick(session: Session, schedules: Iterable[Schedule], moment: datetime) -> list[str]:
    """Starts the schedules whose slot has come; once per slot, however many ask.

    A slot whose task still waits from an earlier one starts nothing: after a long rest there is
    one run to catch up with, not one for each slot that went by.

    Args:
        session: a writing session, committed by the caller.
        schedules: all that are declared.
        moment: now.

    Returns:
        Names of the tasks that were enqueued.
    """
    started = []
    table: Any = ScheduleSlot.__table__
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if postgres else sqlite.insert
    for schedule in schedules:
        slot = int(moment.timestamp()) // schedule.every
        statement = (
            insert(table)
            .values(task=schedule.task, slot=slot)
            .on_conflict_do_nothing()
            .returning(table.c.slot)
        )
        if session.execute(statement).first() is None:
            continue
        older = sa.delete(table).where(table.c.task == schedule.task, table.c.slot < slot - 10)
        session.execute(older)
        if session.execute(_waiting(schedule.task)).first() is not None:
            continue
        enqueue(session, schedule.task, {}, organisation_id=None, user_id=None)
        started.append(schedule.task)
    return started


def _waiting(task: str) -> sa.Select[Any]:
    """Returns a select of what a schedule started and nobody has finished."""
    return (
        sa.select(OutboxRow.id)
        .where(OutboxRow.state == "open", OutboxRow.task == task)
        .where(OutboxRow.organisation_id.is_(None), OutboxRow.user_id.is_(None))
        .limit(1)
    )


class Relay:
    """Runs the outbox, the schedules and the sealing of the trail in one thread.

    Args:
        runner: runs rows.
        new_session: makes a writing session.
        schedules: declared schedules.
        bell: rung after each commit of this process.
        chores: called after each look at the outbox (sealing, late touches).
    """

    def __init__(
        self,
        runner: Runner,
        new_session: Callable[[], Session],
        schedules: Iterable[Schedule],
        bell: Bell,
        chores: Iterable[Callable[[], Any]] = (),
    ) -> None:
        self._runner = runner
        self._new_session = new_session
        self._schedules = tuple(schedules)
        self._bell = bell
        self._chores = tuple(chores)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="calibrify-relay", daemon=True)
        self._next_tick = 0.0

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self, seconds: float = 15) -> None:
        """Stops after the run at hand; waits for it at most so many seconds."""
        self._stop.set()
        self._bell.ring()
        self._thread.join(seconds)

    def _loop(self) -> None:
        """Looks at the outbox whenever the bell rings, and once a second."""
        while not self._stop.is_set():
            try:
                self._turn()
            except Exception:
                log.exception("the relay stumbled and goes on")
                time.sleep(TICK)
            self._bell.wait(TICK)

    def _turn(self) -> None:
        """One look: due schedules, due rows, chores."""
        if self._schedules and time.monotonic() >= self._next_tick:
            self._next_tick = time.monotonic() + min(s.every for s in self._schedules) / 2
            with self._new_session() as session, session.begin():
                tick(session, self._schedules, datetime.now(UTC))
        while not self._stop.is_set() and self._runner.run_one():
            pass
        for chore in self._chores:
            chore()
