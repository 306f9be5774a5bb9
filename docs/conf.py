"""How Sphinx builds the documentation: MyST pages in the furo theme, every warning an error."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

project = "Calibrify"
author = "The Calibrify contributors"
copyright = f"2026, {author}"
version = release = installed_version("calibrify-core")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
autodoc_typehints = "description"
exclude_patterns = ["_build", "changelog.d"]

html_theme = "furo"
html_title = "Calibrify"
html_show_sphinx = False
html_show_sourcelink = False
