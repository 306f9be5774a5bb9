"""Finding the route of a request: only those are tried whose beginning fits its path."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from pyramid.interfaces import IRoutesMapper
from pyramid.urldispatch import RoutesMapper

PARTS = 4
"""So many parts of a path are looked at; the first is empty: ``/api/v1/equipment``."""

VARIABLE = re.compile(r"[{*:]")


class Routes(RoutesMapper):  # type: ignore[misc]
    """Pyramid's mapper, which does not try hundreds of patterns one after the other.

    The order among those that fit is the order in which they were added, as ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self._near = lru_cache(maxsize=512)(self._fitting)

    def connect(self, *args: Any, **options: Any) -> Any:
        """Adds a route."""
        self._near.cache_clear()
        return super().connect(*args, **options)

    def __call__(self, request: Any) -> Any:
        """Returns the route of a request and what its pattern matched, as Pyramid does."""
        path: str = request.environ.get("PATH_INFO", "")
        return self._near("/".join(path.split("/", PARTS)[:PARTS]))(request)

    def _fitting(self, head: str) -> RoutesMapper:
        """Returns a mapper of the routes that may match a path that begins like this."""
        near = RoutesMapper()
        near.routelist = [
            route
            for route in self.routelist
            if (stem := _stem(route.pattern)).startswith(head) or head.startswith(stem)
        ]
        return near


def _stem(pattern: str) -> str:
    """Returns what every path of a pattern begins with, as WSGI writes it."""
    stem = VARIABLE.split(pattern, maxsplit=1)[0]
    return f"/{stem.lstrip('/')}".encode().decode("latin-1")


def includeme(config: Any) -> None:
    """Registers the mapper; before the first route is added."""
    config.registry.registerUtility(Routes(), IRoutesMapper)
