"""Sweeping: rows of sign-ins and throttles that are over are deleted now and then."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calibrify_core.auth import throttle
from calibrify_core.auth.signed_in import FAMILY_IDLE, SESSION_IDLE, BrowserSession, RefreshFamily

TASK = "core.sweep_sessions"
EVERY_SECONDS = 3600


def sweep_sessions(context: Any) -> None:
    """Task: deletes sessions, families and counters whose time is over.

    Args:
        context: the `TaskContext` of the run.
    """
    with context.unit() as unit:
        now = unit.clock.now()
        for table, idle in ((BrowserSession, SESSION_IDLE), (RefreshFamily, FAMILY_IDLE)):
            unit.session.execute(
                sa.delete(table).where(
                    sa.or_(table.expires_at <= now, table.last_seen_at <= now - idle)
                )
            )
        throttle.sweep(unit.session, now)
