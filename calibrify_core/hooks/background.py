"""What a plugin declares of background work that no record asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Chore:
    """What is looked after beside the outbox again and again.

    Attributes:
        name: ``<plugin>.<verb_noun>``.
        run: called with the platform once a second and after commits; so it must be quick, most
            of all where there is nothing to do.
    """

    name: str
    run: Callable[[Any], None]
