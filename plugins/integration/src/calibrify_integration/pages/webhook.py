"""Webhooks: a list, a page with the log of deliveries, and what changes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from calibrify_core.auth.people import People
from calibrify_core.kernel.errors import CalibrifyError
from calibrify_core.persistence.base import utc_now
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.conflict import Saved, show_conflict
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import posted
from calibrify_core.web.kit import page_response, see_other
from calibrify_integration.domain.event_types import EVERYTHING
from calibrify_integration.models.delivery import DEAD, PENDING
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.pages import delivery, webhook_form
from calibrify_integration.permissions import WEBHOOK_MANAGE, WEBHOOK_VIEW
from calibrify_integration.services import webhooks
from calibrify_integration.services.deliveries import counts_of
from calibrify_integration.services.webhook_lists import WEBHOOKS, webhook_shape

MOST = "500"
LIST = "integration.webhook.list"
ONE = "integration.webhook.show"


def show_list(request: Any) -> dict[str, Any]:
    """Shows the webhooks that the person may see."""
    unit = request.unit
    rows = run_list(unit, WEBHOOKS, read_request(WEBHOOKS, [("limit", MOST)])).rows
    names = People(unit).names({row["owner_id"] for row in rows})
    counts = counts_of(unit, [row["id"] for row in rows])
    return {
        "title": "Webhooks",
        "webhooks": [_row(request, row, names, counts) for row in rows],
        "may_change": unit.access.permits(WEBHOOK_MANAGE),
    }


def _row(request: Any, row: dict[str, Any], names: Any, counts: Any) -> dict[str, Any]:
    """Returns a webhook with its state in a word and what waits for it."""
    titles = delivery.titles_of(request.platform)
    number = counts.get(row["id"], {})
    return {
        **row,
        "href": request.route_path(ONE, id=row["id"]),
        "owner": names.get(row["owner_id"], "–"),
        "chip": state_of(row),
        "events": [titles.get(name, name) for name in row["event_types"]],
        "everything": EVERYTHING in row["event_types"],
        "waiting": number.get(PENDING, 0),
        "dead": number.get(DEAD, 0),
    }


def state_of(row: dict[str, Any]) -> tuple[str, str, str]:
    """Returns tone, icon and word of a webhook's state.

    >>> state_of({"active": True, "failing_since": None})
    ('ok', 'circle-check', 'Active')
    """
    if not row["active"]:
        return "out", "ban", "Switched off"
    if row["failing_since"]:
        return "late", "triangle-alert", "Failing"
    return "ok", "circle-check", "Active"


def show(request: Any) -> dict[str, Any]:
    """Shows a webhook with the log of its deliveries."""
    unit = request.unit
    found = webhooks.find_webhook(unit, request.matchdict["id"])
    names, counts = People(unit).names([found.owner_id]), counts_of(unit, [found.id])
    row = _row(request, webhook_shape(found), names, counts)
    moment = utc_now()
    return {
        "title": found.audit_label(),
        "crumbs": _crumbs(request),
        "webhook": row,
        "old_until": _later(found.previous_until, moment),
        "held_until": _later(found.held_until, moment) if found.active else None,
        "log": delivery.log_of(request, found),
        "may_change": unit.access.permits(WEBHOOK_MANAGE),
        **{
            f"{verb}_href": request.route_path(f"integration.webhook.{verb}", id=found.id)
            for verb in ("edit", "test", "switch", "rotate", "remove")
        },
    }


def _later(until: datetime | None, moment: datetime) -> datetime | None:
    """Returns a moment that is still to come, None for another."""
    return until if until is not None and until > moment else None


def offer(request: Any) -> dict[str, Any]:
    """Shows the form of a new webhook."""
    form = webhook_form.make_form(request)
    return _page(request, "New webhook", form.shown({"active": True}))


def create(request: Any) -> Any:
    """Sets a webhook up, and shows its secret this once."""
    form = webhook_form.make_form(request)
    values = posted(form, request.POST)
    try:
        made, secret = webhooks.create(request.unit, webhook_form.read(values))
    except CalibrifyError as error:
        shown = form.shown(values, webhook_form.problems(error, values))
        return _page(request, "New webhook", shown)
    return _reveal(request, made, secret)


def edit(request: Any) -> dict[str, Any]:
    """Shows the form of a webhook."""
    found = _to_change(request)
    form = webhook_form.make_form(request, found)
    values = webhook_form.values_of(request.platform, found)
    return _page(request, f"Edit {found.audit_label()}", form.shown(values))


def save(request: Any) -> Any:
    """Changes a webhook; who comes second sees both versions."""
    found = _to_change(request)
    title, form = f"Edit {found.audit_label()}", webhook_form.make_form(request, found)
    values = posted(form, request.POST)
    if request.POST.get("version") != str(found.version):
        one = request.route_path(ONE, id=found.id)
        saved = Saved.of(request, delivery.short_name(found), found, one)
        stored = webhook_form.values_of(request.platform, found)
        return show_conflict(request, form, values, stored, saved, crumbs=_crumbs(request))
    try:
        webhooks.change(request.unit, found, webhook_form.read(values))
    except CalibrifyError as error:
        return _page(request, title, form.shown(values, webhook_form.problems(error, values)))
    flash(request, "The webhook is saved.")
    return see_other(request, ONE, id=found.id)


def switch(request: Any) -> Any:
    """Switches a webhook on or off, as the button says that was shown."""
    found, active = _to_change(request), request.POST.get("active") == "true"
    webhooks.change(request.unit, found, {"active": active})
    flash(request, f"The webhook is switched {'on' if active else 'off'}.")
    return see_other(request, ONE, id=found.id)


def test(request: Any) -> Any:
    """Sends a test, and leads to what becomes of it."""
    made = webhooks.ask_test(request.unit, _to_change(request))
    flash(request, "The test goes out.")
    return see_other(request, delivery.ONE, id=made.id)


def confirm_rotation(request: Any) -> dict[str, Any]:
    """Asks whether a webhook is to get a new secret."""
    return _confirm(
        request,
        _to_change(request),
        "rotate",
        title="New secret",
        sentence="A new secret is made, and shown once.",
        consequences=["For 24 hours the present secret signs too."],
        submit_label="Make new secret",
        icon="key-round",
        in_place=True,
    )


def rotate(request: Any) -> Any:
    """Gives a webhook a new secret, and shows it this once."""
    found = _to_change(request)
    return _reveal(request, found, webhooks.rotate_secret(request.unit, found))


def confirm_removal(request: Any) -> dict[str, Any]:
    """Asks whether a webhook is to go."""
    return _confirm(
        request,
        _to_change(request),
        "remove",
        title="Remove webhook",
        sentence="It hears of nothing any more.",
        consequences=["What waits for it is not sent.", "The log of its deliveries is forgotten."],
        submit_label="Remove webhook",
        icon="trash-2",
        danger=True,
    )


def remove(request: Any) -> Any:
    """Removes a webhook with its log."""
    webhooks.remove(request.unit, _to_change(request))
    flash(request, "The webhook is removed.")
    return see_other(request, LIST)


def back(request: Any) -> Any:
    """Leads back to the webhook: the address only takes a form."""
    return see_other(request, ONE, id=request.matchdict["id"])


def _to_change(request: Any) -> Webhook:
    """Returns the webhook of the address, for somebody who may change it."""
    return webhooks.find_webhook(request.unit, request.matchdict["id"], WEBHOOK_MANAGE)


def _reveal(request: Any, webhook: Webhook, secret: str) -> Any:
    """Shows a secret that was just made."""
    shown = {
        "title": f"Secret of {webhook.audit_label()}",
        "crumbs": _crumbs(request),
        "secret": secret,
        "done_href": request.route_path(ONE, id=webhook.id),
    }
    return page_response(request, "integration/webhook_secret.html", shown)


def _confirm(
    request: Any, webhook: Webhook, verb: str, *, title: str, **confirm: Any
) -> dict[str, Any]:
    """Returns the page that asks before a step."""
    one, name = request.route_path(ONE, id=webhook.id), delivery.short_name(webhook)
    action = request.route_path(f"integration.webhook.{verb}", id=webhook.id)
    return {
        "title": title,
        "crumbs": [*_crumbs(request), (name, one)],
        "confirm": {"action": action, "cancel_href": one, **confirm},
    }


def _crumbs(request: Any) -> list[tuple[str, str | None]]:
    """Returns the way to the webhooks."""
    return [("Webhooks", request.route_path(LIST))]


def _page(request: Any, title: str, form: dict[str, Any]) -> dict[str, Any]:
    """Returns a form page."""
    return {"title": title, "crumbs": _crumbs(request), "form": form}


def includeme(config: Any) -> None:
    """Adds the pages."""
    page, one, manage = config.add_page, "/admin/webhooks/{id:uuid}", WEBHOOK_MANAGE
    confirm = "calibrify/confirm.html"
    page(
        LIST,
        "/admin/webhooks",
        show_list,
        permission=WEBHOOK_VIEW,
        template="integration/webhooks.html",
    )
    page(
        "integration.webhook.create",
        "/admin/webhooks/new",
        offer,
        permission=manage,
        template="integration/webhook_form.html",
        post=create,
    )
    page(ONE, one, show, permission=WEBHOOK_VIEW, template="integration/webhook.html")
    page(
        "integration.webhook.edit",
        f"{one}/edit",
        edit,
        permission=manage,
        template="calibrify/form.html",
        post=save,
    )
    page("integration.webhook.switch", f"{one}/switch", back, permission=manage, post=switch)
    page("integration.webhook.test", f"{one}/test", back, permission=manage, post=test)
    page(
        "integration.webhook.rotate",
        f"{one}/rotate",
        confirm_rotation,
        permission=manage,
        template=confirm,
        post=rotate,
    )
    page(
        "integration.webhook.remove",
        f"{one}/remove",
        confirm_removal,
        permission=manage,
        template=confirm,
        post=remove,
    )
