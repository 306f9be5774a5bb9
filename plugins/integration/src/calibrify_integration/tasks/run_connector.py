"""The background task that runs a connector."""

from __future__ import annotations

from calibrify_core.hooks.declarations import TaskContext
from calibrify_integration.services import connector_runs


def run_connector(context: TaskContext) -> None:
    """Runs a connector once with the present rights of its owner."""
    connector_runs.run_connector(context)
