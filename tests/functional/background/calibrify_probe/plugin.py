"""A plugin whose tasks fail, stumble, take their time and start by the clock."""

import time
from collections.abc import Sequence
from pathlib import Path

from calibrify_core.hooks.declarations import Manifest, Schedule, Task, TaskContext
from calibrify_core.hooks.specs import CORE_API, hookimpl
from calibrify_core.kernel.errors import Invalid, Unavailable


def fail(context: TaskContext) -> None:
    raise Invalid.field("file", "This will never do.")


def stumble(context: TaskContext) -> None:
    if context.attempt < 2:
        raise Unavailable("Not yet.")


def linger(context: TaskContext) -> None:
    trace = Path(context.payload["trace"])
    with trace.open("a", encoding="utf-8") as stream:
        stream.write("begun\n")
    time.sleep(context.payload["seconds"])
    with trace.open("a", encoding="utf-8") as stream:
        stream.write("done\n")


def strike(context: TaskContext) -> None:
    """Nothing: that it was started is what counts."""


@hookimpl
def calibrify_manifest() -> Manifest:
    return Manifest(
        "probe", "Probe", "Tries the background work.", CORE_API, "calibrify_probe.migrations"
    )


@hookimpl
def calibrify_tasks() -> Sequence[Task]:
    return [
        Task("probe.fail", fail),
        Task("probe.stumble", stumble),
        Task("probe.linger", linger, seconds=3),
        Task("probe.strike", strike),
    ]


@hookimpl
def calibrify_schedules() -> Sequence[Schedule]:
    return [Schedule("probe.strike", 2)]
