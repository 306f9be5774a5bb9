"""Writing the audit trail: at each flush, in the transaction of the change itself."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstanceState, Session

from calibrify_core.audit.digest import entry_digest
from calibrify_core.audit.entry import AuditEntry
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.ids import new_ids
from calibrify_core.persistence.bulk import insert_later
from calibrify_core.persistence.prepared import Prepared
from calibrify_core.persistence.session import GuardedSession
from calibrify_core.persistence.types import ExactDecimal, UTCDateTime

INFO = "calibrify_audit"
ALWAYS_SKIPPED = frozenset({"created_at", "updated_at", "version", "organisation_id"})


class Audited:
    """Mixin of mapped classes whose every change is written into the audit trail.

    Attributes:
        __audit_type__: what the object is called there, for example ``equipment``.
        __audit_skip__: columns whose values never enter it (secrets, derived values).
        __audit_words__: what people read instead of a column's name, where the form of the
            object calls it otherwise than the name does.
    """

    __audit_type__: ClassVar[str]
    __audit_skip__: ClassVar[frozenset[str]] = frozenset()
    __audit_words__: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def audit_word(cls, member: str) -> str:
        """Returns what people read instead of the name of a column."""
        return cls.__audit_words__.get(member) or in_words(member)

    def audit_label(self) -> str:
        """Returns how a person recognises the object: its name by default."""
        return str(getattr(self, "name", ""))


def in_words(member: str) -> str:
    """Returns a member's name as people read it, where nobody says otherwise.

    >>> in_words("location_id"), in_words("due_on")
    ('Location', 'Due on')
    """
    return member.removesuffix("_id").replace("_", " ").capitalize()


class Author(Protocol):
    """What the trail needs to know of a unit of work."""

    actor: Actor
    reason: str | None

    @property
    def organisation(self) -> Any:
        """For whom it works; has an ``id``."""

    @property
    def platform(self) -> Any:
        """Where it works; has ``keys``."""

    @property
    def connection(self) -> Connection:
        """The connection that it writes on."""


def watch(session: Session, author: Author) -> None:
    """Lets every flush of a session write its changes into the trail.

    Args:
        session: a session of one unit of work.
        author: the unit: who acts, for whom and why.
    """
    session.info[INFO] = author


def write_entries(
    author: Author, rows: Sequence[tuple[str, str, uuid.UUID | None, str, dict[str, Any]]]
) -> None:
    """Writes entries that no flush would write: an export, a sign-in, rows past the mapper.

    Args:
        author: the unit of work.
        rows: (action, object type, object id, label, changes) of each entry.
    """
    entries = []
    actor, key, moment = author.actor, author.platform.keys.audit, datetime.now(UTC)
    for identifier, (action, object_type, object_id, label, changes) in zip(
        new_ids(len(rows)), rows, strict=True
    ):
        columns: dict[str, Any] = {
            "id": identifier,
            "organisation_id": author.organisation.id,
            "at": moment,
            "actor_kind": actor.kind,
            "actor_id": actor.user_id,
            "actor_name": actor.name[:200],
            "action": action,
            "object_type": object_type,
            "object_id": object_id,
            "label": label[:300],
            "changes": changes,
            "reason": author.reason,
            "request_id": actor.request_id,
        }
        entries.append({**columns, "digest": entry_digest(key, columns)})
    table = AuditEntry.__table__
    assert isinstance(table, sa.Table)  # noqa: S101 - narrows the type
    insert_later(author.connection, table, *entries)


def told_of_new(model: type[Audited], columns: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the changes of a new object: of one written past the mapper, as of any other.

    What is blank is left out: most of an object is when it is made, and an entry that lists
    nothing after nothing hides what was said. A member that is absent was blank. Zero and no are
    told: a limit of zero is no missing limit.

    Args:
        model: the class whose row is written.
        columns: the row.
    """
    untold = ALWAYS_SKIPPED | model.__audit_skip__
    return {
        name: [None, value if type(value) is str else plain(value)]
        for name, value in columns.items()
        if (value or not (value is None or isinstance(value, str | list | dict)))
        and name != "id"
        and name not in untold
    }


@event.listens_for(GuardedSession, "after_flush")
def _after_flush(session: Session, _: Any) -> None:
    """Turns what a flush of a watched session changed into entries."""
    if INFO not in session.info:
        return
    found = []
    for action, objects in (
        ("create", session.new),
        ("update", session.dirty),
        ("delete", session.deleted),
    ):
        for instance in objects:
            if not isinstance(instance, Audited):
                continue
            changes = _changes(instance, action)
            if changes or action != "update":
                found.append(
                    (
                        action,
                        instance.__audit_type__,
                        getattr(instance, "id", None),
                        instance.audit_label(),
                        changes,
                    )
                )
    if found:
        write_entries(session.info[INFO], found)


def _changes(instance: Audited, action: str) -> dict[str, Any]:
    """Returns old and new of each changed column."""
    state: InstanceState[Any] = sa.inspect(instance, raiseerr=True)
    names = [attribute.key for attribute in state.mapper.column_attrs]
    if action == "create":
        columns = {name: getattr(instance, name, None) for name in names}
        return told_of_new(type(instance), columns)
    skipped = ALWAYS_SKIPPED | instance.__audit_skip__
    changes: dict[str, Any] = {}
    for name in names:
        if name in skipped:
            continue
        history = state.attrs[name].history
        if action == "update" and not history.has_changes():
            continue
        if action == "delete":
            changes[name] = [plain(getattr(instance, name, None)), None]
            continue
        new = history.added[0] if history.added else getattr(instance, name, None)
        old = history.deleted[0] if history.deleted else None
        if old != new:
            changes[name] = [plain(old), plain(new)]
    return changes


def plain(value: Any) -> Any:
    """Turns a column's value into a JSON value, digits and all."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value


def typed(column: Any, value: Any) -> Any:
    """Returns what `plain` made the JSON value of a column from.

    Args:
        column: of the mapped class.
        value: as an entry of the trail has it.
    """
    if not isinstance(value, str):
        return value
    parsers: tuple[tuple[Any, Callable[[str], Any]], ...] = (
        (sa.Uuid, uuid.UUID),
        (ExactDecimal, Decimal),
        (UTCDateTime, datetime.fromisoformat),
        (sa.Date, date.fromisoformat),
    )
    found = (parse for kind, parse in parsers if isinstance(column.type, kind))
    return next(found, str)(value)


_NEWEST = Prepared(
    sa.select(AuditEntry.id)
    .where(AuditEntry.organisation_id == sa.bindparam("organisation"))
    .order_by(AuditEntry.id.desc())
    .limit(sa.literal_column("1"))
)


def newest_entry(connection: Connection, organisation_id: uuid.UUID) -> uuid.UUID | None:
    """Returns the id of an organisation's newest entry: a new one says that something changed.

    Two transactions may end in another order than their entries were made in; what rests on
    this must bear to miss a change for a while.
    """
    newest = _NEWEST.first(connection, {"organisation": organisation_id})
    return None if newest is None else newest.id
