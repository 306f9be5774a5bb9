"""Signatures as they stand in the code, and what a declaration is made of."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterator
from typing import Any

from reference_pages import markdown
from reference_pages.docstring import Docstring, docstring_of

WIDEST = 88
_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")
_MENTION = re.compile(r"(?<!`)`([A-Z]\w+)`(?!`)")


def signature(called: Callable[..., Any], name: str) -> str:
    """Returns the signature of a function or class; a long one takes a line each argument."""
    found = inspect.signature(called)
    if inspect.isclass(called):
        found = found.replace(return_annotation=inspect.Signature.empty)
    arguments = [_bare(str(parameter)) for parameter in found.parameters.values()]
    returned = _bare(str(found.replace(parameters=()))).removeprefix("()")
    whole = f"{name}({', '.join(arguments)}){returned}"
    if len(whole) <= WIDEST:
        return whole
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return f"{name}(\n{lines}){returned}"


def _bare(text: str) -> str:
    """Writes an argument as the code does: annotations without quotes, a class by its name."""
    head, sign, default = text.partition(" = ")
    return head.replace("'", "") + sign + _CLASS.sub(r"\1", default)


def described(kind: type[Any], doc: Docstring | None = None) -> str:
    """Returns the signature of a dataclass and its members, as Markdown."""
    told = (doc or docstring_of(kind)).members()
    entries = [
        (f"{markdown.code(field.name)}: {markdown.code(str(field.type))}", told[field.name])
        for field in dataclasses.fields(kind)
        if field.name in told
    ]
    return markdown.paragraphs(
        markdown.block("python", signature(kind, kind.__name__)), markdown.definitions(entries)
    )


def declarations(annotation: Any) -> list[type[Any]]:
    """Returns our dataclasses that an annotation speaks of, and those that these speak of."""
    found: dict[type[Any], None] = {}
    waiting = list(_dataclasses(annotation))
    while waiting:
        kind = waiting.pop(0)
        if kind in found:
            continue
        found[kind] = None
        for hint in typing.get_type_hints(kind).values():
            waiting += _dataclasses(hint)
        names = vars(sys.modules[kind.__module__])
        for mention in _MENTION.findall(kind.__doc__ or ""):
            waiting += _dataclasses(names.get(mention))
    return list(found)


def _dataclasses(annotation: Any) -> Iterator[type[Any]]:
    """Yields our dataclasses that stand in an annotation, however deep."""
    if isinstance(annotation, list | tuple):
        parts: Any = annotation
    else:
        parts = typing.get_args(annotation)
    for part in parts:
        yield from _dataclasses(part)
    ours = inspect.isclass(annotation) and annotation.__module__.startswith("calibrify_")
    if ours and dataclasses.is_dataclass(annotation):
        yield annotation
