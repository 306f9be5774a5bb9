"""The composition root of background work: the runner, the relays, the scheduler, the workers."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from celery import Celery, signals

from calibrify_core.audit.seal import Sealer
from calibrify_core.cache.connection import PREFIX, RedisLine
from calibrify_core.observability.guard import guarded
from calibrify_core.tasks.announcer import Announcer
from calibrify_core.tasks.relay import TICK, Relay, tick
from calibrify_core.tasks.runner import Runner
from calibrify_core.tasks.turns import Turns
from calibrify_core.work.platform import Platform

RUN_ROW = "calibrify.run_outbox_row"
KEYS, QUEUE = f"{PREFIX}queue:", "outbox"
LOOK_SECONDS = 0.5
DRAIN_SECONDS = 15


def make_runner(platform: Platform) -> Runner:
    """Returns what runs rows of the outbox, here or in a worker."""
    new_session = partial(platform.session, write=True)
    owners = {one.value.name: one.plugin for one in platform.plugins.collect("calibrify_tasks")}

    def runs(task: str, organisation_id: uuid.UUID) -> bool:
        with platform.session(write=False) as session:
            organisation = platform.organisation(session, organisation_id)
        return owners[task] not in organisation.plugins_off

    return Runner(new_session, platform.unit, platform.plugins.named("calibrify_tasks"), runs)


def make_relay(platform: Platform) -> Relay:
    """Returns the embedded relay: outbox, schedules and the sealing of the trail."""
    return Relay(
        make_runner(platform),
        partial(platform.session, write=True),
        platform.plugins.values("calibrify_schedules"),
        platform.bell,
        chores=make_chores(platform),
    )


def make_chores(platform: Platform) -> list[Callable[[], Any]]:
    """Returns what is looked after beside the outbox: the sealing, and the chores of plugins."""
    of_plugins = [
        partial(guarded, one.plugin, one.value.name, partial(one.value.run, platform))
        for one in platform.plugins.collect("calibrify_chores")
    ]
    return [Sealer(platform.database), *of_plugins]


def make_announcer(platform: Platform, redis: RedisLine) -> Turns:
    """Returns the relay to a broker: it tells workers on Redis which rows are due.

    Args:
        platform: the application's shared services.
        redis: the line to the broker.
    """
    broker = _CeleryBroker(make_celery(platform, redis.url), redis)
    announcer = Announcer(partial(platform.session, write=False), broker)
    return Turns([announcer.announce], LOOK_SECONDS)


def make_scheduler(platform: Platform) -> Turns:
    """Returns what starts schedules and does the chores, where workers run the outbox."""
    schedules = platform.plugins.values("calibrify_schedules")

    def start_due() -> None:
        with platform.session(write=True) as session, session.begin():
            tick(session, schedules, datetime.now(UTC))

    return Turns([start_due, *make_chores(platform)], TICK)


class _CeleryBroker:
    """Messages to Celery workers on Redis."""

    def __init__(self, application: Celery, redis: RedisLine) -> None:
        self._task = task_named(application, RUN_ROW)
        self._redis = redis

    def waiting(self) -> int:
        """Returns how many messages nobody has taken yet."""
        return int(self._redis.client.llen(f"{KEYS}{QUEUE}"))

    def post(self, row_id: uuid.UUID) -> None:
        """Sends the message that a row is due; the row's id names it in the logs of workers."""
        self._task.apply_async(args=[str(row_id)], task_id=f"outbox-{row_id}", retry=False)


def make_celery(platform: Platform, broker_url: str = "memory://") -> Celery:
    """Returns the Celery application: one task, which runs one row of the outbox.

    The row is the truth; a message is only the bell, so losing or repeating one is harmless.

    Args:
        platform: the application's shared services.
        broker_url: where messages travel.
    """
    longest = max(task.seconds for task in platform.plugins.values("calibrify_tasks"))
    application = Celery("calibrify", broker=broker_url, set_as_current=False)
    application.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_default_queue=QUEUE,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "global_keyprefix": KEYS,
            # A message is delivered again after this time: not while its task may still run.
            "visibility_timeout": 2 * longest + 3600,
            "socket_connect_timeout": 2.0,
            "socket_timeout": 30.0,
            "socket_keepalive": True,
        },
    )
    runner = make_runner(platform)

    @application.task(name=RUN_ROW, shared=False)  # type: ignore[untyped-decorator]
    def run_outbox_row(row_id: str) -> bool:
        """Runs one row of the outbox, unless somebody else has it."""
        return runner.run_one(uuid.UUID(row_id))

    return application


def run_worker(platform: Platform, redis: RedisLine, concurrency: int) -> int:
    """Runs a Celery worker until it is told to stop; returns its exit code.

    SIGTERM lets the runs at hand finish, but not for longer than `DRAIN_SECONDS`; what is cut
    off then is run again by another worker when its lease is over.

    Args:
        platform: the application's shared services.
        redis: the line to the broker.
        concurrency: how many rows to run at a time, each in a process of its own.
    """

    def forget_connections(**_: Any) -> None:
        platform.database.forget()

    def limit_shutdown(**_: Any) -> None:
        timer = threading.Timer(DRAIN_SECONDS, os.killpg, (os.getpgrp(), signal.SIGKILL))
        timer.daemon = True
        timer.start()

    def keep_logging(**_: Any) -> None:
        """Being connected is enough: Celery then leaves logging as it is."""

    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    signals.setup_logging.connect(keep_logging)
    signals.worker_process_init.connect(forget_connections)
    signals.worker_shutting_down.connect(limit_shutdown)
    application = make_celery(platform, redis.url)
    worker = application.Worker(
        pool="prefork",
        concurrency=concurrency,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",
    )
    worker.start()
    return int(worker.exitcode or 0)


def task_named(application: Celery, name: str) -> Any:
    """Returns a registered task of a Celery application."""
    return application.tasks[name]
