"""The log of events: written with each change, read in order by whoever may see the objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from calibrify_core.events.bus import to_data
from calibrify_core.hooks import news
from calibrify_core.kernel.errors import Invalid
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.bulk import insert_later
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_integration.domain.event_types import EVERYTHING, matches
from calibrify_integration.models.event import Event
from calibrify_integration.permissions import EVENT_VIEW

HOOK = "calibrify_events"
MOST = 500
LAST_CURSOR = 2**63 - 1
_EVENTS: Any = Event.__table__


@dataclass(frozen=True, slots=True)
class Batch:
    """A piece of the feed.

    Attributes:
        events: in their order, as CloudEvents.
        cursor: where the next piece begins; nothing before it will ever be added.
        more: whether there is more already.
    """

    events: list[dict[str, Any]]
    cursor: str
    more: bool


def declared(platform: Platform) -> list[news.Event]:
    """Returns the events of all running plugins."""
    return platform.plugins.values(HOOK)


def record(event: Any, unit: UnitOfWork) -> None:
    """Subscriber: writes an event into the log, in the transaction of the change.

    An event that no plugin declares is nobody else's business, and is left out.
    """
    found = next((one for one in declared(unit.platform) if one.kind is type(event)), None)
    if found is None:
        return
    row = {
        "id": new_id(),
        "organisation_id": unit.organisation.id,
        "type": found.name,
        "subject_id": getattr(event, found.subject) if found.subject else None,
        "data": to_data(event),
        "at": datetime.now(UTC),
        "actor_kind": unit.actor.kind,
        "actor_id": unit.actor.user_id,
        "actor_name": unit.actor.name,
        "request_id": unit.actor.request_id,
    }
    insert_later(unit.connection, _EVENTS, row)


def visible(unit: UnitOfWork, patterns: Sequence[str] = (EVERYTHING,)) -> sa.Select[Any]:
    """Returns the select of the events that the author of a unit may see now.

    An event is seen by who sees the object that it tells of; one of no single object by who
    holds its permission in the whole organisation.

    Args:
        unit: the unit of work.
        patterns: types, or beginnings of types, that are asked for.
    """
    everywhere: list[str] = []
    partly: dict[tuple[type[Any], str], list[str]] = defaultdict(list)
    for found in declared(unit.platform):
        if not matches(patterns, found.name):
            continue
        if unit.access.scope(found.permission).everything:
            everywhere.append(found.name)
        elif found.model is not None and unit.access.permits(found.permission):
            partly[found.model, found.permission].append(found.name)
    conditions: list[sa.ColumnElement[bool]] = [Event.type.in_(everywhere)]
    for (model, permission), names in partly.items():
        key: Any = sa.inspect(model, raiseerr=True).primary_key[0]
        objects = unit.restrict(sa.select(key), model, permission)
        conditions.append(sa.and_(Event.type.in_(names), Event.subject_id.in_(objects)))
    return unit.select(Event, EVENT_VIEW).where(sa.or_(*conditions))


def read_batch(
    unit: UnitOfWork,
    after: str = "",
    patterns: Sequence[str] = (EVERYTHING,),
    subject: Any = None,
    limit: int = MOST,
) -> Batch:
    """Reads the feed from a cursor on.

    Args:
        unit: the unit of work.
        after: the cursor of the piece before; empty: from the oldest event that is kept.
        patterns: types, or beginnings of types, that are asked for.
        subject: id of the one object that is asked for.
        limit: most events.

    Raises:
        Invalid: the cursor is none, or some of what came after it is no longer kept.
    """
    position = _position(unit, after)
    # The end is read first: what is drawn meanwhile comes with the next piece.
    end = unit.session.execute(unscoped(_END, Event, because="a number tells nothing")).scalar()
    statement = _asked(unit, patterns, subject).where(
        Event.position > position, Event.position <= (end or 0)
    )
    found = unit.session.scalars(statement.order_by(Event.position).limit(limit + 1)).all()
    more, rows = len(found) > limit, found[:limit]
    cursor = rows[-1].position if more else max(end or 0, position)
    return Batch([as_cloud_event(unit, row) for row in rows], str(cursor), more)


def cursor_before(
    unit: UnitOfWork,
    after: str,
    patterns: Sequence[str] = (EVERYTHING,),
    subject: Any = None,
    limit: int = MOST,
) -> str | None:
    """Returns the cursor of the piece before that of a cursor; None if nothing came before.

    Args:
        unit: the unit of work.
        after: the cursor, as `read_batch` took it.
        patterns: types, or beginnings of types, that are asked for.
        subject: id of the one object that is asked for.
        limit: most events of that piece.
    """
    if not after:
        return None
    statement = _asked(unit, patterns, subject).where(Event.position <= int(after))
    places = statement.with_only_columns(Event.position).order_by(Event.position.desc())
    found = unit.session.scalars(places.limit(limit + 1)).all()
    if not found:
        return None
    return str(found[limit]) if len(found) > limit else ""


def _asked(unit: UnitOfWork, patterns: Sequence[str], subject: Any) -> sa.Select[Any]:
    """Returns the select of the events of some types, and of one object if it is named."""
    statement = visible(unit, patterns)
    return statement if subject is None else statement.where(Event.subject_id == subject)


_END = sa.select(sa.func.max(Event.position))
_BEGINNING = sa.select(sa.func.min(Event.position))


def _position(unit: UnitOfWork, after: str) -> int:
    """Returns the position that a cursor stands for."""
    if not after:
        return 0
    if not (after.isascii() and after.isdigit() and len(after) < 20 and int(after) <= LAST_CURSOR):
        raise Invalid.field("/query/after", "This is no cursor of the feed.")
    because = "a number tells nothing"
    oldest = unit.session.execute(unscoped(_BEGINNING, Event, because=because)).scalar()
    if oldest is not None and int(after) + 1 < oldest:
        raise Invalid.field(
            "/query/after",
            "Some of the events after this cursor are no longer kept: read what there is anew, "
            "then go on without a cursor.",
        )
    return int(after)


def as_cloud_event(unit: UnitOfWork, event: Event) -> dict[str, Any]:
    """Returns an event in the JSON form of CloudEvents 1.0."""
    shown: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": source(unit),
        "type": event.type,
        "time": event.at,
        "datacontenttype": "application/json",
        "sequence": str(event.position),
        "actor": event.actor_name,
        "data": event.data,
    }
    optional: Mapping[str, Any] = {
        "subject": event.subject_id,
        "actorid": event.actor_id,
        "requestid": event.request_id,
    }
    return shown | {name: str(value) for name, value in optional.items() if value is not None}


def source(unit: UnitOfWork) -> str:
    """Returns who tells: the installation and the organisation, as CloudEvents want it."""
    return f"{unit.platform.settings.public_url}/organisations/{unit.organisation.name}"
