"""Pages of the settings, the core's and the plugins'."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from calibrify_core.hooks.declarations import Setting
from calibrify_core.hooks.manager import Plugins
from calibrify_core.kernel.settings import PREFIX, SECRETS, Settings
from reference_pages import markdown
from reference_pages.page import FIRST, Kind, Page


def pages(plugins: Plugins) -> Iterator[Page]:
    """Yields a page for each setting that can be given."""
    for key, field in Settings.model_fields.items():
        if key == "plugin_settings":
            continue
        default = field.get_default(call_default_factory=True)
        example = str(field.examples[0]) if field.examples else _written(default)
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        since = str(extra.get("since", FIRST))
        facts = {"Values": _values(field.annotation), "Default": _shown(default)}
        yield _page("core", key, field.description or "", facts, example, since)
    for added in plugins.collect("calibrify_settings"):
        setting: Setting = added.value
        facts = {"Default": _shown(setting.default)}
        key = f"{added.plugin}__{setting.key}"
        example = setting.example or _written(setting.default)
        yield _page(added.plugin, key, setting.description, facts, example, setting.since)


def _page(
    plugin: str, key: str, description: str, facts: dict[str, str], example: str, since: str
) -> Page:
    """Returns the page of one setting."""
    name = f"{PREFIX}{key.upper()}"
    examples = [f"{name}={example}"]
    if key in SECRETS:
        facts["From a file"] = f"{markdown.code(name + '_FILE')} names a file that holds it"
        examples.append(f"{name}_FILE=/run/secrets/{key}")
    text = markdown.paragraphs(
        description,
        markdown.fields({**facts, "Declared by": plugin, "Since": since}),
        "## Example",
        "In the environment:",
        markdown.block("sh", "\n".join(examples)),
        f"In the file that {markdown.code(PREFIX + 'CONFIG')} names:",
        markdown.block("ini", f"[calibrify]\n{key} = {example}"),
    )
    return Page(plugin, name, (description, facts["Default"]), text)


def _values(annotation: Any) -> str:
    """Returns what may be given, where the type alone says it."""
    if annotation is bool:
        return "`true` or `false`"
    if typing.get_origin(annotation) is Literal:
        return ", ".join(map(markdown.code, typing.get_args(annotation)))
    return "a path" if annotation is Path else ""


def _shown(default: Any) -> str:
    """Returns a default as the reference shows it."""
    text = _written(default)
    return markdown.code(text) if text else "not set"


def _written(default: Any) -> str:
    """Returns a default as text, empty if nothing is set."""
    if default in (None, "", ()):
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


KIND = Kind("settings", ("variable", "what it does", "default"), pages)
