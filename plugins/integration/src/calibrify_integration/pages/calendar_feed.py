"""Calendar feeds of one's own: a list, a form, and the address shown once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calibrify_core.auth.people import People
from calibrify_core.kernel.errors import CalibrifyError
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import page_response, problems_of, see_other
from calibrify_integration.models.calendar_feed import CalendarFeed
from calibrify_integration.permissions import CALENDAR_CHANGE, CALENDAR_VIEW
from calibrify_integration.schemas.calendar_feed import CalendarFeedIn
from calibrify_integration.services.calendar_feeds import CALENDAR_FEEDS, CalendarFeeds, offered

MOST = "500"
WHOSE = (("everything", "Everything that I may see"), ("own", "Only what is in my own hands"))


def show(request: Any) -> dict[str, Any]:
    """Shows the feeds that the person may see: their own, or everybody's."""
    unit = request.unit
    rows = run_list(unit, CALENDAR_FEEDS, read_request(CALENDAR_FEEDS, [("limit", MOST)])).rows
    names = People(unit).names({row["user_id"] for row in rows})
    titles = unit.platform.plugins.named("calibrify_calendar_sources")
    may = unit.access.permits(CALENDAR_CHANGE)
    feeds = [
        {
            **row,
            "mine": row["user_id"] == unit.actor.user_id,
            "owner": names.get(row["user_id"], "–"),
            "kinds": [titles[kind].title for kind in row["kinds"] if kind in titles],
            "all_kinds": not row["kinds"],
            "renew_href": request.route_path("integration.calendar_feed.renew", id=row["id"]),
            "revoke_href": request.route_path("integration.calendar_feed.revoke", id=row["id"]),
        }
        for row in rows
    ]
    return {
        "title": "Calendars",
        "crumbs": _crumbs(request)[:1],
        "feeds": feeds,
        "may_change": may,
    }


def feed_form(request: Any) -> Form:
    """Returns the form of a new feed; it offers the kinds that the person may see."""
    kinds = [(source.name, source.title) for source in offered(request.unit)]
    fields = [
        FormField("name", "Name", required=True, extra={"maxlength": 200}),
        FormField("whose", "What it shows", "radio", required=True, options=WHOSE, wide=True),
    ]
    if kinds:
        fields.append(
            FormField(
                "kinds",
                "Kinds of entries",
                "checkboxes",
                hint="None ticked: all kinds, those of later plugins too.",
                options=kinds,
                wide=True,
            )
        )
    return Form(
        action=request.route_path("integration.calendar_feed.create"),
        sections=[Section("Calendar", fields)],
        submit_label="Make address",
        cancel_href=request.route_path("integration.calendar_feed.list"),
        lead="A calendar program reads it from an address that only you know.",
    )


def offer(request: Any) -> dict[str, Any]:
    """Shows the form of a new feed; the address may name a kind."""
    kind = request.GET.get("kind")
    known = {source.name: source.title for source in offered(request.unit)}
    values = {
        "name": known.get(kind, "Calibrify"),
        "whose": "everything",
        "kinds": [kind] if kind in known else [],
    }
    return _page(request, feed_form(request).shown(values))


def create(request: Any) -> Any:
    """Makes a feed, and shows its address this once."""
    form = feed_form(request)
    values = posted(form, request.POST)
    try:
        data = validated(
            CalendarFeedIn,
            {
                "name": values["name"] or "",
                "kinds": values.get("kinds", []),
                "only_own": values["whose"] == "own",
            },
        )
        feed, address = CalendarFeeds(request.unit).create(
            data.name, data.kinds, only_own=data.only_own
        )
    except CalibrifyError as error:
        return _page(request, form.shown(values, problems_of(error)))
    return _made(request, feed, address)


def confirm_renewal(request: Any) -> dict[str, Any]:
    """Asks whether a feed is to get another address."""
    return _confirm(
        request,
        "renew",
        title="New address",
        sentence="A new address is made, and shown once.",
        consequences=["The present address no longer works from then on."],
        submit_label="Make new address",
        icon="key-round",
        in_place=True,
    )


def renew(request: Any) -> Any:
    """Gives a feed another address, and shows it this once."""
    feeds = CalendarFeeds(request.unit)
    feed = feeds.get(request.matchdict["id"])
    return _made(request, feed, feeds.rotate(feed))


def confirm_revocation(request: Any) -> dict[str, Any]:
    """Asks whether a feed is to end."""
    return _confirm(
        request,
        "revoke",
        title="Revoke calendar",
        sentence="Its address no longer works.",
        consequences=["Calendar programs that read it show nothing new, or an error."],
        submit_label="Revoke calendar",
        icon="trash-2",
        danger=True,
    )


def revoke(request: Any) -> Any:
    """Revokes a feed."""
    feeds = CalendarFeeds(request.unit)
    feeds.revoke(feeds.get(request.matchdict["id"]))
    flash(request, "The calendar is revoked: its address no longer works.")
    return see_other(request, "integration.calendar_feed.list")


def account(_unit: Any, _subject: Any) -> Mapping[str, Any]:
    """Returns the button of one's own account; it shows nothing but itself."""
    return {}


def subscribe(_unit: Any, kind: Any) -> Mapping[str, Any]:
    """Returns the button of a page that shows dates of one kind."""
    return {"kind": kind}


def _confirm(request: Any, verb: str, *, title: str, **confirm: Any) -> dict[str, Any]:
    """Returns the page that asks before a step."""
    feed = CalendarFeeds(request.unit).get(request.matchdict["id"])
    return {
        "title": f"{title}: {feed.name}",
        "crumbs": _crumbs(request),
        "confirm": {
            "action": request.route_path(f"integration.calendar_feed.{verb}", id=feed.id),
            "cancel_href": request.route_path("integration.calendar_feed.list"),
            **confirm,
        },
    }


def _made(request: Any, feed: CalendarFeed, address: str) -> Any:
    """Shows an address that was just made."""
    shown = {
        "title": "Address made",
        "crumbs": _crumbs(request),
        "feed": {
            "name": feed.name,
            "address": address,
            "webcal": "webcal" + address.removeprefix("https").removeprefix("http"),
        },
    }
    return page_response(request, "integration/calendar_feed_made.html", shown)


def _crumbs(request: Any) -> list[tuple[str, str | None]]:
    """Returns the way to the feeds."""
    return [
        ("Account", request.route_path("core.account.show")),
        ("Calendars", request.route_path("integration.calendar_feed.list")),
    ]


def _page(request: Any, form: dict[str, Any]) -> dict[str, Any]:
    """Returns the form page."""
    return {"title": "New calendar", "crumbs": _crumbs(request), "form": form}


def includeme(config: Any) -> None:
    """Adds the pages."""
    page, confirm = config.add_page, "calibrify/confirm.html"
    page(
        "integration.calendar_feed.list",
        "/account/calendars",
        show,
        permission=CALENDAR_VIEW,
        template="integration/calendar_feeds.html",
    )
    page(
        "integration.calendar_feed.create",
        "/account/calendars/new",
        offer,
        permission=CALENDAR_CHANGE,
        template="integration/calendar_feed_form.html",
        post=create,
    )
    page(
        "integration.calendar_feed.renew",
        "/account/calendars/{id:uuid}/renew",
        confirm_renewal,
        permission=CALENDAR_CHANGE,
        template=confirm,
        post=renew,
    )
    page(
        "integration.calendar_feed.revoke",
        "/account/calendars/{id:uuid}/revoke",
        confirm_revocation,
        permission=CALENDAR_CHANGE,
        template=confirm,
        post=revoke,
    )
