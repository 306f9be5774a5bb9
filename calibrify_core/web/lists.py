"""List pages: a `ListSpec` and what was asked of it, as the list template shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from calibrify_core.kernel.dates import in_words
from calibrify_core.records.keyset import Page, run_list
from calibrify_core.records.listing import ListRequest, ListSpec, read_request

PAGE_LENGTH = 25
NARROW = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list page.

    Attributes:
        key: name of the cell, and of the field that sorts it.
        label: the heading.
        kind: how a cell is drawn, see the macro ``cell``.
        cls: class of the cells.
        order: name of the field that it sorts by; empty: it does not sort.
    """

    key: str
    label: str
    kind: str = "text"
    cls: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter in the bar above a list.

    Attributes:
        name: the parameter.
        label: on its button.
        options: (value, label) of each choice.
    """

    name: str
    label: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class View:
    """A ready-made filter above a list.

    Attributes:
        label: on its tab.
        parameters: what it filters by.
        count: how many there are, if that is cheap to say.
        icon: name in the icon sprite.
    """

    label: str
    parameters: Sequence[tuple[str, str]]
    count: int | None = None
    icon: str = ""


@dataclass(frozen=True, slots=True)
class ListPage:
    """What a list page consists of, besides its rows.

    Attributes:
        route: name of its route.
        label: what the rows are, for example *Equipment*.
        columns: of the table.
        cells: turns a record into ``{id, label, href, cells}``.
        search_label: of the search field, empty for a list that searches nothing; search_hint:
            inside of it.
        facets: filters.
        views: ready-made filters.
        actions: buttons of the head.
        tools: links at the end of the filter bar.
        bulk: actions for selected rows.
        empty: what is shown when nothing matches.
        words: what the tag of a filter says that has no facet, by (name, value).
        place: values of the placeholders in the route.
        fixed: filters of the page itself, whatever its query says.
    """

    route: str
    label: str
    columns: Sequence[Column]
    cells: Callable[[Mapping[str, Any]], dict[str, Any]]
    search_label: str = "Search"
    search_hint: str = ""
    facets: Sequence[Facet] = ()
    views: Sequence[View] = ()
    actions: Sequence[Mapping[str, str]] = ()
    tools: Sequence[Mapping[str, str]] = ()
    bulk: Sequence[Mapping[str, str]] = ()
    bulk_href: str = ""
    lead: str = ""
    empty: Mapping[str, str] = field(
        default_factory=lambda: {
            "icon": "search",
            "title": "Nothing matches",
            "text": "Nothing has these filters together. Remove one, or search all.",
        }
    )
    length: int = PAGE_LENGTH
    words: Mapping[tuple[str, str], str] = field(default_factory=dict)
    place: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


def show_list(request: Any, spec: ListSpec, page: ListPage) -> tuple[dict[str, Any], Page]:
    """Reads a page of a list as the query asks, and returns what the template needs.

    Unknown parameters are left out, with a notice; the API refuses them.

    Args:
        request: the request; its query is the state of the page.
        spec: the list.
        page: what surrounds the rows.

    Returns:
        The template's ``listing``, and the page of records.
    """
    asked = read_request(spec, request.GET.items(), lenient=True)
    if "limit" not in request.GET:
        asked = replace(asked, limit=page.length)
    filters = {**asked.filters, **page.fixed}
    asked = replace(asked, count="capped", fields=None, filters=filters)
    found = run_list(request.unit, spec, asked)
    base = request.route_path(page.route, **page.place)
    listing: dict[str, Any] = {
        "lead": page.lead,
        "label": page.label,
        "caption": f"{page.label}, sorted by {', '.join(s.field.label for s in asked.ordering)}",
        "action": base,
        "actions": list(page.actions),
        "tools": list(page.tools),
        "query": asked.q,
        "search_label": page.search_label,
        "search_hint": page.search_hint,
        "facets": [_facet(facet, asked) for facet in page.facets],
        "hidden": [("ordering", request.GET["ordering"])] if request.GET.get("ordering") else [],
        "views": _views(request, base, page.views),
        "applied": _applied(request, base, page, asked),
        "clear_href": base,
        "columns": [_column(request, base, column, asked) for column in page.columns],
        "rows": [page.cells(record) for record in found.rows],
        "summary": summary_of(found),
        "previous_href": _href(base, _state(request), cursor=found.previous),
        "next_href": _href(base, _state(request), cursor=found.next),
        "bulk": list(page.bulk),
        "bulk_href": page.bulk_href,
        "empty": page.empty,
        "notices": asked.notices,
    }
    return listing, found


def _state(request: Any) -> list[tuple[str, str]]:
    """Returns the parameters of the page without its place in the list."""
    return [(name, value) for name, value in request.GET.items() if name != "cursor" and value]


def _href(base: str, state: Iterable[tuple[str, str]], cursor: str | None = "") -> str:
    """Returns an address with parameters; none if a cursor is None."""
    if cursor is None:
        return ""
    parameters = [*state, ("cursor", cursor)] if cursor else list(state)
    return f"{base}?{urlencode(parameters)}" if parameters else base


def _facet(facet: Facet, asked: ListRequest) -> dict[str, Any]:
    """Returns a facet with its choices."""
    chosen = {str(value) for value in asked.filters.get(facet.name, ())}
    options = [
        {"value": value, "label": label, "checked": value in chosen}
        for value, label in facet.options
    ]
    return {"name": facet.name, "label": facet.label, "options": options}


def _views(request: Any, base: str, views: Sequence[View]) -> list[dict[str, Any]]:
    """Returns the ready-made filters; the one that is shown is marked."""
    state = sorted(pair for pair in _state(request) if pair[0] not in {"ordering", "limit"})
    return [
        {
            "label": view.label,
            "href": _href(base, view.parameters),
            "current": sorted(view.parameters) == state,
            "count": view.count,
            "icon": view.icon,
        }
        for view in views
    ]


def _applied(request: Any, base: str, page: ListPage, asked: ListRequest) -> list[dict[str, str]]:
    """Returns the filters that hold, each with the address without it."""
    words = {
        (facet.name, value): f"{facet.label}: {label}"
        for facet in page.facets
        for value, label in facet.options
    } | {**page.words}
    found = []
    state = _state(request)
    for index, (name, value) in enumerate(state):
        known = name in asked.filters or (name == "q" and asked.q)
        if not known or name in page.fixed:
            continue
        plain = (
            f"“{value}”"
            if name == "q"
            else f"{name.replace('_', ' ').capitalize()}: {_read(value, asked, name)}"
        )
        rest = state[:index] + state[index + 1 :]
        found.append({"label": words.get((name, value), plain), "remove_href": _href(base, rest)})
    return found


def _read(text: str, asked: ListRequest, name: str) -> str:
    """Returns the value of a filter as people read it: a day as other pages show it."""
    days = [value for value in asked.filters.get(name, ()) if type(value) is date]
    return next((in_words(day) for day in days if day.isoformat() == text), text)


def _column(request: Any, base: str, column: Column, asked: ListRequest) -> dict[str, Any]:
    """Returns a column with the link that sorts by it."""
    first = asked.ordering[0] if asked.ordering else None
    sorted_as = None
    href = None
    if column.order:
        mine = first is not None and first.field.name == column.order
        if first is not None and mine:
            sorted_as = "descending" if first.descending else "ascending"
        turn = f"-{column.order}" if sorted_as == "ascending" else column.order
        rest = [pair for pair in _state(request) if pair[0] != "ordering"]
        href = _href(base, [*rest, ("ordering", turn)])
    return {
        "key": column.key,
        "label": column.label,
        "kind": column.kind,
        "cls": column.cls,
        "sorted": sorted_as,
        "sort_href": href,
    }


def summary_of(found: Page) -> str:
    """Returns the line below a table: which of how many, as far as a cursor tells.

    >>> summary_of(Page([{}] * 25, next="x", count=60))
    '1–25 of 60'
    >>> summary_of(Page([{}] * 25, next="x", previous="y", count=600))
    '25 shown of 600'
    >>> summary_of(Page([{}] * 10, previous="y", count=60))
    '51–60 of 60'
    """
    shown = len(found.rows)
    if found.count == 0:
        return "None"
    if found.count is None:
        return f"{shown} shown"
    total = f"{found.count:,}".replace(",", NARROW)
    total += "+" if found.capped else ""
    if shown == found.count:
        return f"All {total}"
    if found.previous is None:
        return f"1–{shown} of {total}"
    if found.next is None and not found.capped:
        return f"{found.count - shown + 1:,}–{total} of {total}".replace(",", NARROW)
    return f"{shown} shown of {total}"
