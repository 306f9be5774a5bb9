"""What a cache region must do: keep costly answers for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class CacheRegion(Protocol):
    """Keeps answers that may be a little old; rights and states of records are never among them.

    A value is made of what JSON has: dicts with names as text, lists, texts, numbers, booleans
    and None. It is shared by all who ask for it: nobody changes it.
    """

    def get_or_create(self, key: str, creator: Callable[[], T], seconds: float) -> T:
        """Returns the kept value of a key, or makes, keeps and returns it.

        While one caller makes a value anew, others get the one that just ran out, if there is
        one, and wait otherwise.

        Args:
            key: names the value and all that it depends on, the organisation first.
            creator: makes the value; what it raises is raised, and nothing is kept.
            seconds: how old a kept value may be.

        Raises:
            TypeError, ValueError: what was made is no JSON.
        """
        ...

    def invalidate(self, key: str) -> None:
        """Forgets the value of a key; other processes forget it when its time is over."""
        ...
