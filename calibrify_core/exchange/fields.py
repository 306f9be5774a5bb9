"""What can be imported: fields that plugins declare, and the first guess which column is which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from calibrify_core.exchange.headers import normalise

FieldKind = Literal["text", "integer", "decimal", "date", "boolean", "choice", "tree", "reference"]
"""How the text of a cell becomes a value:

``text`` → str · ``integer`` → int · ``decimal`` → Decimal, digits as written · ``date`` → date ·
``boolean`` → bool · ``choice`` → one of the names in ``choices`` · ``tree`` → tuple of the names
of the levels, top first · ``reference`` → str, the name of something that is matched or created.
"""

_IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")


@dataclass(frozen=True, slots=True)
class ImportField:
    """One field that a column can be mapped to.

    Attributes:
        name: in the API, for example ``asset_tag``.
        label: as people read it, for example "Asset tag".
        kind: how text becomes a value.
        synonyms: other names that columns of registers have ("Control No.", "Tag").
        choices: of a ``choice``, name → label.
        required: a new record cannot do without it.
        example: a value for the template file.
        max_length: most characters of a ``text``, ``reference``, or level of a ``tree``.
        minimum: smallest ``integer`` or ``decimal``.
        maximum: largest ``integer`` or ``decimal``.
        split_levels: a ``tree`` whose levels the option ``location_separator`` tells apart.
        deferred: the value stays the text of its cell, since what it means depends on the rest of
            the row: the importer reads it. The kind only says how dates are surveyed and words
            are mapped.
    """

    name: str
    label: str
    kind: FieldKind = "text"
    synonyms: tuple[str, ...] = ()
    choices: Mapping[str, str] | None = None
    required: bool = False
    example: str = ""
    max_length: int = 255
    minimum: int | None = None
    maximum: int | None = None
    split_levels: bool = False
    deferred: bool = False


def known_names(fields: Iterable[ImportField]) -> frozenset[str]:
    """Returns every name that a column for one of the fields may have; helps to find a header."""
    return frozenset(
        name for field in fields for name in (field.name, field.label, *field.synonyms)
    )


def guess_mapping(columns: Sequence[str], fields: Sequence[ImportField]) -> dict[str, str | None]:
    """Guesses which field each column is for, by name, then label, then synonyms.

    First come columns that have a field's very name or label. Otherwise upper and lower case,
    blanks and punctuation do not count, and a last pass leaves out what stands in brackets
    ("Range (mm)"). Each field is given once, to the first column that fits.

    Returns:
        Source column → field name, or None where nothing fits.

    >>> tag = ImportField("asset_tag", "Asset tag", synonyms=("Control No.",))
    >>> guess_mapping(["CONTROL NO", "Colour"], [tag])
    {'CONTROL NO': 'asset_tag', 'Colour': None}
    """
    exact = {field.label: field.name for field in reversed(fields)}
    exact.update((field.name, field.name) for field in fields)
    names: dict[str, str] = {}
    for group in ("name", "label", "synonyms"):
        for field in fields:
            given = getattr(field, group)
            for name in (given,) if isinstance(given, str) else given:
                names.setdefault(normalise(name), field.name)
    looks: tuple[Callable[[str], str | None], ...] = (
        exact.get,
        lambda column: names.get(normalise(column)),
        lambda column: names.get(normalise(_IN_BRACKETS.sub("", column))),
    )
    guess: dict[str, str | None] = dict.fromkeys(columns)
    taken: set[str] = set()
    for look in looks:
        for column in columns:
            found = look(column) if guess[column] is None else None
            if found is not None and found not in taken:
                guess[column] = found
                taken.add(found)
    return guess
