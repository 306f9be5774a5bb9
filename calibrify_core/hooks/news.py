"""What a plugin declares of its domain events: what other systems hear, and who may hear it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """A domain event as other systems hear of it.

    Attributes:
        kind: the event's class.
        name: its type, ``<plugin>.<what_happened>``; it stays the same for ever.
        title: what happened, as people read it.
        permission: who may hear of it.
        model: the scoped class of the object that it tells of; None: it tells of no single one,
            and is for who holds the permission in the whole organisation.
        subject: the member that holds the object's id; empty without a model.
    """

    kind: type[Any]
    name: str
    title: str
    permission: str
    model: type[Any] | None = None
    subject: str = ""
