"""Folding the tally: many small changes become one row for each state."""

from __future__ import annotations

from calibrify_core.hooks.declarations import TaskContext
from calibrify_equipment.services.figures import fold

TASK = "equipment.fold_tally"
EVERY_SECONDS = 300


def fold_tally(context: TaskContext) -> None:
    """Folds the tally of all organisations; folding twice changes nothing."""
    with context.unit() as unit:
        fold(unit)
