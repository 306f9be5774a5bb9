"""The core without its own addresses: the kit is driven by itself."""

from types import ModuleType

from calibrify_core import contributions

LEFT_OUT = {"calibrify_configure", "calibrify_navigation", "calibrify_core"}


def bare_core() -> ModuleType:
    """Returns the core's contributions but for its routes and views, and the menu to them."""
    module = ModuleType("tests.functional.kit.core")
    for name in dir(contributions):
        if name.startswith("calibrify_") and name not in LEFT_OUT:
            setattr(module, name, getattr(contributions, name))
    return module
