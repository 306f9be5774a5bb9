"""How often: request rates per account, or per address while nobody is recognised.

The counters live in Redis, for all processes together, or in each process where there is none
or it is away; windows slide. Guessing of passwords has a throttle of its own, which lives in the
database (`calibrify_core.auth.throttle`).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import partial

from limits import RateLimitItem, WindowStats, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter

from calibrify_core.cache.connection import PREFIX, RedisLine
from calibrify_core.kernel.errors import TooManyRequests

CALLER = "6000/minute"
STRANGER = "300/minute"


@dataclass(frozen=True, slots=True)
class LimitState:
    """Where a caller stands.

    Attributes:
        policy: name of the limit.
        quota: requests that a window admits.
        window: its length in seconds.
        remaining: requests that are left.
        reset: whole seconds until the window is free again.
        allowed: whether this request is within the limit.
    """

    policy: str
    quota: int
    window: int
    remaining: int
    reset: int
    allowed: bool

    @property
    def headers(self) -> list[tuple[str, str]]:
        """``RateLimit`` and ``RateLimit-Policy`` (draft-ietf-httpapi-ratelimit-headers-10)."""
        return [
            ("RateLimit", f'"{self.policy}";r={self.remaining};t={self.reset}'),
            ("RateLimit-Policy", f'"{self.policy}";q={self.quota};w={self.window}'),
        ]

    def require(self) -> None:
        """Lets a caller within the limit pass.

        Raises:
            TooManyRequests: it is used up; says after how many seconds another try makes sense.
        """
        if not self.allowed:
            raise TooManyRequests(max(1, self.reset))


class RateLimits:
    """Counts requests.

    Args:
        enabled: False counts nothing and admits everything.
        caller: the rate of a recognised account, all its credentials together.
        stranger: the rate of an address from which nobody is recognised.
        name: keeps its counts apart from those of other limits.
        line: to the Redis that processes share.
    """

    def __init__(
        self,
        *,
        enabled: bool = True,
        caller: str = CALLER,
        stranger: str = STRANGER,
        name: str = "api",
        line: RedisLine | None = None,
    ) -> None:
        self._enabled = enabled
        self._policies = {"caller": parse(caller), "stranger": parse(stranger)}
        self._line = line
        self._own: RateLimiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = self._own
        if line is not None:
            storage = RedisStorage(
                line.url, connection_pool=line.pool, key_prefix=f"{PREFIX}limit:{name}"
            )
            self._shared = SlidingWindowCounterRateLimiter(storage)

    def check(self, key: str, cost: int = 1) -> LimitState:
        """Counts a request against its caller's limit.

        Args:
            key: `Principal.rate_key`, or `address.throttle_key` of a stranger.
            cost: how many requests it counts as.
        """
        policy = "caller" if key.startswith("user:") else "stranger"
        item: RateLimitItem = self._policies[policy]
        if not self._enabled:
            return LimitState(policy, item.amount, item.get_expiry(), item.amount, 0, allowed=True)
        asked = partial(_count, item=item, key=key, cost=cost)
        own = partial(asked, self._own)
        allowed, stats = (
            own() if self._line is None else self._line.ask(partial(asked, self._shared), own)
        )
        return LimitState(
            policy,
            item.amount,
            item.get_expiry(),
            max(0, stats.remaining),
            max(0, math.ceil(stats.reset_time - time.time())),
            allowed,
        )


def _count(
    limiter: RateLimiter, item: RateLimitItem, key: str, cost: int
) -> tuple[bool, WindowStats]:
    """Counts with one limiter; returns whether it is allowed, and what is left."""
    return limiter.hit(item, key, cost=cost), limiter.get_window_stats(item, key)
