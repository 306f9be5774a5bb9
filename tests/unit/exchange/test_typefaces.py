"""The fonts that ship: small, licensed, and read correctly."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from calibrify_core.exchange.typefaces import code_points, covered, font_characters, plain

FOLDER = Path(str(files("calibrify_core.exchange") / "fonts"))


def test_every_font_has_its_licence_and_origin() -> None:
    origins = (FOLDER / "SOURCES.txt").read_text(encoding="utf-8")
    fonts = sorted(path.name for path in FOLDER.glob("*.ttf"))
    assert fonts
    for name in fonts:
        (line,) = (line for line in origins.splitlines() if line.startswith(f"{name} "))
        assert (FOLDER / line.rpartition("(")[2].rstrip(")")).is_file()


def test_fonts_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3_000_000


def test_reads_the_characters_of_a_font() -> None:
    inter = font_characters((FOLDER / "Inter-Regular.ttf").read_bytes())
    assert len(inter) == 2849
    assert {"A", "ß", "Ω", "≤", "я"} <= inter
    assert not {"⌀", "名", "ש"} & inter


@pytest.mark.parametrize("character", "A±µΩ°≤≥⌀∈☐שم\n\u200b\u200d")
def test_all_fonts_together_cover_the_trade(character: str) -> None:
    assert character in covered((FOLDER,))


def test_a_file_without_a_character_map_covers_nothing() -> None:
    assert font_characters(b"\x00\x01\x00\x00" + b"\x00" * 8) == frozenset()


def test_code_points_join_neighbours() -> None:
    assert code_points("a名前b", str.isascii) == "a[U+540D U+524D]b"


@pytest.mark.parametrize(
    ("character", "alone"), [("a", True), ("ש", True), ("\u0301", False), ("\u200d", False)]
)
def test_plain(character: str, alone: bool) -> None:
    assert plain(character) is alone
