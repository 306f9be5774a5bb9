"""The contrast of every pair of tokens that carries text or marks, by WCAG 2.2."""

import math
import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[3] / "static" / "css" / "tokens.css"
TEXT, MARK = 4.5, 3.0
STATES = ("ok", "soon", "late", "oot", "out", "incal")
PAIRS = [
    ("text", "canvas", TEXT),
    ("text", "surface", TEXT),
    ("text", "hover", TEXT),
    ("text", "selected", TEXT),
    ("text-2", "surface", TEXT),
    ("text-2", "canvas", TEXT),
    ("text-2", "surface-2", TEXT),
    ("text-3", "surface", TEXT),
    ("text-3", "canvas", TEXT),
    ("text-3", "hover", TEXT),
    ("text-3", "surface-2", TEXT),
    ("text-3", "selected", TEXT),
    ("link", "surface", TEXT),
    ("link", "canvas", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-hover", TEXT),
    ("incal-fg", "accent-soft", TEXT),
    ("surface", "late-fg", TEXT),
    ("nav-text", "nav", TEXT),
    ("nav-muted", "nav", TEXT),
    ("nav-strong", "nav", TEXT),
    ("nav-strong", "nav-active", TEXT),
    ("nav-strong", "nav-alert", TEXT),
    ("nav-focus", "nav", MARK),
    ("border-strong", "surface", MARK),
    ("focus", "canvas", MARK),
    ("focus", "surface", MARK),
    ("ink", "paper", TEXT),
    *[(f"{state}-fg", f"{state}-bg", TEXT) for state in STATES],
    *[(f"{state}-solid", "surface", MARK) for state in STATES],
]


def luminance(lightness: float, chroma: float, hue: float) -> float:
    """Relative luminance of an oklch colour, clipped to sRGB."""
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, part)) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def read_tokens() -> dict[str, tuple[float, float]]:
    """Luminance of every colour token in light and in dark."""
    found = {}
    text = TOKENS.read_text(encoding="utf-8")
    for name, value in re.findall(r"--c-([\w-]+): (light-dark\(.*\)|oklch\([^)]*\));", text):
        colours = re.findall(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)", value)
        shades = [luminance(*map(float, colour)) for colour in colours]
        found[name] = (shades[0], shades[-1])
    return found


def ratio(one: float, other: float) -> float:
    high, low = max(one, other), min(one, other)
    return (high + 0.05) / (low + 0.05)


COLOURS = read_tokens()


def test_the_computation_agrees_with_known_values():
    assert ratio(luminance(1, 0, 0), luminance(0, 0, 0)) == pytest.approx(21, abs=0.01)
    # sRGB #777777 on white is 4.48 : 1; its oklch lightness is 0.5693.
    assert ratio(luminance(1, 0, 0), luminance(0.5693, 0, 0)) == pytest.approx(4.48, abs=0.02)


@pytest.mark.parametrize(("front", "back", "least"), PAIRS, ids=str)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_contrast(front: str, back: str, least: float, theme: int):
    assert ratio(COLOURS[front][theme], COLOURS[back][theme]) >= least


def test_literal_colours_stand_in_the_tokens_only():
    for sheet in TOKENS.parent.glob("*.css"):
        if sheet != TOKENS:
            text = sheet.read_text(encoding="utf-8")
            assert not re.findall(r"#[0-9a-f]{3,8}\b(?![^{]*\{)|oklch\(|rgba?\(|hsl\(", text), sheet
