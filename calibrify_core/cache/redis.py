"""A cache that all processes share through Redis; while it is away, each keeps its own."""

from __future__ import annotations

from functools import partial

from calibrify_core.cache.connection import PREFIX, RedisLine
from calibrify_core.cache.memory import RecentTexts
from calibrify_core.cache.region import Region

LONGEST = 3600
"""Seconds after which Redis forgets a value, however long it might be kept."""


class RedisCache(Region):
    """A cache region in Redis, or in memory while Redis does not answer.

    A value that is invalidated while Redis is away may come back with it, until its time is over.

    Args:
        line: to Redis.
    """

    def __init__(self, line: RedisLine) -> None:
        super().__init__(_SharedTexts(line))


class _SharedTexts:
    """Texts in Redis, those of this process beside them for when it is away."""

    def __init__(self, line: RedisLine) -> None:
        self._line = line
        self._own = RecentTexts()

    def get(self, key: str) -> str | bytes | None:
        """Returns a text."""
        asked = partial(self._line.client.get, f"{PREFIX}cache:{key}")
        return self._line.ask(asked, partial(self._own.get, key))

    def set(self, key: str, text: str) -> None:
        """Keeps a text, here too: it serves while Redis is away."""
        self._own.set(key, text)
        asked = partial(self._line.client.set, f"{PREFIX}cache:{key}", text, ex=LONGEST)
        self._line.ask(asked, _nothing)

    def delete(self, key: str) -> None:
        """Removes a text."""
        self._own.delete(key)
        self._line.ask(partial(self._line.client.delete, f"{PREFIX}cache:{key}"), _nothing)


def _nothing() -> None:
    """Stands for an answer that nobody needs."""
