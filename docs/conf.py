"""How Sphinx builds the documentation: MyST pages in the furo theme, every warning an error."""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent / "ext")]

# The reference imports Pyramid, which imports what announces its own end.
warnings.filterwarnings("ignore", message="pkg_resources is deprecated")

project = "Calibrify"
author = "The Calibrify contributors"
copyright = f"2026, {author}"
version = release = installed_version("calibrify-core")

extensions = ["myst_parser", "reference_pages.extension"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "changelog.d", "ext"]

html_theme = "furo"
html_title = "Calibrify"
html_show_sphinx = False
html_show_sourcelink = False
