"""The last faults of each plugin in this process: what an administrator is shown first."""

from __future__ import annotations

import traceback
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from calibrify_core.observability.redaction import scrubbed

KEPT = 20
"""How many faults of one plugin are kept; the log has them all."""

LONGEST = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure of something that a plugin declared.

    Attributes:
        at: when (UTC).
        what: name of what failed, as declared.
        place: file and line that raised it, without the folders above.
        error: kind and first line of the error, secrets taken out.
    """

    at: datetime
    what: str
    place: str
    error: str


class Faults:
    """Remembers the last faults, bounded for each plugin."""

    def __init__(self) -> None:
        self._kept: dict[str, deque[Fault]] = {}

    def note(self, plugin: str, what: str, error: Exception) -> None:
        """Notes a fault.

        Args:
            plugin: name of the plugin.
            what: name of what failed, as declared.
            error: what it raised.
        """
        lines = str(getattr(error, "orig", None) or error).strip().splitlines()
        told = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        fault = Fault(datetime.now(UTC), what, place, scrubbed(told)[:LONGEST])
        self._kept.setdefault(plugin, deque(maxlen=KEPT)).append(fault)

    def last(self, plugin: str) -> Fault | None:
        """Returns the last fault of a plugin since this process started, None if there is none."""
        kept = self._kept.get(plugin)
        return kept[-1] if kept else None

    def of(self, plugin: str) -> list[Fault]:
        """Returns the faults of a plugin that are kept, oldest first."""
        return list(self._kept.get(plugin, ()))


FAULTS = Faults()
"""The faults of this process."""
