"""Pages of the commands."""

from __future__ import annotations

from collections.abc import Iterator

import click

from calibrify_core.cli.main import main
from calibrify_core.hooks.declarations import Command
from calibrify_core.hooks.manager import Plugins
from reference_pages import docstring, markdown
from reference_pages.page import FIRST, Kind, Page

CALIBRIFY = "calibrify"


def pages(plugins: Plugins) -> Iterator[Page]:
    """Yields a page for each command of the core and of the plugins."""
    for command in main.commands.values():
        yield from _pages("core", CALIBRIFY, command)
    for added in plugins.collect("calibrify_commands"):
        declared: Command = added.value
        yield from _pages(added.plugin, f"{CALIBRIFY} {declared.group}".strip(), declared.command)


def _pages(plugin: str, prefix: str, command: click.Command) -> Iterator[Page]:
    """Yields the page of a command, or of each one of a group."""
    name = f"{prefix} {command.name}"
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _pages(plugin, name, inner)
    else:
        yield _page(plugin, name, command)


def _page(plugin: str, name: str, command: click.Command) -> Page:
    """Returns the page of one command."""
    context = click.Context(command, info_name=name)
    pieces = command.collect_usage_pieces(context)
    epilog = docstring.parse(command.epilog or "")
    told = docstring.parse(command.help or "")
    records = [parameter.get_help_record(context) for parameter in command.params]
    options = [(markdown.code(record[0]), record[1] or "–") for record in records if record]
    needed = [
        parameter.make_metavar(context)
        for parameter in command.params
        if parameter.required and isinstance(parameter, click.Argument)
    ]
    text = markdown.paragraphs(
        told.summary,
        told.text,
        markdown.block("text", " ".join([name, *pieces])),
        markdown.definitions(options),
        markdown.fields({"Declared by": plugin, "Since": epilog.line("Since") or FIRST}),
        "## Example",
        markdown.block("sh", epilog.example or " ".join([name, *needed])),
    )
    return Page(plugin, name, (told.summary,), text)


KIND = Kind("commands", ("command", "does"), pages)
