"""Reading a calendar: by its secret alone, with the rights that its owner has at this moment."""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.auth.secret import digest
from calibrify_core.auth.user import ACTIVE, User
from calibrify_core.hooks.calendars import CalendarEntry, CalendarSource, CalendarWindow
from calibrify_core.hooks.manager import Contribution
from calibrify_core.kernel.errors import NotFound
from calibrify_core.observability.guard import guarded
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.domain.calendar import CalendarHead, begins, write_calendar
from calibrify_integration.models.calendar_feed import CalendarFeed
from calibrify_integration.permissions import CALENDAR_VIEW

BACK = timedelta(days=30)
AHEAD = timedelta(days=396)  # thirteen months
MOST = 2000
REASON = "the secret itself says which feed it is; its owner's rights cut what is shown"


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed that an address leads to.

    Attributes:
        id: of the feed.
        organisation_id: of the feed.
        user_id: whose rights cut it.
        name: as the calendar program shows it.
        kinds: names of sources; none: all.
        only_own: only what is in the owner's hands.
        last_fetched_at: as the database knows it.
    """

    id: uuid.UUID
    organisation_id: uuid.UUID
    user_id: uuid.UUID
    name: str
    kinds: tuple[str, ...]
    only_own: bool
    last_fetched_at: datetime | None


def find_feed(session: Session, secret: str) -> FoundFeed:
    """Returns the feed of a secret.

    The database is asked for the digest, so that how long it takes tells nothing of a secret.

    Raises:
        NotFound: it is unknown or revoked, or its owner is disabled; which, nobody is told.
    """
    wanted = digest(secret)
    statement = (
        sa.select(
            CalendarFeed.digest,
            CalendarFeed.id,
            CalendarFeed.organisation_id,
            CalendarFeed.user_id,
            CalendarFeed.name,
            CalendarFeed.kinds,
            CalendarFeed.only_own,
            CalendarFeed.last_fetched_at,
        )
        .join(User, User.id == CalendarFeed.user_id)
        .where(CalendarFeed.digest == wanted, User.state == ACTIVE)
    )
    row = session.execute(unscoped(statement, CalendarFeed, User, because=REASON)).one_or_none()
    if row is None or not hmac.compare_digest(row.digest, wanted):
        raise NotFound
    return FoundFeed(*row[1:])


def read_calendar(platform: Platform, feed: FoundFeed) -> bytes:
    """Returns the calendar of a feed as its owner may see it now.

    Raises:
        NotFound: the owner is disabled, or may have no calendars any more.
    """
    with platform.unit(feed.organisation_id, user_id=feed.user_id, write=False) as unit:
        if not unit.access.permits(CALENDAR_VIEW):
            raise NotFound
        entries = _entries(unit, feed)
        cut = len(entries) > MOST
        head = CalendarHead(
            feed.name,
            f"{unit.organisation.title}: only the first {MOST:,} entries." if cut else "",
            unit.organisation.zone.key,
            platform.settings.public_url,
        )
        return write_calendar(head, entries[:MOST])


def _entries(unit: UnitOfWork, feed: FoundFeed) -> list[CalendarEntry]:
    """Returns what the sources of a feed give, earliest first; one more than are shown."""
    today = unit.today()
    window = CalendarWindow(today - BACK, today + AHEAD, feed.only_own, MOST + 1)
    found: list[CalendarEntry] = []
    for contribution in unit.platform.plugins.collect("calibrify_calendar_sources"):
        source: CalendarSource = contribution.value
        if feed.kinds and source.name not in feed.kinds:
            continue
        if unit.access.permits(source.permission):
            found += _asked(unit, contribution, window)
    return sorted(found, key=lambda entry: (begins(entry), entry.uid))[: MOST + 1]


def _asked(
    unit: UnitOfWork, contribution: Contribution, window: CalendarWindow
) -> list[CalendarEntry]:
    """Asks one source; one that fails is logged with its plugin's name, and the others go on."""
    source: CalendarSource = contribution.value
    return (
        guarded(contribution.plugin, source.name, partial(_whole, unit, source, window)).value or []
    )


def _whole(unit: UnitOfWork, source: CalendarSource, window: CalendarWindow) -> list[CalendarEntry]:
    """Reads a source to its end; the unit only reads, so a failed statement spoils nothing."""
    return list(islice(source.entries(unit, window), window.most))
