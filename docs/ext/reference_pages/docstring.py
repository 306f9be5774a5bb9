"""Docstrings, taken apart: what the first line says, the sections, the members."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SECTION = re.compile(
    r"^(?P<name>When|Args|Returns|Raises|Attributes|Example|Since):(?: +(?P<text>.*))?$"
)
_MEMBER = re.compile(r"^(?P<name>[*\w.]+): (?P<text>.*)$")


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring in its parts.

    Attributes:
        summary: the first paragraph on one line.
        text: the other paragraphs.
        sections: text of each section by its name, indentation taken away.
    """

    summary: str
    text: str
    sections: Mapping[str, str]

    def members(self, section: str = "Attributes") -> dict[str, str]:
        """Returns the sentences of a section such as ``Attributes``, by the member's name."""
        found: dict[str, str] = {}
        name = ""
        for line in self.sections.get(section, "").splitlines():
            begins = None if line.startswith(" ") else _MEMBER.match(line)
            if begins:
                name = begins["name"]
                found[name] = begins["text"]
            elif name:
                found[name] = f"{found[name]} {line.strip()}".strip()
        return found

    def line(self, section: str) -> str:
        """Returns a section on one line, empty if there is none."""
        return " ".join(self.sections.get(section, "").split())

    @property
    def example(self) -> str:
        """The lines of the example, without the marks of a code span."""
        return self.sections.get("Example", "").strip("`")


def parse(text: str) -> Docstring:
    """Takes a docstring apart."""
    prose: list[str] = []
    sections: dict[str, list[str]] = {}
    current = prose
    for line in inspect.cleandoc(text).splitlines():
        begins = _SECTION.match(line)
        if begins:
            current = sections.setdefault(begins["name"], [])
            if begins["text"]:
                current.append(begins["text"])
        else:
            current.append(line)
    paragraphs = [" ".join(part.split()) for part in "\n".join(prose).split("\n\n")]
    return Docstring(
        paragraphs[0],
        "\n\n".join(part for part in paragraphs[1:] if part),
        {name: inspect.cleandoc("\n".join(lines)).strip() for name, lines in sections.items()},
    )


def docstring_of(thing: Any) -> Docstring:
    """Returns the docstring of a function or class, taken apart."""
    return parse(thing.__doc__ or "")
