"""The core without its own addresses: the kit is driven by itself."""

from types import ModuleType

from calibrify_core import contributions


def bare_core() -> ModuleType:
    """Returns the core's contributions but for its routes and views."""
    module = ModuleType("tests.functional.kit.core")
    for name in dir(contributions):
        if name.startswith("calibrify_") and name not in {"calibrify_configure", "calibrify_core"}:
            setattr(module, name, getattr(contributions, name))
    return module
