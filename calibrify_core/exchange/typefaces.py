"""What the fonts at hand can draw, and how text is written that they cannot.

PDF/A forbids a missing glyph, and a certificate must not show an empty box where a name was
typed. A character without a glyph is therefore written as its code point.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path

SUFFIXES = frozenset({".ttf", ".otf"})
"""Single-font files; collections are not read."""

_INVISIBLE = frozenset(
    map(chr, (0xAD, 0x34F, *range(0x200B, 0x2010), *range(0x2060, 0x2065), *range(0xFE00, 0xFE10)))
)
_WHITE = {"\t": "    "} | dict.fromkeys("\r\v\f\x85\u2028\u2029", "\n")
_OVERRIDES = "\u202d\u202e"


@lru_cache(maxsize=8)
def covered(folders: Sequence[Path]) -> frozenset[str]:
    """Returns the characters that at least one font file directly in ``folders`` can draw.

    Args:
        folders: a tuple of existing folders.
    """
    characters: set[str] = set()
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in SUFFIXES:
                characters.update(font_characters(path.read_bytes()))
    return frozenset(characters) | _INVISIBLE | {"\n"}


def font_characters(font: bytes) -> frozenset[str]:
    """Returns the characters in the ``cmap`` of an OpenType font (formats 4 and 12).

    Source: OpenType 1.9 specification, chapter "cmap". Another format counts as empty.
    """
    (tables,) = struct.unpack_from(">H", font, 4)
    for index in range(tables):
        tag, _, start, _ = struct.unpack_from(">4sLLL", font, 12 + 16 * index)
        if tag == b"cmap":
            codes: set[int] = set()
            (subtables,) = struct.unpack_from(">H", font, start + 2)
            for number in range(subtables):
                platform, _, offset = struct.unpack_from(">HHL", font, start + 4 + 8 * number)
                if platform in (0, 3):
                    codes.update(_subtable(font, start + offset))
            return frozenset(chr(code) for code in codes if not 0xD800 <= code <= 0xDFFF)
    return frozenset()


def _subtable(font: bytes, start: int) -> Iterator[int]:
    (form,) = struct.unpack_from(">H", font, start)
    if form == 12:
        (groups,) = struct.unpack_from(">L", font, start + 12)
        for first, last, _ in struct.iter_unpack(
            ">LLL", font[start + 16 : start + 16 + 12 * groups]
        ):
            yield from range(first, last + 1)
    elif form == 4:
        yield from _segments(font, start)


def _segments(font: bytes, start: int) -> Iterator[int]:
    """The codes of a format 4 subtable that lead to a glyph other than 0."""
    (doubled,) = struct.unpack_from(">H", font, start + 6)
    row = f">{doubled // 2}H"
    ends = struct.unpack_from(row, font, start + 14)
    starts = struct.unpack_from(row, font, start + 16 + doubled)
    deltas = struct.unpack_from(row, font, start + 16 + 2 * doubled)
    places = start + 16 + 3 * doubled
    offsets = struct.unpack_from(row, font, places)
    for index, (first, last) in enumerate(zip(starts, ends, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if offsets[index]:
                place = places + 2 * index + offsets[index] + 2 * (code - first)
                (glyph,) = struct.unpack_from(">H", font, place)
                if glyph == 0:
                    continue
            if (glyph + deltas[index]) & 0xFFFF:
                yield code


def code_points(text: str, drawable: Callable[[str], bool]) -> str:
    """Returns ``text`` with all that cannot be drawn written as code points: ``[U+4E2D U+6587]``.

    Line ends of every kind become a line feed and a tab four spaces. Control characters and the
    overrides of writing direction (which can make a text read as another one) are written out,
    too.

    Args:
        text: as typed.
        drawable: tells for one character whether a font has it.
    """
    lines = "".join(_WHITE.get(character, character) for character in text.replace("\r\n", "\n"))
    parts = []
    for visible, run in groupby(lines, lambda character: _visible(character, drawable)):
        part = "".join(run)
        if not visible:
            part = f"[{' '.join(f'U+{ord(character):04X}' for character in part)}]"
        parts.append(part)
    return "".join(parts)


def _visible(character: str, drawable: Callable[[str], bool]) -> bool:
    if character == "\n":
        return True
    if character in _OVERRIDES or unicodedata.category(character) in ("Cc", "Cs"):
        return False
    return drawable(character)


def plain(character: str) -> bool:
    """Tells whether a character stands alone: no combining mark, joiner or selector."""
    return unicodedata.category(character) not in ("Mn", "Mc", "Me", "Cf")
