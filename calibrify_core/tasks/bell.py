"""The bell: rung when a commit enqueued something, so that the relay looks at once."""

from __future__ import annotations

import threading


class Bell:
    """Wakes whoever waits in this process; a ring while nobody waits is not lost."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        """Says that something may be in the outbox."""
        self._rung.set()

    def wait(self, seconds: float) -> bool:
        """Waits for a ring, at most so many seconds; tells whether there was one."""
        rung = self._rung.wait(seconds)
        self._rung.clear()
        return rung
