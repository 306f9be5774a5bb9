"""Calendar feeds: made by people for their own calendar programs, renewed and revoked."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from calibrify_core.auth.secret import FEED_PREFIX, digest, new_secret
from calibrify_core.hooks.calendars import CalendarSource
from calibrify_core.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.listing import Kind, ListField, ListSpec
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.models.calendar_feed import CalendarFeed
from calibrify_integration.permissions import CALENDAR_CHANGE, CALENDAR_MANAGE, CALENDAR_VIEW
from calibrify_integration.services import ownership

MOST = 50
SHOWN = 12
NO_PERSON = "A token makes no addresses of calendars: sign in for that."
REASON = "the service itself cuts feeds to the actor's own, or asks for their management"


def address_of(platform: Platform, secret: str) -> str:
    """Returns the address of a feed, from the setting of the public address alone."""
    return f"{platform.settings.public_url}/calendar/{secret}.ics"


def offered(unit: UnitOfWork) -> list[CalendarSource]:
    """Returns the kinds of entries that the actor may see, by title."""
    declared = unit.platform.plugins.values("calibrify_calendar_sources")
    found = [source for source in declared if unit.access.permits(source.permission)]
    return sorted(found, key=lambda source: source.title)


class CalendarFeeds:
    """Calendar feeds of the actor; of everybody, for who manages them.

    Args:
        unit: the unit of work.
    """

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def get(self, feed_id: uuid.UUID) -> CalendarFeed:
        """Returns a feed.

        Raises:
            NotFound: there is none that the actor may see.
        """
        statement = sa.select(CalendarFeed).where(
            CalendarFeed.id == feed_id,
            CalendarFeed.organisation_id == self._unit.organisation.id,
            *_own(self._unit),
        )
        found = self._unit.session.scalars(
            unscoped(statement, CalendarFeed, because=REASON)
        ).one_or_none()
        if found is None:
            raise NotFound
        return found

    def create(
        self, name: str, kinds: Collection[str] = (), *, only_own: bool = False
    ) -> tuple[CalendarFeed, str]:
        """Makes a feed.

        Args:
            name: as the calendar program shows it.
            kinds: names of calendar sources; none: all that there are.
            only_own: only what is in the owner's own hands.

        Returns:
            The feed, and its address, which is never shown again.

        Raises:
            Forbidden: the actor acts by a token, or is no account.
            Invalid: a kind does not exist.
            Conflict: the actor has as many as anybody may have.
        """
        unit = self._unit
        owner_id = ownership.person(unit, CALENDAR_CHANGE, NO_PERSON)
        problems = list(self._problems(kinds))
        if problems:
            raise Invalid(problems)
        counted = sa.select(sa.func.count(CalendarFeed.id)).where(CalendarFeed.user_id == owner_id)
        marked = unscoped(counted, CalendarFeed, because=REASON)
        if unit.session.execute(marked).scalar_one() >= MOST:
            raise Conflict(f"You have {MOST} calendars already: revoke one of them first.")
        secret = new_secret(FEED_PREFIX)
        feed = CalendarFeed(
            organisation_id=unit.organisation.id,
            user_id=owner_id,
            name=name,
            kinds=tuple(sorted(set(kinds))),
            only_own=only_own,
            prefix=secret[:SHOWN],
            digest=digest(secret),
        )
        unit.add(feed)
        unit.session.flush()
        return feed, address_of(unit.platform, secret)

    def rotate(self, feed: CalendarFeed) -> str:
        """Gives a feed of the actor's own another address; the present one ends at once.

        Returns:
            The new address, which is never shown again.

        Raises:
            Forbidden: the actor acts by a token, or the feed is somebody else's.
        """
        if feed.user_id != ownership.person(self._unit, CALENDAR_CHANGE, NO_PERSON):
            raise Forbidden("Only its owner may have the address of a calendar.")
        secret = new_secret(FEED_PREFIX)
        feed.prefix, feed.digest, feed.last_fetched_at = secret[:SHOWN], digest(secret), None
        self._unit.session.flush()
        return address_of(self._unit.platform, secret)

    def revoke(self, feed: CalendarFeed) -> None:
        """Ends a feed: its address is answered by 404 from the next request on."""
        if feed.user_id != self._unit.actor.user_id:
            self._unit.access.require_everywhere(CALENDAR_MANAGE)
        self._unit.session.delete(feed)
        self._unit.session.flush()

    def _problems(self, kinds: Collection[str]) -> Iterable[FieldError]:
        """Yields which kinds there are not."""
        known = {source.name for source in offered(self._unit)}
        for index, kind in enumerate(kinds):
            if kind not in known:
                yield FieldError(f"/kinds/{index}", f"There are no entries of the kind {kind}.")


def _own(unit: Any) -> list[sa.ColumnElement[bool]]:
    """Returns the condition that leaves the actor's own feeds, unless they manage all."""
    return ownership.own(unit, CalendarFeed.user_id, CALENDAR_MANAGE)


def feed_shape(row: Any, _unit: Any = None) -> dict[str, Any]:
    """Returns a feed as it is shown; never its address."""
    return {
        "id": row.id,
        "user_id": row.user_id,
        "name": row.name,
        "kinds": list(row.kinds),
        "only_own": row.only_own,
        "prefix": row.prefix,
        "last_fetched_at": row.last_fetched_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


CALENDAR_FEEDS = ListSpec(
    model=CalendarFeed,
    permission=CALENDAR_VIEW,
    columns=(
        CalendarFeed.id,
        CalendarFeed.user_id,
        CalendarFeed.name,
        CalendarFeed.kinds,
        CalendarFeed.only_own,
        CalendarFeed.prefix,
        CalendarFeed.last_fetched_at,
        CalendarFeed.created_at,
        CalendarFeed.updated_at,
    ),
    source=CalendarFeed.__table__,
    key=CalendarFeed.id,
    fields={
        item.name: item
        for item in (
            ListField("name", "Name", column=CalendarFeed.name, orderable=True),
            ListField("user_id", "Owner", Kind.IDENTIFIER, CalendarFeed.user_id),
            ListField("kinds", "Kinds of entries", filterable=False),
            ListField("only_own", "Only one's own", Kind.BOOLEAN, CalendarFeed.only_own),
            ListField("prefix", "Begins with", filterable=False),
            ListField("last_fetched_at", "Last read", filterable=False),
            ListField("created_at", "Made", Kind.MOMENT, CalendarFeed.created_at, orderable=True),
            ListField("updated_at", "Changed", filterable=False),
        )
    },
    shape=feed_shape,
    default_ordering=("name",),
    where=_own,
)
