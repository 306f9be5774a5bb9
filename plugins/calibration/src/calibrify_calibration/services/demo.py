"""The calibrations of the demonstration laboratory."""

from __future__ import annotations

from typing import Any


def load_calibrations(unit: Any, memory: dict[str, Any]) -> None:
    """Fills the demonstration laboratory."""
