"""Text of one cell: values to text, and the apostrophe that keeps text from being a formula.

A spreadsheet program runs a cell that starts with ``=``, ``+``, ``-``, ``@`` and a few other
characters. On the way out such text gets an apostrophe in front; on the way in exactly that
apostrophe goes away again, so that what was exported is read back unchanged, text that starts
with an apostrophe of its own included. The rule, with n ≥ 0 apostrophes at the start:

- out: ``'…'`` + formula character → one more apostrophe, unless n = 0 and the whole text is a
  plain decimal number (``-5``, ``+0.25``, ``1E-3``), which no program runs;
- in: n ≥ 1 apostrophes followed by a formula character → one apostrophe less.

Both sides look at the same first characters, hence ``restore(neutralise(text)) == text`` for
every text (a property test asserts it).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

FORMULA_CHARACTERS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""What makes a program take text for a formula (OWASP, "CSV injection"); the last four are the
full-width forms of the first four, which are formulas in East Asian locales."""

_AT_RISK = frozenset(FORMULA_CHARACTERS + "'")
_PLAIN_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")


def neutralise(text: str) -> str:
    """Returns the text with an apostrophe in front if a spreadsheet would run it.

    >>> neutralise("=1+1"), neutralise("-77.5DB+3"), neutralise("-5"), neutralise("'-5")
    ("'=1+1", "'-77.5DB+3", '-5', "''-5")
    """
    if text[:1] not in _AT_RISK or not text:
        return text
    rest = text.lstrip("'")
    if rest[:1] not in FORMULA_CHARACTERS or not rest:
        return text
    if rest is text and _PLAIN_NUMBER.match(text):
        return text
    return "'" + text


def restore(text: str) -> str:
    """Undoes :func:`neutralise`; other text comes back as it is.

    >>> restore("'=1+1"), restore("''-5"), restore("'quoted'"), restore("-5")
    ('=1+1', "'-5", "'quoted'", '-5')
    """
    if text[:1] != "'":
        return text
    rest = text.lstrip("'")
    return text[1:] if rest and rest[0] in FORMULA_CHARACTERS else text


def text_of(value: object) -> str:
    """Returns a value as the text that exports carry and imports read back.

    None is blank, booleans are ``true`` and ``false``, dates ISO 8601, datetimes RFC 3339 in
    UTC, decimals digit for digit without an exponent being added or lost.

    >>> from decimal import Decimal
    >>> text_of(True), text_of(Decimal("1.0010")), text_of(date(2016, 2, 29)), text_of(None)
    ('true', '1.0010', '2016-02-29', '')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat()
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
