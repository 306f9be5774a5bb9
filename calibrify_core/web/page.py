"""The page: what the frame around every page needs to know."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from calibrify_core.auth import csrf
from calibrify_core.hooks.declarations import NavigationEntry
from calibrify_core.web import flash
from calibrify_core.web.assets import ASSETS
from calibrify_core.web.formats import Formats, initials

Crumbs = list[tuple[str, str | None]]
TABS = 4


@dataclass(slots=True)
class Page:
    """The frame of one page; templates read it as ``page``.

    Attributes:
        title: heading and title of the page.
        crumbs: (label, address or None) from the start page to this one.
        nav: sections of the menu.
        tabbar: entries of a phone's bottom bar.
        user: who is signed in.
        csrf_token: proves that a form was ours.
        nonce: lets the page's own inline scripts run.
        flashes: messages of the request before.
        clock_banner: said on every page while the clock is fixed.
        organisation: whose house this is.
        importmap: module names that plugins add.
        stylesheets: addresses of plugins' style sheets.
        sign_out_href: where the sign-out form goes.
        search_href: where the search form goes.
        live: how the page hears that something changed, ``poll`` or ``stream``; None: not at all.
        theme: light or dark, if the person chose one.
        locale: language of the page.
        dir: its direction of writing.
    """

    title: str
    crumbs: Crumbs = field(default_factory=list)
    nav: list[dict[str, Any]] = field(default_factory=list)
    tabbar: list[dict[str, Any]] = field(default_factory=list)
    user: dict[str, str] | None = None
    csrf_token: str = ""
    nonce: str = ""
    flashes: list[dict[str, str]] = field(default_factory=list)
    clock_banner: str | None = None
    organisation: str = "Calibrify"
    importmap: Mapping[str, str] = field(default_factory=dict)
    stylesheets: list[str] = field(default_factory=list)
    sign_out_href: str = "/sign-out"
    search_href: str = "/search"
    live: str | None = None
    theme: str | None = None
    locale: str = "en"
    dir: str = "ltr"


def make_page(request: Any, title: str, crumbs: Crumbs | None = None) -> Page:
    """Makes the frame of a page for who asks.

    Args:
        request: the request.
        title: heading of the page.
        crumbs: the way to it; the page itself is added.
    """
    principal = request.principal
    page = Page(title, [*(crumbs or []), (title, None)], nonce=nonce_of(request))
    page.flashes = flash.take(request)
    page.csrf_token = csrf.token(request)
    page.stylesheets = plugin_styles(request)
    clock = request.platform.clock
    if principal is None:
        return page
    page.organisation = principal.organisation.title
    if clock.fixed is not None:
        day = formats_of(request).datetime(clock.fixed)
        page.clock_banner = f"The clock is fixed at {day}: dates and states are shown as of then."
    page.user = {
        "name": principal.actor.name,
        "initials": initials(principal.actor.name),
        "role": principal.organisation.title,
        "account_href": request.route_path("core.account.show"),
    }
    page.live = "stream" if request.platform.settings.live_url else "poll"
    page.sign_out_href = request.route_path("core.session.end")
    page.search_href = request.route_path("core.search.show")
    page.nav = navigation(request)
    entries = [entry for section in page.nav for entry in section["entries"]]
    page.tabbar = [entry for entry in entries if entry["tab"]][:TABS]
    page.tabbar.append({"label": "Menu", "icon": "menu", "href": "#nav", "current": False})
    return page


def nonce_of(request: Any) -> str:
    """Returns the request's nonce for inline scripts, made once."""
    found: str | None = getattr(request, "_calibrify_nonce", None)
    if found is None:
        found = request._calibrify_nonce = secrets.token_urlsafe(16)
    return found


def formats_of(request: Any) -> Formats:
    """Returns the formats of who asks."""
    principal = request.principal
    zone = principal.organisation.zone if principal else ZoneInfo("UTC")
    return Formats(zone, request.platform.clock.today(zone))


def reading_unit(request: Any) -> Any:
    """Returns a unit for what a page shows, also where the address opens its own transactions."""
    own = not request.reads and "tm.active" not in request.environ
    return request.unit_on(request.reader) if own else request.unit


def plugin_styles(request: Any) -> list[str]:
    """Returns the addresses of the plugins' style sheets, by convention ``css/plugin.css``."""
    assets = request.registry[ASSETS]
    return [
        assets.url("css/plugin.css", name)
        for name, folder in assets.folders[1:]
        if (folder / "css" / "plugin.css").is_file()
    ]


def navigation(request: Any) -> list[dict[str, Any]]:
    """Returns the menu of who asks: sections with the entries that they may open."""
    sections: dict[str, list[dict[str, Any]]] = {}
    access = request.principal.access
    nearest = ""
    found = request.platform.plugins.collect("calibrify_navigation")
    for contribution in sorted(found, key=lambda c: (c.value.order, c.value.title)):
        entry: NavigationEntry = contribution.value
        if not access.permits(entry.permission):
            continue
        href = request.route_path(entry.route)
        badge = None
        if entry.badge is not None:
            unit = reading_unit(request)
            call = partial(entry.badge, unit)
            outcome = unit.guarded(contribution.plugin, f"badge of {entry.title}", call)
            badge = outcome.value
        inside = request.path == href or (href != "/" and request.path.startswith(f"{href}/"))
        if inside and len(href) > len(nearest):
            nearest = href
        sections.setdefault(entry.section, []).append(
            {
                "label": entry.title,
                "icon": entry.icon,
                "href": href,
                "current": False,
                "badge": badge,
                "alert": badge is not None,
                "tab": entry.tab,
                "hotkey": entry.keys,
            }
        )
    # Where one entry lies below another, the nearer one is where the person is.
    for entries in sections.values():
        for shown in entries:
            shown["current"] = shown["href"] == nearest
    return [{"title": title or None, "entries": entries} for title, entries in sections.items()]
