"""Sweeping: events that are older than they are kept."""

from __future__ import annotations

from calibrify_core.hooks.declarations import TaskContext
from calibrify_integration.services.retention import sweep

TASK = "integration.sweep_events"
EVERY_SECONDS = 3600


def sweep_events(context: TaskContext) -> None:
    """Task: deletes what is older than it is kept."""
    with context.unit() as unit:
        sweep(unit)
