"""What a plugin declares that each organisation decides for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

GREATEST = 1_000_000
"""Greatest number that a policy can have."""


@dataclass(frozen=True, slots=True)
class OrganisationPolicy:
    """A switch or value that an organisation sets for itself, on the page of policies.

    Attributes:
        name: unique; key in the organisation's policies.
        title: as people read it.
        default: until it is set; it says what the policy holds: yes or no, a whole number from
            0, or one of the choices.
        help: what follows from it, in a sentence.
        choices: (value, label) of each, where it is one of a few words.
    """

    name: str
    title: str
    default: bool | int | str
    help: str = ""
    choices: Sequence[tuple[str, str]] = ()

    def takes(self, value: Any) -> bool:
        """Tells whether the policy can have a value.

        >>> OrganisationPolicy("accredited", "Refuse what is not complete", False).takes("yes")
        False
        """
        if self.choices:
            return any(value == known for known, _ in self.choices)
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        return type(value) is int and 0 <= value <= GREATEST
