"""What all back ends do alike: one caller at a time makes a value, and values are JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

from dogpile.cache import register_backend
from dogpile.cache.api import NO_VALUE, CacheBackend, CachedValue
from dogpile.cache.region import make_region

T = TypeVar("T")


class Texts(Protocol):
    """Where a back end keeps texts by their keys."""

    def get(self, key: str) -> str | bytes | None:
        """Returns a text, or None if there is none."""
        ...

    def set(self, key: str, text: str) -> None:
        """Keeps a text."""
        ...

    def delete(self, key: str) -> None:
        """Removes a text; one that is not there is no error."""
        ...


class Region:
    """A cache region over texts; see `CacheRegion`.

    JSON and nothing richer: whoever can write to a shared store must not be able to run code
    here, and a value means the same whether or not the store is shared.

    Args:
        texts: where they are kept.
    """

    def __init__(self, texts: Texts) -> None:
        self._region = make_region().configure("calibrify.texts", arguments={"texts": texts})

    def get_or_create(self, key: str, creator: Callable[[], T], seconds: float) -> T:
        """Returns the kept value of a key, or makes it; see `CacheRegion.get_or_create`."""
        return cast("T", self._region.get_or_create(key, creator, expiration_time=seconds))

    def invalidate(self, key: str) -> None:
        """Forgets the value of a key; see `CacheRegion.invalidate`."""
        self._region.delete(key)


class TextBackend(CacheBackend):
    """Shows texts to dogpile as values with the moment of their making.

    Args:
        arguments: ``texts``.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._texts: Texts = arguments["texts"]

    def get(self, key: str) -> Any:
        """Returns a value; a text that is not of ours counts as none."""
        text = self._texts.get(key)
        if text is None:
            return NO_VALUE
        try:
            made_at, payload = json.loads(text)
            return CachedValue(payload, {"ct": float(made_at), "v": 2})
        except (ValueError, TypeError, RecursionError):
            return NO_VALUE

    def set(self, key: str, value: Any) -> None:
        """Keeps a value.

        Raises:
            TypeError: it is no JSON.
        """
        self._texts.set(key, json.dumps([value.cached_time, value.payload], allow_nan=False))

    def delete(self, key: str) -> None:
        """Removes a value."""
        self._texts.delete(key)


register_backend("calibrify.texts", TextBackend.__module__, TextBackend.__name__)  # type: ignore[no-untyped-call]
