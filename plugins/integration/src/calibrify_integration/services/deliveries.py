"""Deliveries: what is sent, what came back, and what is sent once more."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from calibrify_core.kernel.errors import Conflict, NotFound
from calibrify_core.persistence.base import utc_now
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.models.delivery import PENDING, TEST, Attempt, Delivery
from calibrify_integration.models.event import Event
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.permissions import WEBHOOK_MANAGE, WEBHOOK_VIEW
from calibrify_integration.services.events import as_cloud_event, source, visible
from calibrify_integration.services.webhooks import own

OF_ITS_OWN = "a delivery that the actor may see has these tries"


def find_delivery(
    unit: UnitOfWork, delivery_id: uuid.UUID, permission: str = WEBHOOK_VIEW
) -> Delivery:
    """Returns a delivery to a webhook that the author may see.

    Raises:
        NotFound: there is none.
    """
    statement = (
        unit.select(Delivery, permission)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.id == delivery_id, *own(unit, permission))
    )
    statement = unscoped(statement, Webhook, because="its owner settles who sees the delivery")
    found = unit.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound
    return found


def content_of(unit: UnitOfWork, delivery: Delivery) -> dict[str, Any] | None:
    """Returns what is sent, as the feed shows it: the same in every try.

    Returns:
        The event, or a test; None where there is none, or the author may not see it.
    """
    if delivery.type == TEST:
        return {
            "specversion": "1.0",
            "id": str(delivery.id),
            "source": source(unit),
            "type": TEST,
            "time": delivery.created_at,
            "datacontenttype": "application/json",
            "data": {"webhook_id": str(delivery.webhook_id)},
        }
    # By its own type alone: the rules of other plugins are no business of this event.
    statement = visible(unit, (delivery.type,)).where(Event.id == delivery.event_id)
    event = unit.session.scalars(statement).one_or_none()
    return None if event is None else as_cloud_event(unit, event)


def attempts_of(unit: UnitOfWork, delivery: Delivery) -> list[Attempt]:
    """Returns the tries of a delivery, in their order."""
    statement = sa.select(Attempt).where(Attempt.delivery_id == delivery.id).order_by(Attempt.id)
    return list(unit.session.scalars(unscoped(statement, Attempt, because=OF_ITS_OWN)))


def replay(unit: UnitOfWork, delivery: Delivery) -> Delivery:
    """Sends a delivery once more, with the same ``webhook-id``.

    Raises:
        Forbidden: the author may not.
        Conflict: it still waits.
    """
    unit.access.require(WEBHOOK_MANAGE)
    if delivery.state == PENDING:
        raise Conflict("It still waits to be delivered.")
    delivery.state, delivery.tries = PENDING, 0
    delivery.next_attempt_at, delivery.lease_until, delivery.finished_at = utc_now(), None, None
    unit.audit("replay", "webhook_delivery", delivery.id, delivery.type)
    unit.session.flush()
    return delivery


def counts_of(unit: UnitOfWork, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Mapping[str, int]]:
    """Returns how many deliveries of some webhooks there are, by webhook and state."""
    statement = (
        sa.select(Delivery.webhook_id, Delivery.state, sa.func.count())
        .where(Delivery.webhook_id.in_(ids))
        .group_by(Delivery.webhook_id, Delivery.state)
    )
    marked = unscoped(statement, Delivery, because=OF_ITS_OWN)
    counts: dict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    for webhook_id, state, number in unit.session.execute(marked):
        counts[webhook_id][state] = number
    return counts
