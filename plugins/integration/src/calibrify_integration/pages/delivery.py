"""Deliveries to webhooks: their log, and one with each of its tries."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import orjson

from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.flash import flash
from calibrify_core.web.kit import see_other
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.models.delivery import (
    DEAD,
    DELIVERED,
    PENDING,
    TEST,
    UNTOLD,
    Attempt,
    Delivery,
)
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.permissions import WEBHOOK_MANAGE, WEBHOOK_VIEW
from calibrify_integration.services import deliveries
from calibrify_integration.services.events import declared
from calibrify_integration.services.sight import PLUGIN
from calibrify_integration.services.webhook_lists import DELIVERIES, delivery_shape
from calibrify_integration.services.webhooks import find_webhook

ONE = "integration.delivery.show"
WEBHOOK = "integration.webhook.show"
PAGE_LENGTH = "25"
SHOWN_TRIES = 25
MOST_SHOWN = 20_000
"""How many characters of a body are shown; the feed has all of it."""

# What stands where there is no try, by the state of the delivery.
UNTRIED = {PENDING: ("Not tried yet", "It goes out soon. Open this page again to see the answer.")}
UNTOLD_STATES = {
    PENDING: (
        "Events wait from here on",
        "It cannot be told which of them its owner may see. It is asked again by itself.",
    ),
    DEAD: ("Events from here on were not sent", "Send again asks once more which there are."),
}
# Of a delivery: tone, icon and word of its chip.
STATES = {
    PENDING: ("soon", "circle-dot", "Waiting"),
    DELIVERED: ("ok", "circle-check", "Delivered"),
    DEAD: ("late", "circle-x", "Given up"),
}


def short_name(webhook: Webhook) -> str:
    """Returns how a webhook is called where a long address does not fit."""
    return webhook.description or urlsplit(webhook.url).netloc


def titles_of(platform: Platform) -> dict[str, str]:
    """Returns what the types of events are called."""
    own = {TEST: "Test", UNTOLD: "Events held back"}
    return {event.name: event.title for event in declared(platform)} | own


def log_of(request: Any, webhook: Webhook) -> dict[str, Any]:
    """Returns a page of the deliveries to a webhook, filtered as the query asks.

    Raises:
        Invalid: the cursor of the query is none.
    """
    state = request.GET.get("state", "")
    chosen = [("state", state)] if state in STATES else []
    place = [("cursor", request.GET["cursor"])] if request.GET.get("cursor") else []
    asked = [("webhook_id", str(webhook.id)), ("limit", PAGE_LENGTH), *chosen, *place]
    found = run_list(request.unit, DELIVERIES, read_request(DELIVERIES, asked))

    def href(*query: tuple[str, str]) -> str:
        path: str = request.route_path(
            WEBHOOK, id=webhook.id, _query=query or None, _anchor="deliveries"
        )
        return path

    ways = [("", "All"), *((name, word) for name, (_tone, _icon, word) in STATES.items())]
    return {
        "rows": [_row(request, webhook, row) for row in found.rows],
        "states": [
            {
                "label": word,
                "href": href(("state", name)) if name else href(),
                "current": [name] == [value for _, value in chosen] or not (name or chosen),
            }
            for name, word in ways
        ],
        "filtered": bool(chosen or place),
        "previous_href": href(*chosen, ("cursor", found.previous)) if found.previous else "",
        "next_href": href(*chosen, ("cursor", found.next)) if found.next else "",
    }


def _row(request: Any, webhook: Webhook, row: dict[str, Any]) -> dict[str, Any]:
    """Returns a delivery with its state in a word; its next try is not before the webhook's."""
    following, held = row["next_attempt_at"], webhook.held_until
    if following is not None and held is not None and row["type"] != UNTOLD:
        following = max(following, held)
    return {
        **row,
        "next_attempt_at": following,
        "title": titles_of(request.platform).get(row["type"], row["type"]),
        "chip": STATES[row["state"]],
        "href": request.route_path(ONE, id=row["id"]),
    }


def show(request: Any) -> dict[str, Any]:
    """Shows a delivery with its latest tries, the newest first."""
    unit = request.unit
    found = deliveries.find_delivery(unit, request.matchdict["id"])
    webhook = find_webhook(unit, found.webhook_id)
    tries = list(enumerate(deliveries.attempts_of(unit, found), start=1))[-SHOWN_TRIES:]
    row = _row(request, webhook, delivery_shape(found))
    return {
        "title": row["title"],
        "crumbs": [
            ("Webhooks", request.route_path("integration.webhook.list")),
            (short_name(webhook), request.route_path(WEBHOOK, id=webhook.id)),
        ],
        "delivery": row,
        "url": webhook.url,
        "body": _body(unit, found),
        "untried": _untried(found),
        "tries": [_try(number, attempt) for number, attempt in reversed(tries)],
        "may_replay": found.state != PENDING and unit.access.permits(WEBHOOK_MANAGE),
        "replay_href": request.route_path("integration.delivery.replay", id=found.id),
    }


def _untried(delivery: Delivery) -> tuple[str, str]:
    """Returns title and text for a delivery without a try."""
    texts = UNTOLD_STATES if delivery.type == UNTOLD else UNTRIED
    return texts.get(delivery.state, ("Not tried", "It was not sent."))


def _body(unit: UnitOfWork, delivery: Delivery) -> str:
    """Returns what is sent, indented; empty where the person may not see it."""
    read = partial(deliveries.content_of, unit, delivery)
    content = unit.guarded(PLUGIN, "body of a delivery", read).value
    if content is None:
        return ""
    text = orjson.dumps(content, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2).decode()
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _try(number: int, attempt: Attempt) -> dict[str, Any]:
    """Returns a try as it is shown."""
    return {
        "number": number,
        "at": attempt.at,
        "status": attempt.response_status,
        "error": attempt.error,
        "duration_ms": attempt.duration_ms,
        "headers": [f"{name}: {value}" for name, value in attempt.request_headers.items()],
        "body": attempt.response_body,
    }


def replay(request: Any) -> Any:
    """Sends a delivery once more."""
    found = deliveries.find_delivery(request.unit, request.matchdict["id"], WEBHOOK_MANAGE)
    deliveries.replay(request.unit, found)
    flash(request, "It goes out once more.")
    return see_other(request, ONE, id=found.id)


def back(request: Any) -> Any:
    """Leads back to the delivery: the address only takes a form."""
    return see_other(request, ONE, id=request.matchdict["id"])


def includeme(config: Any) -> None:
    """Adds the pages."""
    one = "/admin/webhooks/deliveries/{id:uuid}"
    config.add_page(ONE, one, show, permission=WEBHOOK_VIEW, template="integration/delivery.html")
    config.add_page(
        "integration.delivery.replay",
        f"{one}/replay",
        back,
        permission=WEBHOOK_MANAGE,
        post=replay,
    )
