"""Where the ``calibrify`` command begins."""

from __future__ import annotations

import warnings
from importlib import import_module


def run() -> None:
    """Runs the command line.

    Pyramid still asks setuptools for a module that warns of its own end when it is imported;
    the filter has to be there before.
    """
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    import_module("calibrify_core.cli.main").main()
