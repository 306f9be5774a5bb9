"""The composition root of background work: the runner, the embedded relay, the Celery app."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from celery import Celery

from calibrify_core.audit.seal import Sealer
from calibrify_core.tasks.relay import Relay
from calibrify_core.tasks.runner import Runner
from calibrify_core.work.platform import Platform

RUN_ROW = "calibrify.run_outbox_row"


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
        chores=[Sealer(platform.database)],
    )


def make_celery(platform: Platform, broker_url: str = "memory://") -> Celery:
    """Returns the Celery application: one task, which runs one row of the outbox.

    The row is the truth; a message is only the bell, so losing or repeating one is harmless.

    Args:
        platform: the application's shared services.
        broker_url: where messages travel.
    """
    application = Celery("calibrify", broker=broker_url)
    application.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        broker_connection_retry_on_startup=True,
    )
    runner = make_runner(platform)

    @application.task(name=RUN_ROW, shared=False)  # type: ignore[untyped-decorator]
    def run_outbox_row(row_id: str) -> bool:
        """Runs one row of the outbox, unless somebody else has it."""
        return runner.run_one(uuid.UUID(row_id))

    return application


def task_named(application: Celery, name: str) -> Any:
    """Returns a registered task of a Celery application."""
    return application.tasks[name]
