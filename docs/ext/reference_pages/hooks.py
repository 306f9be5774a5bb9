"""Pages of the hooks."""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import typing
from collections.abc import Callable, Iterator
from textwrap import indent
from types import ModuleType
from typing import Any

from calibrify_core.hooks import declarations as declare
from calibrify_core.hooks import specs
from calibrify_core.hooks.manager import Plugins
from reference_pages import markdown
from reference_pages.docstring import docstring_of
from reference_pages.page import Kind, Page
from reference_pages.signature import declarations, described, signature


def pages(plugins: Plugins) -> Iterator[Page]:
    """Yields a page for each hook of the core, and of the plugins that have hooks of their own."""
    modules = [(plugins.names[0], specs)]
    modules += [(added.plugin, added.value) for added in plugins.collect("calibrify_hookspecs")]
    for plugin, module in modules:
        for name, found in vars(module).items():
            if name.startswith("calibrify_") and inspect.isfunction(found):
                yield _page(plugins, plugin, module, found)


def _page(plugins: Plugins, plugin: str, module: ModuleType, hook: Callable[..., Any]) -> Page:
    """Returns the page of one hook."""
    doc, name = docstring_of(hook), hook.__name__
    returned = typing.get_type_hints(hook)["return"]
    written = signature(hook, f"def {name}")
    facts = {
        "When": doc.line("When"),
        "Arguments": doc.line("Args"),
        "Returns": doc.line("Returns"),
        "Specified in": markdown.code(module.__name__),
        "Since": doc.line("Since").rstrip("."),
    }
    example = f"@hookimpl\n{written}:\n{indent(doc.example, '    ')}"
    parts = [
        f"## {markdown.code(kind.__name__)}\n\n{docstring_of(kind).summary}\n\n{described(kind)}"
        for kind in declarations(returned)
    ]
    text = markdown.paragraphs(
        doc.summary,
        doc.text,
        markdown.block("python", f"{written}: ..."),
        markdown.fields(facts),
        "## Example",
        markdown.block("python", example),
        *parts,
        "## Who fills it",
        _users(plugins, name, returned),
    )
    return Page(plugin, name, (doc.summary, facts["Since"]), text)


def _users(plugins: Plugins, hook: str, returned: Any) -> str:
    """Returns the plugins that fill a hook, each with what it declares there."""
    users = [plugin for plugin in plugins.all if hasattr(plugin.module, hook)]
    many = typing.get_origin(returned) is collections.abc.Sequence
    if not users:
        return "No plugin that is installed."
    if not many:
        return ", ".join(user.name for user in users)
    rows = []
    for user in users:
        declared = [entry.value for entry in plugins.collect(hook) if entry.plugin == user.name]
        rows.append([user.name, ", ".join(markdown.code(_named(value)) for value in declared)])
    return markdown.table(["plugin", "declares"], rows)


def _named(value: Any) -> str:
    """Returns the name by which a declaration is known, or else the first thing that it says."""
    if isinstance(value, declare.Command):
        return f"{value.group} {value.command.name}".strip()
    name = getattr(value, "name", None) or getattr(value, "__name__", None)
    if name is None:
        first = getattr(value, dataclasses.fields(value)[0].name)
        name = getattr(first, "__name__", first)
    return str(name)


KIND = Kind("hooks", ("hook", "purpose", "since"), pages)
