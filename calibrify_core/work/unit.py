"""The unit of work: one transaction, with all that a service may touch."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from calibrify_core.audit import trail
from calibrify_core.events import bus
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.clock import Clock
from calibrify_core.kernel.errors import NotFound
from calibrify_core.observability import guard
from calibrify_core.persistence import scoping
from calibrify_core.persistence.session import Reader
from calibrify_core.records import numbering
from calibrify_core.tasks import queue
from calibrify_core.tasks.job import Job
from calibrify_core.work.access import Access
from calibrify_core.work.organisation import OrganisationFacts

if TYPE_CHECKING:
    from calibrify_core.work.platform import Platform

M = TypeVar("M")
R = TypeVar("R")
S = TypeVar("S", bound=sa.Executable)


class UnitOfWork:
    """Everything that a service may touch, for one author and one transaction.

    Attributes:
        platform: the application's shared services, as the organisation has them: without the
            plugins that it switched off for itself.
        actor: who acts.
        organisation: for whom.
        access: what the actor may do.
        reason: why, if the actor said so; it goes into the audit trail.
    """

    def __init__(
        self,
        platform: Platform,
        source: Session | Reader,
        actor: Actor,
        organisation: OrganisationFacts,
        access: Access,
    ) -> None:
        self.platform = platform.of(organisation)
        self._source = source
        self.actor = actor
        self.organisation = organisation
        self.access = access
        self.reason: str | None = None
        self._today: date | None = None
        self._connection: Connection | None = None
        if isinstance(source, Session):
            trail.watch(source, self)

    @cached_property
    def session(self) -> Session:
        """The database session, guarded by scope; its changes are written into the trail."""
        source = self._source
        if isinstance(source, Session):
            return source
        if source.writes:
            trail.watch(source.session, self)
        return source.session

    @property
    def has_session(self) -> bool:
        """Whether somebody asked for the session, and so may have loaded or changed objects."""
        return isinstance(self._source, Session) or "session" in self.__dict__

    @property
    def connection(self) -> Connection:
        """The connection below the session, for statements that load no object."""
        source = self._source
        if not isinstance(source, Session):
            return source.connection
        known = self._connection
        # A session takes its time to find it; it is the same as long as the transaction is.
        if known is None or not known.in_transaction():
            known = self._connection = source.connection()
        return known

    @property
    def clock(self) -> Clock:
        """The clock; dates of the trade come from `today` and `trade_now`."""
        return self.platform.clock

    def today(self) -> date:
        """Returns the trade's date in the organisation's zone: one for the whole unit."""
        if self._today is None:
            self._today = self.clock.today(self.organisation.zone)
        return self._today

    def trade_now(self) -> datetime:
        """Returns the moment that the trade dates by, in UTC."""
        return self.clock.trade_now()

    def local_date(self, moment: datetime) -> date:
        """Returns the organisation's date of a moment."""
        return moment.astimezone(self.organisation.zone).date()

    def policy(self, name: str) -> Any:
        """Returns what the organisation set for a policy, or the policy's default."""
        default = self.platform.plugins.whole.named("calibrify_policies")[name].default
        return self.organisation.policies.get(name, default)

    def restrict(self, statement: S, model: type[Any], permission: str) -> S:
        """Cuts a statement over a scoped class to what a permission reaches."""
        return scoping.restrict(statement, model, self.access.scope(permission))

    def select(self, model: type[M], permission: str) -> sa.Select[M]:
        """Returns a select of a scoped class, cut to what a permission reaches."""
        return self.restrict(sa.select(model), model, permission)

    def find(self, model: type[M], identifier: uuid.UUID, permission: str) -> M:
        """Returns one object of a scoped class.

        Raises:
            NotFound: it does not exist, or lies outside of what the permission reaches.
        """
        key: Any = sa.inspect(model, raiseerr=True).primary_key[0]
        statement = self.select(model, permission).where(key == identifier)
        found = self.session.scalars(statement).one_or_none()
        if found is None:
            raise NotFound
        return found

    def flush(self) -> None:
        """Writes what the session holds: before a statement that goes past it."""
        self._source.flush()

    def add(self, instance: M) -> M:
        """Adds a new object to the transaction and returns it."""
        self.session.add(instance)
        return instance

    def publish(self, event: Any) -> None:
        """Tells a domain event to its subscribers: now, and after the commit.

        Args:
            event: a frozen dataclass of a plugin's ``events`` module.
        """
        plugins = self.platform.plugins.whole
        bus.publish(self, plugins.collect("calibrify_subscribers"), event)

    def guarded(self, plugin: str, what: str, call: Callable[[], R]) -> guard.Result[R]:
        """Calls something that a plugin declared; never raises what it raises.

        In a transaction that writes, what a failed call did to the database is undone, and the
        rest of the transaction is as good as before.

        Args:
            plugin: name of the plugin.
            what: name of what is called, as declared.
            call: without arguments.
        """
        if not self._writes():
            return guard.guarded(plugin, what, call)

        def within_savepoint() -> R:
            with self.session.begin_nested():
                return call()

        return guard.guarded(plugin, what, within_savepoint)

    def _writes(self) -> bool:
        """Tells whether this is a transaction that may change something."""
        source = self._source
        if isinstance(source, Session):
            return source.bind is self.platform.database.writer
        return source.writes

    def enqueue(
        self, task: str, payload: Mapping[str, Any], not_before: datetime | None = None
    ) -> uuid.UUID:
        """Enqueues a background task in this transaction.

        Returns:
            The id of the outbox row, by which the run is idempotent.
        """
        return queue.enqueue(
            self.session,
            task,
            payload,
            organisation_id=self.organisation.id,
            user_id=self.actor.user_id,
            not_before=not_before,
        )

    def start_job(self, kind: str, payload: Mapping[str, Any]) -> Job:
        """Enqueues a task whose progress the actor can watch.

        Args:
            kind: name of the task.
            payload: what the task is handed.
        """
        return queue.start_job(
            self.session,
            kind,
            payload,
            organisation_id=self.organisation.id,
            user_id=self.actor.user_id,
        )

    def next_number(self, series: str) -> str:
        """Draws the next human number of a series, for example ``EQ-2026-00042``."""
        mask = self.platform.plugins.whole.named("calibrify_number_masks")[series].mask
        masks = self.organisation.policies.get("number_masks", {})
        return numbering.draw(
            self.session, self.organisation.id, series, masks.get(series, mask), self.today()
        )

    def audit(
        self,
        action: str,
        object_type: str,
        object_id: uuid.UUID | None = None,
        label: str = "",
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes an audit entry that no flush would write, such as an export or a sign-in."""
        trail.write_entries(self, [(action, object_type, object_id, label, dict(changes or {}))])
