"""Searching everything: each plugin's source behind a guard of its own."""

from __future__ import annotations

from functools import partial
from typing import Any

from calibrify_core.hooks.declarations import SearchHit


def search_all(unit: Any, words: str, limit: int) -> list[SearchHit]:
    """Returns hits of all sources within the caller's scope; a failing source is left out.

    Args:
        unit: the unit of work.
        words: what to look for.
        limit: most hits of one source.
    """
    found: list[SearchHit] = []
    for contribution in unit.platform.plugins.collect("calibrify_search_sources"):
        source = contribution.value
        if not unit.access.permits(source.permission):
            continue
        outcome = unit.guarded(
            contribution.plugin, source.name, partial(source.find, unit, words, limit)
        )
        found += outcome.value or []
    return found
