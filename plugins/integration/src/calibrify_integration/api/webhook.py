"""Webhooks as JSON resources."""

from __future__ import annotations

from typing import Any

from calibrify_core.api.etag import check_version
from calibrify_core.api.lists import envelope
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import changes
from calibrify_core.kernel.errors import Conflict
from calibrify_core.records.keyset import run_list_of
from calibrify_integration.permissions import WEBHOOK_MANAGE, WEBHOOK_VIEW
from calibrify_integration.schemas.webhook import (
    DeliveryOut,
    WebhookChange,
    WebhookIn,
    WebhookOut,
    WebhookSecret,
)
from calibrify_integration.services import webhooks
from calibrify_integration.services.webhook_lists import (
    DELIVERIES,
    WEBHOOKS,
    delivery_shape,
    webhook_shape,
)

ONE = "webhooks/{id:uuid}/"


def read(request: Request) -> Reply:
    """Shows a webhook."""
    found = webhooks.find_webhook(request.unit, request.matchdict["id"])
    return shown(webhook_shape(found), found.version)


def create(request: Request) -> Reply:
    """Sets a webhook up."""
    made, secret = webhooks.create(request.unit, request.data.model_dump())
    record = {**webhook_shape(made), "secret": secret}
    return created(record, made.version, f"webhooks/{made.id}/")


def replace(request: Request) -> Reply:
    """Replaces a webhook; its secret stays."""
    return _write(request, request.data.model_dump())


def change(request: Request) -> Reply:
    """Changes what the body names."""
    return _write(request, changes(request.data))


def _write(request: Request, values: dict[str, Any]) -> Reply:
    """Changes some members of a webhook."""
    unit = request.unit
    found = webhooks.find_webhook(unit, request.matchdict["id"], WEBHOOK_MANAGE)
    check_version(request, found.version)
    webhooks.change(unit, found, values)
    return shown(webhook_shape(found), found.version)


def delete(request: Request) -> None:
    """Removes a webhook with its log."""
    unit = request.unit
    found = webhooks.find_webhook(unit, request.matchdict["id"], WEBHOOK_MANAGE)
    check_version(request, found.version)
    webhooks.remove(unit, found)


def rotate_secret(request: Request) -> Reply:
    """Gives a webhook a new secret."""
    unit = request.unit
    found = webhooks.find_webhook(unit, request.matchdict["id"], WEBHOOK_MANAGE)
    secret = webhooks.rotate_secret(unit, found)
    return shown({**webhook_shape(found), "secret": secret}, found.version)


def test(request: Request) -> Reply:
    """Sends a test."""
    unit = request.unit
    found = webhooks.find_webhook(unit, request.matchdict["id"], WEBHOOK_MANAGE)
    delivery = webhooks.ask_test(unit, found)
    location = f"/api/v1/deliveries/{delivery.id}/"
    return Reply(delivery_shape(delivery), 202, location=location)


def deliveries(request: Request) -> dict[str, Any]:
    """Lists the deliveries to one webhook."""
    identifier = request.matchdict["id"]
    page = run_list_of(request.unit, DELIVERIES, "webhook_id", identifier, request.filters)
    if not page.rows:
        webhooks.find_webhook(request.unit, identifier)
    return envelope(request, page)


def includeme(config: Any) -> None:
    """Adds the resource."""
    add, noun = config.add_api_view, "webhooks"
    writing = {"permission": WEBHOOK_MANAGE}
    config.add_api_list(
        noun,
        listing=WEBHOOKS,
        path="webhooks/",
        out=WebhookOut,
        summary="Lists the webhooks: one's own, or all for who sees the whole organisation.",
    )
    add(
        create,
        noun,
        "create",
        path="webhooks/",
        body=WebhookIn,
        out=WebhookSecret,
        idempotent=False,
        errors=(Conflict,),
        summary="Sets a webhook up; it hears what its owner may see. Shows its secret once.",
        **writing,
    )
    add(
        read,
        noun,
        "read",
        path=ONE,
        permission=WEBHOOK_VIEW,
        out=WebhookOut,
        summary="Shows a webhook.",
    )
    add(
        replace,
        noun,
        "replace",
        path=ONE,
        body=WebhookIn,
        out=WebhookOut,
        summary="Replaces a webhook; its secret stays, and who does becomes its owner.",
        **writing,
    )
    add(
        change,
        noun,
        "change",
        path=ONE,
        body=WebhookChange,
        out=WebhookOut,
        summary="Changes a webhook; who does becomes its owner.",
        **writing,
    )
    add(
        delete,
        noun,
        "delete",
        path=ONE,
        summary="Removes a webhook, what waits for it, and its log.",
        **writing,
    )
    add(
        rotate_secret,
        noun,
        "rotate_secret",
        path=f"{ONE}rotate-secret/",
        out=WebhookSecret,
        status=200,
        idempotent=False,
        summary="Makes a new secret and shows it once; for a day the old one signs too.",
        **writing,
    )
    add(
        test,
        noun,
        "test",
        path=f"{ONE}test/",
        out=DeliveryOut,
        status=202,
        errors=(Conflict,),
        summary="Sends a test event.",
        **writing,
    )
    add(
        deliveries,
        noun,
        "deliveries",
        method="GET",
        path=f"{ONE}deliveries/",
        permission=WEBHOOK_VIEW,
        listing=lambda _platform: DELIVERIES,
        plural=True,
        out=DeliveryOut,
        summary="Lists the deliveries to a webhook, the newest first.",
    )
