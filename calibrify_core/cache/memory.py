"""A cache in the memory of this process, bounded in size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar, cast

from dogpile.cache.region import make_region

T = TypeVar("T")


class MemoryCache:
    """Keeps the values that were asked for most recently.

    Args:
        size: most values to keep.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._region = make_region().configure(
            "dogpile.cache.memory", arguments={"cache_dict": _Recent(size)}
        )

    def get_or_create(self, key: str, creator: Callable[[], T], seconds: float) -> T:
        """Returns the kept value of a key, or makes it; see `CacheRegion.get_or_create`."""
        return cast("T", self._region.get_or_create(key, creator, expiration_time=seconds))

    def invalidate(self, key: str) -> None:
        """Forgets the value of a key; see `CacheRegion.invalidate`."""
        self._region.delete(key)


class _Recent:
    """As much of a dict as dogpile needs; the entry that was unused longest goes first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, default: Any = None) -> Any:
        """Returns an entry and notes that it was used."""
        with self._lock:
            if key not in self._entries:
                return default
            self._entries.move_to_end(key)
            return self._entries[key]

    def __setitem__(self, key: str, value: Any) -> None:
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)

    def pop(self, key: str, default: Any = None) -> Any:
        """Removes an entry."""
        with self._lock:
            return self._entries.pop(key, default)
