"""Plugins made on the spot, for what a test wants of one."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from calibrify_core.hooks.declarations import Manifest
from calibrify_core.hooks.manager import Candidate
from calibrify_core.hooks.specs import CORE_API, hookimpl

MIGRATIONS = "tests.functional.kit.empty"


def made(name: str, *requires: str, core_api: int = CORE_API, **hooks: Any) -> Candidate:
    """Makes an installed plugin.

    Args:
        name: of the plugin.
        *requires: requirement lines of its distribution.
        core_api: the plugin interface that it was written for.
        **hooks: by name without the prefix; what it declares, or a function for ``configure``.
    """
    module = ModuleType(f"tests.functional.kit.{name}")
    manifest = Manifest(name, name.title(), "For a test.", core_api, MIGRATIONS)
    module.calibrify_manifest = hookimpl(lambda: manifest)  # type: ignore[attr-defined]
    for hook, declared in hooks.items():
        setattr(module, f"calibrify_{hook}", hookimpl(_answer(declared)))
    return Candidate(name, f"calibrify-{name}", "1.0", requires, lambda: module)


def _answer(declared: Any) -> Callable[..., Any]:
    """Returns a hook that gives what is declared."""
    return declared if callable(declared) else lambda: declared
