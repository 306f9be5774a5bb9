"""``calibrify plugin new``: a whole plugin in the shape of all others, to begin from."""

from __future__ import annotations

import builtins
import keyword
import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from calibrify_core.hooks.manager import installed
from calibrify_core.kernel.errors import Conflict, Invalid

SCAFFOLD = "scaffold"
SUFFIX = ".in"
LONGEST = 12
WORD = re.compile(r"[a-z][a-z0-9]*")
# The scaffold is a plugin "accessory" with the noun "probe"; these words are what it is named by.
SAMPLES = re.compile(r"accessory|Accessory|probes|Probes|PROBES|probe|Probe")
# Lines of the scaffold that stand between two of these belong to one kind of plugin alone.
MARK = re.compile(r"%% (instrument|standalone|end)\n")
TAKEN = {"core", "calibrify", "equipment", "plugin", "test", "tests"}
# Names that the scaffold's own code uses beside the noun.
USED = {
    "body",
    "counts",
    "event",
    "events",
    "facts",
    "found",
    "form",
    "house",
    "instrument",
    "made",
    "name",
    "notes",
    "number",
    "page",
    "permissions",
    "public",
    "record",
    "request",
    "row",
    "session",
    "statement",
    "tag",
    "total",
    "unit",
    "values",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What a new plugin and its noun are called, and whether the noun belongs to instruments.

    Attributes:
        plugin: a lower-case word.
        noun: what it is about, in the singular.
        plural: the same in the plural.
        standalone: whether it belongs to no instrument.
    """

    plugin: str
    noun: str
    plural: str
    standalone: bool = False

    def chosen(self, text: str) -> str:
        r"""Returns the lines of a text of the scaffold that this kind of plugin has.

        >>> text = "all\n%% instrument\none\n%% standalone\nother\n%% end\nlast\n"
        >>> Names("kit", "jig", "jigs", standalone=True).chosen(text)
        'all\nother\nlast\n'
        """
        left_out = "instrument" if self.standalone else "standalone"
        kept, part = [], "end"
        for line in text.splitlines(keepends=True):
            mark = MARK.fullmatch(line)
            if mark:
                part = mark[1]
            elif part != left_out:
                kept.append(line)
        return "".join(kept)

    def written(self, text: str) -> str:
        """Returns a text of the scaffold with these names in it."""
        words = {
            "accessory": self.plugin,
            "Accessory": self.plugin.capitalize(),
            "probes": self.plural,
            "Probes": self.plural.capitalize(),
            "PROBES": self.plural.upper(),
            "probe": self.noun,
            "Probe": self.noun.capitalize(),
        }
        return SAMPLES.sub(lambda hit: words[hit.group()], text)


def plural_of(noun: str) -> str:
    """Returns the regular plural of a noun.

    >>> plural_of("probe"), plural_of("box"), plural_of("battery"), plural_of("key")
    ('probes', 'boxes', 'batteries', 'keys')
    """
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def checked_names(plugin: str, noun: str | None, plural: str | None, *, standalone: bool) -> Names:
    """Returns the names of a new plugin.

    Raises:
        Invalid: one of them cannot be used; the sentence says why.
    """
    noun = noun or plugin
    names = Names(plugin, noun, plural or plural_of(noun), standalone)
    for what, word, most in (
        ("name", plugin, LONGEST),
        ("noun", noun, LONGEST),
        ("plural", names.plural, LONGEST + 2),
    ):
        if not WORD.fullmatch(word) or len(word) > most:
            raise Invalid(
                detail=f"The {what} {word} cannot be used: take one lower-case word of at most "
                f"{most} letters and digits."
            )
        if keyword.iskeyword(word) or hasattr(builtins, word):
            raise Invalid(detail=f"The {what} {word} cannot be used: it is a word of Python.")
        if word in TAKEN or (what != "name" and word in USED):
            raise Invalid(detail=f"The {what} {word} cannot be used: it has a meaning here.")
    if plugin in installed():
        raise Invalid(detail=f"There is a plugin {plugin} already: take another name.")
    if names.plural == names.noun:
        raise Invalid(detail=f"Singular and plural of {noun} are the same: name a --plural.")
    return names


def write_plugin(names: Names, into: Path) -> list[Path]:
    """Writes a plugin into a new folder; returns its files.

    Raises:
        Conflict: the folder is there already.
    """
    home = into / names.plugin
    if home.exists():
        raise Conflict(f"{home} is there already: take another name, or another --into.")
    written = []
    for source, name in _sources(files("calibrify_core.cli") / SCAFFOLD, ""):
        whole = source.read_text(encoding="utf-8")
        text = names.chosen(whole)
        if whole and not text:
            continue  # a file of the other kind of plugin
        path = home / names.written(name.removesuffix(SUFFIX))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(names.written(text), encoding="utf-8")
        written.append(path)
    return written


def _sources(folder: Traversable, prefix: str) -> list[tuple[Traversable, str]]:
    """Returns the files of the scaffold with their names."""
    found = []
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        name = f"{prefix}{entry.name}"
        found += _sources(entry, f"{name}/") if entry.is_dir() else [(entry, name)]
    return found


@click.command("new")
@click.argument("name")
@click.option("--noun", help="What it is about, in the singular; by default the name.")
@click.option("--plural", help="The noun in the plural, where adding an s is wrong.")
@click.option("--standalone", is_flag=True, help="The noun belongs to no instrument.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder in which the plugin's own is made; by default this one.",
)
def command(
    name: str, noun: str | None, plural: str | None, into: Path, *, standalone: bool
) -> None:
    """Writes a plugin with one noun, of instruments or standalone: tables to tests."""
    names = checked_names(name, noun, plural, standalone=standalone)
    written = write_plugin(names, into)
    home = into / names.plugin
    click.echo(f"{len(written)} files are in {home}.")
    click.echo(f"Next:  pip install --no-build-isolation --editable {home}")
    click.echo("       calibrify db upgrade")
    click.echo(f"       calibrify plugin check {names.plugin}")
