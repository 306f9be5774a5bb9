"""The order of events: drawn after the commit, by one at a time.

A position that was drawn within the transaction would show gaps that fill up later: a reader
who has gone past them would miss what commits late. So what is committed and has none yet gets
its positions here.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.persistence.base import utc_now
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.platform import Platform
from calibrify_integration.models.delivery import Delivery
from calibrify_integration.models.event import Event
from calibrify_integration.models.webhook import Webhook
from calibrify_integration.services.planning import BATCH, plan, untold_due

LOCK = 0x45564E54  # "EVNT": the advisory lock that lets one process draw positions at a time
BECAUSE = "positions are drawn for all organisations"

_EVENTS: Any = Event.__table__
_WAITING = (
    sa.select(_EVENTS.c.id, sa.func.row_number().over(order_by=_EVENTS.c.id).label("place"))
    .where(_EVENTS.c.position.is_(None))
    .order_by(_EVENTS.c.id)
    .limit(BATCH)
)


def draw_positions(platform: Platform) -> None:
    """Chore: gives the committed events that have none their positions, at most a thousand.

    In the same transaction they become deliveries to the webhooks that hear of them.
    """
    # Looks without the write lock first: nothing to do must not disturb writers.
    waits = sa.or_(sa.exists(_WAITING), sa.exists(untold_due(utc_now())))
    asked = unscoped(sa.select(waits), Event, Delivery, Webhook, because=BECAUSE)
    with platform.session(write=False) as session:
        if not session.execute(asked).scalar_one():
            return
    with platform.session(write=True) as session, session.begin():
        if _lock(session):
            plan(platform, session, _number(session))


def _lock(session: Session) -> bool:
    """Makes sure that one draws at a time (SQLite's write lock says so already)."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.execute(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))).scalar_one())


def _number(session: Session) -> int:
    """Writes the positions of the events that wait; returns the first of them."""
    last = sa.select(sa.func.coalesce(sa.func.max(_EVENTS.c.position), 0))
    first = session.execute(unscoped(last, Event, because=BECAUSE)).scalar_one() + 1
    waiting = _WAITING.subquery("waiting")
    statement = (
        sa.update(_EVENTS)
        .where(_EVENTS.c.id == waiting.c.id)
        .values(position=first - 1 + waiting.c.place)
    )
    session.connection().execute(statement)
    return int(first)
