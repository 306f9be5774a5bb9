"""What an instrument is recognised by: keys that are derived from its tag, maker and number."""

from __future__ import annotations

MARK = "\t"
"""Stands in front of tag and serial number in the search text; no word of a query holds it."""

_SEPARATOR = "\x1f"
SHORT_WORD = 3
"""A word of fewer characters is looked for at the beginning of tag and serial number alone."""


def sort_key(text: str) -> str:
    """Returns what lists sort a tag or a name by: upper and lower case are alike.

    >>> sort_key("EQ-2026-00042")
    'eq-2026-00042'
    """
    return text.lower()


def identity_key(manufacturer: str, model: str, serial_number: str) -> str | None:
    """Returns what no two instruments of an organisation have in common.

    A serial number counts within one manufacturer and model; upper and lower case are alike. A
    blank one never collides.

    >>> identity_key("Fluke", "87V", "0012") == identity_key("FLUKE", "87v", "0012")
    True
    >>> identity_key("Fluke", "87V", "") is None
    True
    """
    if not serial_number:
        return None
    return _SEPARATOR.join((manufacturer.lower(), model.lower(), serial_number.lower()))


def search_text(
    asset_tag: str, serial_number: str, name: str, manufacturer: str, model: str
) -> str:
    r"""Returns the text that the search looks into, lower case, one fact a line.

    >>> search_text("EQ-1", "0012", "Multimeter", "Fluke", "87V")
    '\teq-1\n\t0012\nmultimeter\nfluke\n87v'
    """
    facts = (MARK + asset_tag, MARK + serial_number, name, manufacturer, model)
    return "\n".join(facts).lower()


def search_pattern(word: str) -> str:
    r"""Returns the LIKE pattern of one lower-case word, escaped by a backslash.

    A word of three characters and more is found anywhere; a shorter one only where a tag or a
    serial number begins, since anywhere it would be found nearly everywhere.

    >>> search_pattern("100%")
    '%100\\%%'
    >>> search_pattern("eq")
    '%\teq%'
    """
    literal = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%" if len(word) >= SHORT_WORD else f"%{MARK}{literal}%"
