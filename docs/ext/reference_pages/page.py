"""A page of the reference, and the kinds of pages that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from calibrify_core.hooks.manager import Plugins

FIRST = "0.1"
"""Since when there is what does not say so itself: the first release."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is written about one thing that is declared.

    Attributes:
        plugin: name of the plugin that declares it.
        name: the thing's name, as it is used.
        cells: what the list of its kind says beside the name.
        text: the page's Markdown below its title.
    """

    plugin: str
    name: str
    cells: tuple[str, ...]
    text: str

    @property
    def file(self) -> str:
        """The name of its file without an ending: what an address takes, too."""
        return self.name.replace(" ", "-").replace(":", "-")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that is declared, with a folder of pages.

    Attributes:
        folder: below ``docs/reference``; beside it stands the hand-written ``<folder>.md``.
        columns: headings of the list, that of the name first.
        pages: yields the pages, in the order of the list.
    """

    folder: str
    columns: tuple[str, ...]
    pages: Callable[[Plugins], Iterable[Page]]
