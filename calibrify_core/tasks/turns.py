"""A loop that looks again and again, stumbles without falling, and ends when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import structlog

log = structlog.get_logger()


class Turns:
    """Does chores in turn until it is stopped; one that fails is logged once and tried again.

    Args:
        chores: each is called once a turn.
        pause: seconds between two turns.
    """

    def __init__(self, chores: Iterable[Callable[[], Any]], pause: float) -> None:
        self._chores = tuple(chores)
        self._pause = pause
        self._stop = threading.Event()

    def stop(self, *_: Any) -> None:
        """Lets the turn at hand be the last; fit to be a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Goes on until it is stopped."""
        failing = False
        while not self._stop.is_set():
            try:
                for chore in self._chores:
                    chore()
            except Exception as error:  # noqa: BLE001 - whatever is away now may be back later
                if not failing:
                    log.warning("cannot go on just now; trying again", error=str(error))
                failing = True
            else:
                failing = False
            self._stop.wait(self._pause)
