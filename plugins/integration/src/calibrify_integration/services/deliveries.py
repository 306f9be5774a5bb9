"""Deliveries: which event goes to which webhook, and what becomes of those that failed."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.kernel.errors import Conflict, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.base import utc_now
from calibrify_core.persistence.bulk import insert_many
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.models.delivery import PENDING, Attempt, Delivery
from calibrify_integration.models.event import Event
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.permissions import WEBHOOK_MANAGE, WEBHOOK_VIEW
from calibrify_integration.services.events import visible
from calibrify_integration.services.webhooks import own

PLUGIN = "integration"
BECAUSE = "what is due goes out for every organisation"
OF_ITS_OWN = "a delivery that the actor may see has these tries"
_DELIVERIES: Any = Delivery.__table__


def plan(platform: Platform, session: Session, events: Sequence[uuid.UUID]) -> None:
    """Writes the deliveries of events that have just got their places in the order.

    Each webhook hears of what its owner may see at this moment, by the same rule as the feed.

    Args:
        platform: the application's shared services.
        session: the writing session in whose transaction the events got their places.
        events: their ids.
    """
    organisations = sa.select(Event.organisation_id).where(Event.id.in_(events))
    statement = (
        sa.select(Webhook)
        .where(Webhook.active, Webhook.organisation_id.in_(organisations))
        .order_by(Webhook.id)
    )
    marked = unscoped(statement, Webhook, Event, because=BECAUSE)
    rows: list[dict[str, Any]] = []
    for webhook in session.scalars(marked).all():
        rows += _rows(platform, session, webhook, events)
    insert_many(session.connection(), _DELIVERIES, rows)


def _rows(
    platform: Platform, session: Session, webhook: Webhook, events: Sequence[uuid.UUID]
) -> list[dict[str, Any]]:
    """Returns the deliveries of events to one webhook."""
    unit = owner_unit(platform, session, webhook)
    if unit is None:
        return []
    seen = visible(unit, webhook.event_types).where(Event.id.in_(events))
    moment = utc_now()
    return [
        {
            "id": new_id(),
            "organisation_id": webhook.organisation_id,
            "webhook_id": webhook.id,
            "event_id": event.id,
            "type": event.type,
            "subject_id": event.subject_id,
            "position": event.position,
            "state": PENDING,
            "tries": 0,
            "next_attempt_at": moment,
            "last_error": "",
            "created_at": moment,
        }
        for event in session.scalars(seen.order_by(Event.position))
    ]


def owner_unit(platform: Platform, session: Session, webhook: Any) -> UnitOfWork | None:
    """Returns a unit with the present rights of a webhook's owner; None if there are none.

    Args:
        platform: the application's shared services.
        session: in whose transaction it works.
        webhook: whose owner.
    """
    organisation = platform.organisation(session, webhook.organisation_id)
    if PLUGIN in organisation.plugins_off:
        return None
    try:
        author, rights = platform.recognise(session, webhook.owner_id)
    except NotFound:
        return None
    if not rights.permits(WEBHOOK_VIEW):
        return None
    return UnitOfWork(platform, session, author, organisation, rights)


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
