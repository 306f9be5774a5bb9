"""Every hook says what it is for, when it is asked, and what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import Any

import pytest

from calibrify_core.hooks import declarations, names, specs

HOOKS = {name: value for name, value in vars(specs).items() if name.startswith("calibrify_")}
DECLARED = [
    value
    for value in vars(declarations).values()
    if inspect.isclass(value) and value.__module__ == declarations.__name__
]


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS.keys())
def test_a_hook_is_documented_in_full(hook: Callable[..., Any]) -> None:
    text = inspect.getdoc(hook) or ""

    for part in ("When: ", "Example:", "Since: "):
        assert part in text
    assert "Returns: " in text or "Args: " in text
    assert inspect.signature(hook).return_annotation is not inspect.Signature.empty


def test_hooks_with_names_exist() -> None:
    assert set(names.SHAPES) <= set(HOOKS)


@pytest.mark.parametrize("kind", DECLARED)
def test_a_declaration_is_a_frozen_value(kind: type[Any]) -> None:
    assert is_dataclass(kind)
    some = object.__new__(kind)
    with pytest.raises(FrozenInstanceError):
        setattr(some, fields(kind)[0].name, "changed")
