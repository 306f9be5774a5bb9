"""Planning: which events go to which webhook, settled when they get their places in the order.

Where it cannot be told what a webhook's owner may see, a delivery of its own (``UNTOLD``) stands
for all events from there on, and is asked about again later. Until then nothing is planned for
that webhook, so that its events keep their order; the other webhooks go on.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.base import utc_now
from calibrify_core.persistence.bulk import insert_many
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.platform import Platform
from calibrify_integration.domain.retries import pause_after
from calibrify_integration.models.delivery import DEAD, PENDING, UNTOLD, Delivery
from calibrify_integration.models.event import Event
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.services.events import visible
from calibrify_integration.services.sight import RuleFailed, ask, owner_unit

BECAUSE = "events are planned for the webhooks of every organisation"
BATCH = 1000
_DELIVERIES: Any = Delivery.__table__


def untold_due(now: datetime) -> sa.Select[Any]:
    """Returns the select of what could not be told and is to be asked about now."""
    return (
        sa.select(Delivery.webhook_id)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Webhook.active, Delivery.state == PENDING, Delivery.type == UNTOLD)
        .where(Delivery.next_attempt_at <= now)
    )


def plan(platform: Platform, session: Session, first: int) -> None:
    """Writes the deliveries of events that have just got their places in the order.

    Each webhook hears of what its owner may see at this moment, by the same rule as the feed.

    Args:
        platform: the application's shared services.
        session: the writing session in whose transaction the events got their places; no other
            transaction draws places or plans before it ends.
        first: the place of the first of them, or the one that the next event will get.
    """
    moment = utc_now()
    waiting = _untold(session)
    fresh = sa.select(Event.organisation_id).where(Event.position >= first)
    statement = (
        sa.select(Webhook)
        .where(Webhook.active)
        .where(
            sa.or_(Webhook.organisation_id.in_(fresh), Webhook.id.in_(untold_due(moment))),
        )
        .order_by(Webhook.id)
    )
    marked = unscoped(statement, Webhook, Event, Delivery, because=BECAUSE)
    for webhook in session.scalars(marked).all():
        untold = waiting.get(webhook.id)
        if untold is None:
            _plan_new(platform, session, webhook, first)
        elif untold.next_attempt_at <= moment:
            _plan_again(platform, session, webhook, untold)


def _untold(session: Session) -> Mapping[uuid.UUID, Any]:
    """Returns by webhook what waits for an answer, where there is more the earliest."""
    statement = (
        sa.select(_DELIVERIES)
        .where(_DELIVERIES.c.state == PENDING, _DELIVERIES.c.type == UNTOLD)
        .order_by(_DELIVERIES.c.position.desc())
    )
    rows = session.execute(unscoped(statement, Delivery, because=BECAUSE))
    return {row.webhook_id: row for row in rows}


def _plan_new(platform: Platform, session: Session, webhook: Webhook, first: int) -> None:
    """Plans new events for a webhook, or notes that they cannot be told."""
    try:
        events = _events_for(platform, session, webhook, first)
    except RuleFailed as failure:
        row = _delivery(webhook, type=UNTOLD, position=first, event_id=None, subject_id=None)
        again = _again(tries=0, error=str(failure))
        insert_many(session.connection(), _DELIVERIES, [row | again])
    else:
        _write(session, webhook, events)


def _plan_again(platform: Platform, session: Session, webhook: Webhook, untold: Any) -> None:
    """Plans the events that could not be told before, a batch of them."""
    mine = _DELIVERIES.c.id == untold.id
    try:
        events = _events_for(platform, session, webhook, untold.position)
    except RuleFailed as failure:
        values = _again(untold.tries, str(failure))
        session.connection().execute(sa.update(_DELIVERIES).where(mine).values(**values))
        return
    _write(session, webhook, events[:BATCH])
    if len(events) > BATCH:
        rest = sa.update(_DELIVERIES).where(mine).values(position=events[BATCH].position)
        session.connection().execute(rest)
    else:
        session.connection().execute(sa.delete(_DELIVERIES).where(mine))


def _events_for(platform: Platform, session: Session, webhook: Webhook, first: int) -> list[Event]:
    """Returns the events from a place on that are for a webhook and not planned yet.

    Raises:
        RuleFailed: it cannot be told what its owner may see.
    """
    unit = owner_unit(platform, session, webhook)
    if unit is None:
        return []
    planned = sa.exists().where(Delivery.webhook_id == webhook.id, Delivery.event_id == Event.id)

    def read() -> list[Event]:
        statement = visible(unit, webhook.event_types).where(Event.position >= first, ~planned)
        statement = statement.order_by(Event.position).limit(BATCH + 1)
        return list(session.scalars(unscoped(statement, Delivery, because=BECAUSE)))

    return ask(unit, webhook.event_types, read)


def _write(session: Session, webhook: Webhook, events: list[Event]) -> None:
    """Writes the deliveries of events to a webhook."""
    rows = [
        _delivery(
            webhook,
            type=event.type,
            position=event.position,
            event_id=event.id,
            subject_id=event.subject_id,
        )
        for event in events
    ]
    insert_many(session.connection(), _DELIVERIES, rows)


def _delivery(webhook: Webhook, **of_event: Any) -> dict[str, Any]:
    """Returns a delivery as it begins."""
    moment = utc_now()
    return {
        "id": new_id(),
        "organisation_id": webhook.organisation_id,
        "webhook_id": webhook.id,
        "state": PENDING,
        "tries": 0,
        "next_attempt_at": moment,
        "last_error": "",
        "created_at": moment,
        **of_event,
    }


def _again(tries: int, error: str) -> dict[str, Any]:
    """Returns when it is asked again what could not be told, if it is."""
    # Spreads the load; nobody's secret depends on it.
    wait = pause_after(tries + 1, random.random())  # noqa: S311
    known = {"tries": tries + 1, "last_error": error[:300]}
    if wait is None:
        return {**known, "state": DEAD, "finished_at": utc_now()}
    return {**known, "next_attempt_at": utc_now() + wait}
