"""The guard around what plugins declared: a failure names its plugin and goes no further."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from calibrify_core.observability.faults import FAULTS, Faults
from calibrify_core.observability.metrics import METRICS, Metrics

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """What came of a guarded call.

    Attributes:
        plugin: whose code was called.
        what: name of what was called.
        seconds: how long it took.
        value: what it returned, None if it raised.
        error: what it raised, None if it returned.
    """

    plugin: str
    what: str
    seconds: float
    value: T | None = None
    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Whether the call returned."""
        return self.error is None


def guarded(
    plugin: str,
    what: str,
    call: Callable[[], T],
    *,
    metrics: Metrics = METRICS,
    faults: Faults = FAULTS,
) -> Result[T]:
    """Calls something that a plugin declared; never raises what it raises.

    What touches the database is called through `UnitOfWork.guarded`, which puts a savepoint
    around it: after a failed statement the transaction would be of no more use to anybody else.

    Args:
        plugin: name of the plugin.
        what: name of what is called, as declared: of the panel, the widget, the check.
        call: without arguments.
        metrics: where it is counted.
        faults: where a failure is remembered.
    """
    began = time.perf_counter()
    try:
        value = call()
    except Exception as error:
        seconds = time.perf_counter() - began
        metrics.observe_plugin_call(plugin, what, seconds, failed=True)
        faults.note(plugin, what, error)
        log.exception("plugin failed", plugin=plugin, what=what, seconds=round(seconds, 3))
        return Result(plugin, what, seconds, error=error)
    seconds = time.perf_counter() - began
    metrics.observe_plugin_call(plugin, what, seconds, failed=False)
    return Result(plugin, what, seconds, value)
