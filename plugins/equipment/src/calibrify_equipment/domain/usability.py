"""May an instrument be used today? What a check answers, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Usability:
    """One answer to the question whether an instrument may be used today.

    Attributes:
        usable: whether it may.
        grave: orders the answers; the greatest decides the banner.
        state: word for the look (``ok``, ``soon``, ``late``, ``oot``, ``out``, ``incal``).
        key: machine-readable state, for example ``overdue``.
        word: the chip's word, for example *Overdue*.
        icon: name in the icon sprite.
        headline: the banner's sentence.
        evidence: the line below it.
        link: (label, path) of the proof, for example the certificate.
        due_on: date of the interval bar, if there is one.
        since_on: begin of the interval bar.
    """

    usable: bool
    grave: int
    state: str
    key: str
    word: str
    icon: str
    headline: str
    evidence: str = ""
    link: tuple[str, str] | None = None
    due_on: Any = None
    since_on: Any = None


@dataclass(frozen=True, slots=True)
class UsabilityCheck:
    """A reason for which an instrument may, or may not, be used.

    Attributes:
        name: unique, ``<plugin>.<what>``.
        judge: called with (unit, record); the record is the row as the list shows it, with the
            members of all facets; returns None when it has nothing to say. Called for each row
            of a page: it asks the database nothing.
    """

    name: str
    judge: Callable[[Any, Mapping[str, Any]], Usability | None]
