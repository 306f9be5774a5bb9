"""The order of events: drawn after the commit, by one at a time.

A position that was drawn within the transaction would show gaps that fill up later: a reader
who has gone past them would miss what commits late. So what is committed and has none yet gets
its positions here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.platform import Platform
from calibrify_integration.models.event import Event
from calibrify_integration.services.deliveries import plan

LOCK = 0x45564E54  # "EVNT": the advisory lock that lets one process draw positions at a time
BATCH = 1000
BECAUSE = "positions are drawn for all organisations"

_EVENTS: Any = Event.__table__
_WAITING = (
    sa.select(_EVENTS.c.id).where(_EVENTS.c.position.is_(None)).order_by(_EVENTS.c.id).limit(BATCH)
)


def draw_positions(platform: Platform) -> None:
    """Chore: gives the committed events that have none their positions, at most a thousand.

    In the same transaction they become deliveries to the webhooks that hear of them.
    """
    # Looks without the write lock first: nothing to do must not disturb writers.
    with platform.session(write=False) as session:
        if session.execute(unscoped(_WAITING.limit(1), Event, because=BECAUSE)).first() is None:
            return
    with platform.session(write=True) as session, session.begin():
        if not _lock(session):
            return
        rows = session.execute(unscoped(_WAITING, Event, because=BECAUSE)).all()
        if rows:
            _number(session, rows)
            plan(platform, session, [row.id for row in rows])


def _lock(session: Session) -> bool:
    """Makes sure that one draws at a time (SQLite's write lock says so already)."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.execute(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))).scalar_one())


def _number(session: Session, rows: Sequence[Any]) -> None:
    """Writes the positions of events."""
    last = sa.select(sa.func.coalesce(sa.func.max(_EVENTS.c.position), 0))
    first = session.execute(unscoped(last, Event, because=BECAUSE)).scalar_one() + 1
    statement = (
        sa.update(_EVENTS)
        .where(_EVENTS.c.id == sa.bindparam("event"))
        .values(position=sa.bindparam("drawn"))
    )
    session.connection().execute(
        statement,
        [{"event": row.id, "drawn": position} for position, row in enumerate(rows, first)],
    )
