"""What a cold browser downloads, and whether the vendored files are the pinned ones."""

import gzip
import json
import re
import runpy
from pathlib import Path

STATIC = Path(__file__).parents[3] / "static"
BASE = Path(__file__).parents[3] / "calibrify_core" / "web" / "templates" / "calibrify"


def weight(*patterns: str) -> int:
    """Sum of the gzip sizes of files below ``static/``."""
    files = [path for pattern in patterns for path in sorted(STATIC.glob(pattern))]
    assert files
    return sum(len(gzip.compress(path.read_bytes(), 6)) for path in files)


def test_styles_fit_the_budget():
    assert weight("css/*.css") <= 12 * 1024


def test_scripts_fit_the_budget():
    assert weight("js/*.js", "vendor/*.js") <= 45 * 1024


def test_fonts_that_a_page_loads_by_default_fit_the_budget():
    faces = STATIC / "fonts"
    default = (faces / "inter-latin.woff2", faces / "ibm-plex-mono-400.woff2")
    assert sum(path.stat().st_size for path in default) <= 65 * 1024


def test_icons_fit_the_budget():
    assert weight("images/icons.svg") <= 6 * 1024


def test_vendored_files_match_the_manifest(tmp_path: Path):
    build = runpy.run_path(str(STATIC / "vendor" / "build.py"))
    assert build["check"]() == []


def test_every_vendored_file_is_in_the_manifest():
    listed = {item["file"] for item in json.loads((STATIC / "vendor/manifest.json").read_text())}
    present = {
        path.relative_to(STATIC).as_posix()
        for pattern in ("vendor/*.js", "fonts/*.woff2", "images/icons.svg")
        for path in STATIC.glob(pattern)
    }
    assert present <= listed


def test_every_icon_that_the_templates_name_is_in_the_sprite():
    sprite = (STATIC / "images" / "icons.svg").read_text(encoding="utf-8")
    known = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    named = set()
    for template in BASE.glob("*.html"):
        text = template.read_text(encoding="utf-8")
        named |= set(re.findall(r'\bicon\("([\w-]+)"', text))
        named |= set(re.findall(r'^  "\w+": \("\w+", "([\w-]+)"', text, re.MULTILINE))
    assert named
    assert named <= known


def test_no_file_asks_another_host():
    for path in [*STATIC.glob("css/*.css"), *STATIC.glob("js/*.js"), *BASE.glob("*.html")]:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|url\(['\"]?//", text), path


def test_templates_carry_no_inline_style_and_no_handler():
    for path in BASE.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son(?:click|load|change|submit|input)=", text), path
