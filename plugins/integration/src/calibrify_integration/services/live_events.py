"""What a stream of live events tells, with the rights that its reader has at that moment."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from calibrify_core.auth import recognition
from calibrify_core.auth.bearer import Bearers
from calibrify_core.auth.principal import Kind, Principal
from calibrify_core.auth.recognition import Visit
from calibrify_core.kernel.errors import NotFound, Unauthenticated
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.domain.event_types import EVERYTHING
from calibrify_integration.models.event import Event
from calibrify_integration.permissions import EVENT_VIEW, LIVE_VIEW
from calibrify_integration.services import events, live_tickets

MOST = 100
PLUGIN = "integration"
BECAUSE = "who changed something, and how often, tells nothing of what changed"


@dataclass(frozen=True, slots=True)
class Listener:
    """Who holds a stream open.

    Attributes:
        kind: of the credential; who is signed in with a browser only hears that there is news.
        credential_id: looked up again whenever something is told.
        user_id: the account.
        organisation_id: whose events.
        patterns: types, or beginnings of types, that are asked for.
    """

    kind: Kind
    credential_id: uuid.UUID
    user_id: uuid.UUID
    organisation_id: uuid.UUID
    patterns: Sequence[str] = (EVERYTHING,)

    @property
    def only_news(self) -> bool:
        """Whether it only hears that something changed, as pages do."""
        return self.kind == "session"

    @property
    def permission(self) -> str:
        """What it must hold."""
        return LIVE_VIEW if self.only_news else EVENT_VIEW


def recognise(
    platform: Platform, bearers: Bearers, header: str, ticket: live_tickets.Ticket | None
) -> Principal:
    """Returns who opens a stream, by a ticket or by an ``Authorization`` header.

    Raises:
        Unauthenticated: nobody whom we know.
    """
    with platform.session(write=False) as session:
        connection = session.connection()
        if ticket is None:
            found = bearers.recognise(connection, header, Visit())
        else:
            now = platform.clock.now()
            found = recognition.recognise_credential(
                connection, ticket.kind, ticket.credential_id, now, Visit()
            )
    if found is None:
        raise Unauthenticated
    return found


def read(platform: Platform, listener: Listener, cursor: str) -> events.Batch:
    """Returns what came after a cursor; a listener for news gets the cursor alone.

    Raises:
        Unauthenticated: the credential ended.
        Forbidden: the right to listen was taken away.
        NotFound: the organisation switched the plugin off.
        Invalid: the cursor is none, or some of what came after it is no longer kept.
    """
    with _unit(platform, listener) as unit:
        unit.access.require(listener.permission)
        if listener.only_news:
            end = _END.where(Event.organisation_id == unit.organisation.id)
            last = unit.session.execute(unscoped(end, Event, because=BECAUSE)).scalar()
            return events.Batch([], str(max(last or 0, int(cursor))), more=False)
        return events.read_batch(unit, cursor, listener.patterns, limit=MOST)


def news(platform: Platform, after: int | None) -> tuple[int, frozenset[uuid.UUID]]:
    """Looks once, for all listeners, who has news.

    Args:
        platform: the application's shared services.
        after: the last position that was seen; None: to begin with.

    Returns:
        The last position, and the organisations that have events after the one before.
    """
    with platform.session(write=False) as session:
        if after is None:
            return _scalar(session, _END) or 0, frozenset()
        statement = (
            sa.select(Event.organisation_id, sa.func.max(Event.position).label("last"))
            .where(Event.position > after)
            .group_by(Event.organisation_id)
        )
        rows = session.execute(unscoped(statement, Event, because=BECAUSE)).all()
    last = max((row.last for row in rows), default=after)
    return last, frozenset(row.organisation_id for row in rows)


_END = sa.select(sa.func.max(Event.position))


def _scalar(session: Session, statement: sa.Select[Any]) -> int | None:
    """Returns one number about the log of all organisations."""
    found: int | None = session.execute(unscoped(statement, Event, because=BECAUSE)).scalar()
    return found


@contextmanager
def _unit(platform: Platform, listener: Listener) -> Iterator[UnitOfWork]:
    """Opens a reading unit with the rights that a listener has now."""
    with platform.session(write=False) as session:
        found = recognition.recognise_credential(
            session.connection(),
            listener.kind,
            listener.credential_id,
            platform.clock.now(),
            Visit(),
        )
        if found is None:
            raise Unauthenticated
        if PLUGIN in found.organisation.plugins_off:
            raise NotFound
        yield UnitOfWork(platform, session, found.actor, found.organisation, found.access)
