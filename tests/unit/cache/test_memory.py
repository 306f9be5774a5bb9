"""The cache in memory: makes a value once, forgets in time, and stays small."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from calibrify_core.cache.interface import CacheRegion
from calibrify_core.cache.memory import MemoryCache


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
def cache() -> CacheRegion:
    return MemoryCache(size=3)


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


def test_the_value_unused_longest_goes_first(cache: CacheRegion) -> None:
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
