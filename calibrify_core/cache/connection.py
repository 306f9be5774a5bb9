"""The line of a process to Redis: bounded in time, and left alone for a while once it is dead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from redis import ConnectionPool, Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from calibrify_core.kernel.errors import Unavailable

T = TypeVar("T")

PREFIX = "calibrify:"
"""What the names of all our keys begin with: others may use the same Redis."""

CONNECT_SECONDS, ANSWER_SECONDS = 0.5, 1.0
REST_SECONDS = 5.0
CONNECTIONS = 50

log = structlog.get_logger()


class RedisLine:
    """Asks Redis, and answers without it while it is away.

    Whatever lies in Redis may vanish at any time: it is a help, never the truth.

    Args:
        url: ``redis://:password@host:port/database``, or ``rediss://`` with TLS.
        rest: seconds for which nobody waits for a Redis that did not answer.
    """

    def __init__(self, url: str, rest: float = REST_SECONDS) -> None:
        self.url = url
        # One more try on a fresh connection: those that slept through a restart are dead.
        self.pool = ConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
        self.client: Redis = Redis(connection_pool=self.pool)
        self._rest = rest
        self._lock = threading.Lock()
        self._away_until = 0.0
        self._away = False

    def ask(self, question: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """Returns the answer of Redis, or the other answer while it is away.

        Args:
            question: asks Redis by `client` or `pool`.
            otherwise: is asked instead, at once, while Redis is known to be away.
        """
        if time.monotonic() < self._away_until:
            return otherwise()
        try:
            answer = question()
        except RedisError as error:
            self._went(error)
            return otherwise()
        if self._away:
            self._came_back()
        return answer

    def check(self) -> None:
        """Asks whether it answers, even while others leave it alone.

        Raises:
            Unavailable: it does not.
        """
        try:
            self.client.ping()
        except RedisError as error:
            raise Unavailable(
                "Redis does not answer: background work waits until it does, and each process "
                "keeps rates and cached figures for itself."
            ) from error

    def close(self) -> None:
        """Closes all connections."""
        self.pool.disconnect()

    def _went(self, error: RedisError) -> None:
        """Notes that it is away; it is logged once, not with each question."""
        with self._lock:
            known, self._away = self._away, True
            self._away_until = time.monotonic() + self._rest
        if not known:
            log.warning("Redis does not answer; this process does without", error=str(error))

    def _came_back(self) -> None:
        """Notes that it answers again."""
        with self._lock:
            known, self._away = self._away, False
        if known:
            log.info("Redis answers again")
