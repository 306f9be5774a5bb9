"""Pages of the domain events."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from calibrify_core.events.bus import name_of
from calibrify_core.hooks.manager import Plugin, Plugins
from reference_pages import markdown
from reference_pages.docstring import docstring_of
from reference_pages.page import FIRST, Kind, Page
from reference_pages.signature import described


def pages(plugins: Plugins) -> Iterator[Page]:
    """Yields a page for each frozen dataclass of a plugin's module ``events``."""
    for plugin in plugins.all:
        module = _sibling(plugin, "events")
        for event in vars(module).values() if module else ():
            if inspect.isclass(event) and event.__module__ == f"{module.__name__}":
                yield _page(plugins, plugin, event)


def _sibling(plugin: Plugin, name: str) -> ModuleType | None:
    """Returns a module beside the one that declares a plugin, None if there is no such."""
    full = f"{plugin.module.__name__.rpartition('.')[0]}.{name}"
    return import_module(full) if find_spec(full) else None


def _page(plugins: Plugins, plugin: Plugin, event: type[Any]) -> Page:
    """Returns the page of one event."""
    doc = docstring_of(event)
    module, name = _import(plugin, event)
    since = doc.line("Since").rstrip(".") or FIRST
    hearers = [
        f"{markdown.code(name_of(entry.value).partition(':')[0])} ({entry.value.when})"
        for entry in plugins.collect("calibrify_subscribers")
        if entry.value.event is event
    ]
    facts = {
        "Told by": plugin.name,
        "Heard by": ", ".join(hearers) or "nobody among the plugins that are installed",
        "Import": markdown.code(f"from {module} import {name}"),
        "Since": since,
    }
    first = dataclasses.fields(event)[0].name
    example = doc.example or (
        f"from {module} import {name}\n\n\n"
        f"def hear(event: {name}, unit: UnitOfWork) -> None:\n"
        f'    log.info("{event.__name__}", {first}=event.{first})\n\n\n'
        f"@hookimpl\n"
        f"def calibrify_subscribers() -> Sequence[Subscriber]:\n"
        f"    return [Subscriber({name}, hear)]"
    )
    text = markdown.paragraphs(
        doc.summary,
        doc.text,
        described(event, doc),
        markdown.fields(facts),
        "## Example",
        markdown.block("python", example),
    )
    members = ", ".join(markdown.code(field.name) for field in dataclasses.fields(event))
    return Page(plugin.name, event.__name__, (doc.summary, members), text)


def _import(plugin: Plugin, event: type[Any]) -> tuple[str, str]:
    """Returns module and name by which others import an event: the plugin's front door."""
    front = _sibling(plugin, "public")
    names = [name for name, value in vars(front).items() if value is event] if front else []
    # The door gives an event a name of its own; the class's name there is an import of its own.
    own = [name for name in names if name != event.__name__]
    if front and own:
        return front.__name__, own[0]
    return event.__module__, event.__name__


KIND = Kind("events", ("event", "told when", "members"), pages)
