"""Lists in the API: ``config.add_api_list``, from a `ListSpec` to pages with their addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from calibrify_core.api.request import Request
from calibrify_core.hooks.manager import Plugins
from calibrify_core.records.keyset import Page, run_list
from calibrify_core.records.listing import ListSpec
from calibrify_core.work.platform import Platform

Listing = ListSpec | Callable[[Platform], ListSpec]


def envelope(request: Request, page: Page) -> dict[str, Any]:
    """Returns a page as the API shows it, with the addresses of its neighbours.

    Args:
        request: whose address and query are kept, all but the cursor.
        page: from `calibrify_core.records.keyset.run_list`.
    """
    body: dict[str, Any] = {"results": page.rows, "next": None, "previous": None}
    if page.next is not None:
        body["next"] = _address(request, page.next)
    if page.previous is not None:
        body["previous"] = _address(request, page.previous)
    if page.count is not None:
        body["count"] = page.count
    return body


def _address(request: Request, cursor: str) -> str:
    """Returns the path and query of another page, never with a host."""
    pairs = request.environ["QUERY_STRING"].split("&")
    kept = [pair for pair in pairs if pair and unquote(pair.partition("=")[0]) != "cursor"]
    path = quote(request.environ["PATH_INFO"].encode("latin-1"))
    return f"{path}?{'&'.join([*kept, f'cursor={cursor}'])}"


def add_api_list(config: Any, noun: str, *, listing: Listing, **options: Any) -> None:
    """Directive: adds a list to the API.

    Args:
        config: the configurator.
        noun: what is listed, in the plural.
        listing: the list, or a function of the platform that returns it once all plugins run.
        **options: ``path``, ``out`` (schema of a row), ``summary``; ``permission`` is that of
            the list unless given, and must be given where the list is a function.
    """
    specs: dict[Plugins, ListSpec] = {}

    def view(request: Request) -> dict[str, Any]:
        return envelope(request, run_list(request.unit, find(request.platform), request.filters))

    def find(platform: Platform) -> ListSpec:
        if isinstance(listing, ListSpec):
            return listing
        if platform.plugins not in specs:
            specs[platform.plugins] = listing(platform)
        return specs[platform.plugins]

    if isinstance(listing, ListSpec):
        options.setdefault("permission", listing.permission)
    config.add_api_view(view, noun, "list", listing=find, **options)


def includeme(config: Any) -> None:
    """Adds the directive ``add_api_list``."""
    config.add_directive("add_api_list", add_api_list)
