"""A cache in the memory of this process, bounded in size."""

from __future__ import annotations

import threading
from collections import OrderedDict

from calibrify_core.cache.region import Region


class RecentTexts:
    """Keeps the texts that were asked for most recently; that unused longest goes first.

    Args:
        size: most texts to keep.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> str | None:
        """Returns a text and notes that it was used."""
        with self._lock:
            if key not in self._texts:
                return None
            self._texts.move_to_end(key)
            return self._texts[key]

    def set(self, key: str, text: str) -> None:
        """Keeps a text, and lets another go if there is no room."""
        with self._lock:
            self._texts[key] = text
            self._texts.move_to_end(key)
            if len(self._texts) > self._size:
                self._texts.popitem(last=False)

    def delete(self, key: str) -> None:
        """Removes a text."""
        with self._lock:
            self._texts.pop(key, None)


class MemoryCache(Region):
    """A cache region of this process alone.

    Args:
        size: most values to keep.
    """

    def __init__(self, size: int = 10_000) -> None:
        super().__init__(RecentTexts(size))
