"""Where Sphinx meets the reference: the pages are written before it reads its sources."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from calibrify_core import contributions
from calibrify_core.hooks.manager import Plugins, installed
from reference_pages import commands, errors, events, hooks, markdown, permissions, settings
from reference_pages.page import Kind, Page

KINDS = (hooks.KIND, events.KIND, settings.KIND, permissions.KIND, commands.KIND)
LIST = "list.txt"


def write(reference: Path) -> None:
    """Writes the pages of all kinds below a folder, and removes those of what is gone."""
    plugins = Plugins(contributions, installed())
    titles = {plugin.name: plugin.manifest.title for plugin in plugins.all} | {"core": "Core"}
    for kind in KINDS:
        found = list(kind.pages(plugins))
        texts = {
            f"{page.file}.md": f"# {markdown.code(page.name)}\n\n{page.text}" for page in found
        }
        _fill(reference / kind.folder, {**texts, LIST: _list(kind, found, titles)})
    _fill(reference / "errors", {LIST: errors.listed()})


def _list(kind: Kind, pages: Iterable[Page], titles: dict[str, str]) -> str:
    """Returns the list of a kind: a table for each plugin, and the order for the menu."""
    parts, order = [], []
    for plugin, group in groupby(sorted(pages, key=_place(titles)), key=lambda page: page.plugin):
        rows = []
        for page in group:
            order.append(f"{kind.folder}/{page.file}")
            rows.append([f"[{markdown.code(page.name)}]({order[-1]}.md)", *page.cells])
        parts += [f"## {titles[plugin]}", markdown.table(kind.columns, rows)]
    menu = "\n".join([":hidden:", "", *order])
    return markdown.paragraphs(*parts, markdown.block("{toctree}", menu))


def _place(titles: dict[str, str]) -> Any:
    """Returns the key that sorts pages by the order of their plugins."""
    order = list(titles)
    return lambda page: order.index(page.plugin)


def _fill(folder: Path, texts: dict[str, str]) -> None:
    """Makes a folder hold these files and no others; what is the same is left alone."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        path, content = folder / name, f"{text}\n"
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")


def short_menu(_app: Any, _page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """Unfolds the menu where the reader is: a page need not list all others of the reference."""
    whole = context["toctree"]
    context["toctree"] = lambda **options: whole(**{**options, "collapse": True})


def setup(app: Any) -> dict[str, bool]:
    """Tells Sphinx of this extension."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference"))
    # Before the theme, which makes its menu at the usual 500.
    app.connect("html-page-context", short_menu, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
