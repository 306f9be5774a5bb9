"""Every cache makes a value once and forgets in time; without its Redis it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from calibrify_core.auth.limits import RateLimits
from calibrify_core.cache.connection import RedisLine
from calibrify_core.cache.interface import CacheRegion
from calibrify_core.cache.memory import MemoryCache
from calibrify_core.cache.redis import RedisCache
from calibrify_core.testing.redis import RedisServer


class Maker:
    """Counts how often it was asked."""

    def __init__(self, pause: float = 0) -> None:
        self.times = 0
        self._pause = pause
        self._lock = threading.Lock()

    def __call__(self) -> int:
        time.sleep(self._pause)
        with self._lock:
            self.times += 1
            return self.times


@pytest.fixture
def line(redis_server: RedisServer) -> Iterator[RedisLine]:
    opened = RedisLine(redis_server.url, rest=0.2)
    opened.client.flushall()
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest) -> CacheRegion:
    if request.param == "memory":
        return MemoryCache()
    return RedisCache(request.getfixturevalue("line"))


def test_a_value_is_made_once(cache: CacheRegion) -> None:
    make = Maker()

    assert [cache.get_or_create("a", make, 60) for _ in range(3)] == [1, 1, 1]


def test_nothing_and_falsehood_are_values(cache: CacheRegion) -> None:
    asked = []
    for _ in range(2):
        cache.get_or_create("none", lambda: asked.append("none"), 60)

    assert asked == ["none"]


def test_keys_do_not_meet(cache: CacheRegion) -> None:
    assert cache.get_or_create("a", lambda: "A", 60) == "A"
    assert cache.get_or_create("b", lambda: "B", 60) == "B"
    assert cache.get_or_create("a", lambda: "other", 60) == "A"


def test_an_invalidated_value_is_made_anew(cache: CacheRegion) -> None:
    make = Maker()
    cache.get_or_create("a", make, 60)
    cache.invalidate("a")
    cache.invalidate("never kept")

    assert cache.get_or_create("a", make, 60) == 2


def test_a_value_runs_out(cache: CacheRegion) -> None:
    make = Maker()
    cache.get_or_create("a", make, 0.05)
    time.sleep(0.1)

    assert cache.get_or_create("a", make, 0.05) == 2


def test_a_failure_is_raised_and_not_kept(cache: CacheRegion) -> None:
    def fail() -> int:
        raise ConnectionError("away")

    with pytest.raises(ConnectionError, match="away"):
        cache.get_or_create("a", fail, 60)
    assert cache.get_or_create("a", lambda: 5, 60) == 5


def test_what_is_no_json_is_refused(cache: CacheRegion) -> None:
    with pytest.raises(TypeError):
        cache.get_or_create("a", lambda: {1, 2}, 60)
    with pytest.raises(ValueError, match="JSON"):
        cache.get_or_create("a", lambda: float("nan"), 60)


def test_memory_lets_the_value_unused_longest_go_first() -> None:
    cache = MemoryCache(size=3)
    for key in "abc":
        cache.get_or_create(key, lambda: "old", 60)
    cache.get_or_create("a", lambda: "new", 60)
    cache.get_or_create("d", lambda: "new", 60)

    assert cache.get_or_create("a", lambda: "new", 60) == "old"
    assert cache.get_or_create("c", lambda: "new", 60) == "old"
    assert cache.get_or_create("b", lambda: "new", 60) == "new"


def test_many_who_ask_at_once_let_one_make_it(cache: CacheRegion) -> None:
    make = Maker(pause=0.1)
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda _: cache.get_or_create("a", make, 60), range(8)))

    assert values == [1] * 8


def test_processes_share_what_lies_in_redis(line: RedisLine, redis_server: RedisServer) -> None:
    other = RedisLine(redis_server.url)
    assert RedisCache(line).get_or_create("a", lambda: {"n": [1, None]}, 60) == {"n": [1, None]}
    assert RedisCache(other).get_or_create("a", lambda: "other", 60) == {"n": [1, None]}
    assert list(line.client.keys()) == [b"calibrify:cache:a"]
    other.close()


@pytest.mark.parametrize("text", [b"\x80\x04K\x01.", b"[", b"[1]", b'["x", 1]', b"7", b"null"])
def test_what_others_wrote_to_redis_counts_as_nothing(line: RedisLine, text: bytes) -> None:
    line.client.set("calibrify:cache:a", text)
    assert RedisCache(line).get_or_create("a", lambda: 5, 60) == 5


def test_a_dead_redis_is_done_without_and_asked_again(
    line: RedisLine, redis_server: RedisServer
) -> None:
    cache, make = RedisCache(line), Maker()
    redis_server.stop()
    try:
        started = time.monotonic()
        assert [cache.get_or_create("a", make, 60) for _ in range(100)] == [1] * 100
        cache.invalidate("a")
        assert cache.get_or_create("a", make, 60) == 2
        assert time.monotonic() - started < 3
    finally:
        redis_server.start()
    time.sleep(0.3)
    assert cache.get_or_create("b", lambda: "shared", 60) == "shared"
    assert line.client.exists("calibrify:cache:b")


def test_processes_share_rates_and_count_alone_without_redis(
    line: RedisLine, redis_server: RedisServer
) -> None:
    one, other = (RateLimits(stranger="4/minute", line=line) for _ in range(2))
    for limits in (one, other, one, other):
        assert limits.check("address:a").allowed
    assert not one.check("address:a").allowed
    assert RateLimits(stranger="4/minute", name="else", line=line).check("address:a").allowed
    redis_server.stop()
    try:
        assert [one.check("address:a").allowed for _ in range(5)] == [True] * 4 + [False]
    finally:
        redis_server.start()
