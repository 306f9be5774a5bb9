"""Webhooks and their deliveries as lists."""

from __future__ import annotations

from typing import Any

from calibrify_core.records.listing import Kind, ListField, ListSpec, only_shown
from calibrify_integration.models.delivery import DEAD, DELIVERED, PENDING, Delivery
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.permissions import WEBHOOK_VIEW
from calibrify_integration.services.webhooks import own

STATES = (PENDING, DELIVERED, DEAD)
_WEBHOOK = (
    *("id", "owner_id", "url", "description", "event_types", "active", "disabled_reason"),
    *("failing_since", "held_until", "previous_until", "created_at", "updated_at"),
)
_DELIVERY = (
    *("id", "webhook_id", "event_id", "type", "subject_id", "state", "tries"),
    *("next_attempt_at", "last_status", "last_error", "created_at", "finished_at"),
)


def webhook_shape(row: Any, _unit: Any = None) -> dict[str, Any]:
    """Returns a webhook as it is shown; never its secret."""
    return {name: getattr(row, name) for name in _WEBHOOK}


def delivery_shape(row: Any, _unit: Any = None) -> dict[str, Any]:
    """Returns a delivery as it is shown; only one that waits has a next try."""
    shown = {name: getattr(row, name) for name in _DELIVERY}
    return shown if row.state == PENDING else {**shown, "next_attempt_at": None}


WEBHOOKS = ListSpec(
    model=Webhook,
    permission=WEBHOOK_VIEW,
    columns=tuple(getattr(Webhook, name) for name in _WEBHOOK),
    source=Webhook.__table__,
    key=Webhook.id,
    fields={
        item.name: item
        for item in (
            ListField("url", "Address", column=Webhook.url, orderable=True),
            ListField("active", "Active", Kind.BOOLEAN, Webhook.active),
            ListField("created_at", "Set up", Kind.MOMENT, Webhook.created_at, orderable=True),
            *only_shown(("id", "owner_id", "description", "event_types", "disabled_reason")),
            *only_shown(("failing_since", "held_until", "previous_until", "updated_at")),
        )
    },
    shape=webhook_shape,
    default_ordering=("url",),
    where=own,
)
DELIVERIES = ListSpec(
    model=Delivery,
    permission=WEBHOOK_VIEW,
    columns=tuple(getattr(Delivery, name) for name in _DELIVERY),
    source=Delivery.__table__.join(Webhook.__table__, Webhook.id == Delivery.webhook_id),
    key=Delivery.id,
    fields={
        item.name: item
        for item in (
            ListField("id", "Delivery", Kind.IDENTIFIER, Delivery.id, orderable=True),
            ListField("webhook_id", "Webhook", Kind.IDENTIFIER, Delivery.webhook_id),
            ListField("type", "Event", column=Delivery.type),
            ListField("state", "State", Kind.CHOICE, Delivery.state, choices=STATES),
            *only_shown(("event_id", "subject_id", "tries", "next_attempt_at", "last_status")),
            *only_shown(("last_error", "created_at", "finished_at")),
        )
    },
    shape=delivery_shape,
    default_ordering=("-id",),
    where=own,
    joined=(Webhook,),
)
