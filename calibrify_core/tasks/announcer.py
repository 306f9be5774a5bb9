"""Announcing due rows to a broker: a message is only the bell, the row stays the truth."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.tasks.outbox import OutboxRow

WINDOW = 200
"""Most messages that wait in the broker: however much is due, it is never flooded."""

SOON, LATER = 5.0, 60.0
"""Seconds until a row that nobody took is announced again: soon where no message waits any more,
since then its own is gone, and later where it may still stand in the queue."""


class Broker(Protocol):
    """Where messages wait for workers."""

    def waiting(self) -> int:
        """Returns how many messages nobody has taken yet."""
        ...

    def post(self, row_id: uuid.UUID) -> None:
        """Sends the message that a row is due."""
        ...


class Announcer:
    """Posts the rows that are due and not taken; again what a crash or an emptied broker lost.

    What was posted is remembered in memory only: a relay that starts anew, or runs twice, posts
    rows once more, and the worker that comes second finds that there is nothing to do.

    Args:
        new_session: makes a reading session.
        broker: where to.
    """

    def __init__(self, new_session: Callable[[], Session], broker: Broker) -> None:
        self._new_session = new_session
        self._broker = broker
        self._posted: dict[uuid.UUID, float] = {}

    def announce(self) -> int:
        """Posts what is due, as far as there is room; returns how many messages that were."""
        due = self._due()
        self._posted = {row: when for row, when in self._posted.items() if row in due}
        if not due:
            return 0
        waiting = self._broker.waiting()
        before = time.monotonic() - (LATER if waiting else SOON)
        news = [row for row in due if self._posted.get(row, before) <= before]
        for row in news[: max(0, WINDOW - waiting)]:
            self._broker.post(row)
            self._posted[row] = time.monotonic()
        return len(news)

    def _due(self) -> dict[uuid.UUID, None]:
        """Returns the rows that wait for a worker, longest first."""
        now = datetime.now(UTC)
        statement = (
            sa.select(OutboxRow.id)
            .where(OutboxRow.state == "open", OutboxRow.not_before <= now)
            .where(sa.or_(OutboxRow.lease_until.is_(None), OutboxRow.lease_until < now))
            .order_by(OutboxRow.not_before, OutboxRow.id)
            .limit(WINDOW)
        )
        with self._new_session() as session:
            return dict.fromkeys(session.scalars(statement))
