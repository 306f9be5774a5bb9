"""How long events, and their deliveries, are kept."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from calibrify_core.kernel.ids import first_id
from calibrify_core.persistence.base import utc_now
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.models.delivery import Delivery
from calibrify_integration.models.event import Event

SETTING = "event_days"
DEFAULT_DAYS = 90
BECAUSE = "what is old goes, whatever organisation it is of"


def parse_days(text: str) -> int:
    """Reads a number of days.

    Raises:
        ValueError: it is none from 7 to 3650.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 7 <= int(text) <= 3650):
        raise ValueError("it is no number of days from 7 to 3650")
    return int(text)


def sweep(unit: UnitOfWork) -> None:
    """Deletes events that are older than they are kept, with their deliveries.

    What came after the first one that is young enough stays, so that the feed has no hole; so
    does the newest event, from which the next position is counted.
    """
    days: int = unit.platform.plugin_settings["integration"][SETTING]
    oldest = first_id(utc_now() - timedelta(days=days))
    session = unit.session
    young = sa.select(sa.func.min(Event.position)).where(Event.id >= oldest)
    newest = sa.select(sa.func.max(Event.position))
    bounds = [
        session.execute(unscoped(statement, Event, because=BECAUSE)).scalar()
        for statement in (young, newest)
    ]
    first_kept = min((bound for bound in bounds if bound is not None), default=None)
    if first_kept is not None:
        told = sa.delete(Delivery).where(
            sa.or_(
                sa.and_(Delivery.event_id.is_not(None), Delivery.position < first_kept),
                sa.and_(Delivery.event_id.is_(None), Delivery.id < oldest),
            )
        )
        session.execute(unscoped(told, Delivery, because=BECAUSE))
        gone = sa.delete(Event).where(Event.position < first_kept)
        session.execute(unscoped(gone, Event, because=BECAUSE))
