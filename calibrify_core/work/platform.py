"""The platform: what all units of work of one process share."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from calibrify_core.cache.connection import RedisLine
from calibrify_core.cache.interface import CacheRegion
from calibrify_core.hooks.manager import Plugins
from calibrify_core.hooks.settings import PluginSettings
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.clock import Clock
from calibrify_core.kernel.errors import NotFound
from calibrify_core.kernel.settings import Settings
from calibrify_core.mail.interface import Mailer
from calibrify_core.persistence.engine import Database
from calibrify_core.persistence.session import GuardedSession, Writer, new_session
from calibrify_core.storage.interface import Storage
from calibrify_core.tasks.bell import Bell
from calibrify_core.tasks.queue import ENQUEUED
from calibrify_core.work.access import Access
from calibrify_core.work.keys import Keys
from calibrify_core.work.organisation import Organisation, OrganisationFacts
from calibrify_core.work.unit import UnitOfWork
from calibrify_core.work.vault import Vault

BELL = "calibrify_bell"
DERIVED = "derived"
"""Id of the encryption key that is always there; what it sealed opens under later keys, too."""

# Loads the present rights of a user: a task runs with what its requester may do now.
Recognise = Callable[[Session, uuid.UUID], tuple[Actor, Access]]


@event.listens_for(GuardedSession, "after_commit")
def _ring(session: Session) -> None:
    """Rings the bell of the platform whose session committed something into the outbox."""
    bell: Bell | None = session.info.get(BELL)
    if session.info.pop(ENQUEUED, False) and bell is not None:
        bell.ring()


@dataclass(frozen=True, slots=True)
class Platform:
    """The application's shared services, made once at start.

    Attributes:
        settings: the effective settings.
        plugins: the running plugins and what they declared.
        database: where rows live.
        storage: where files live.
        cache: where costly answers are kept for a while.
        mailer: where mail leaves.
        clock: what time it is.
        recognise: loads the rights of a user; given by the auth room.
        plugin_settings: settings of each running plugin, by plugin and key.
        bell: wakes the relay after a commit.
        redis: the line to Redis, None where there is none.
        keys: purpose-bound keys.
    """

    settings: Settings
    plugins: Plugins
    database: Database
    storage: Storage
    cache: CacheRegion
    mailer: Mailer
    clock: Clock
    recognise: Recognise
    plugin_settings: PluginSettings
    bell: Bell = field(default_factory=Bell)
    redis: RedisLine | None = None

    @property
    def keys(self) -> Keys:
        """Purpose-bound keys."""
        return Keys(self.settings.secret_key)

    @property
    def vault(self) -> Vault:
        """Where secrets are sealed that must be kept; see ``CALIBRIFY_ENCRYPTION_KEYS``."""
        return Vault({**dict(self.settings.encryption_keys), DERIVED: self.keys.encryption})

    def of(self, organisation: OrganisationFacts) -> Platform:
        """Returns the platform as an organisation has it: without what it switched off."""
        off = organisation.plugins_off
        return replace(self, plugins=self.plugins.whole.without(off)) if off else self

    def organisations(self, plugin: str) -> list[OrganisationFacts]:
        """Returns the organisations for which a plugin runs; a task of its goes through them."""
        with self.session(write=False) as session:
            found = session.scalars(sa.select(Organisation).order_by(Organisation.id)).all()
            facts = [OrganisationFacts.of(organisation) for organisation in found]
        return [one for one in facts if plugin not in one.plugins_off]

    def session(self, *, write: bool) -> Session:
        """Makes a session; a commit of a writing one that enqueued rings the bell of the relay."""
        session = new_session(self.database, write=write)
        if write:
            session.info[BELL] = self.bell
        return session

    def writer(self) -> Writer:
        """Makes what writes in one transaction; its commit rings the bell likewise."""
        return Writer(self.database, {BELL: self.bell})

    def snapshot(self) -> Session:
        """Makes a session for a long read, such as an export: one view of the data throughout.

        Read with ``yield_per``: on PostgreSQL a server-side cursor needs its transaction.
        """
        return GuardedSession(bind=self.database.snapshot, autoflush=False)

    @contextmanager
    def unit(
        self,
        organisation_id: uuid.UUID | None = None,
        *,
        user_id: uuid.UUID | None = None,
        actor: Actor | None = None,
        request_id: str | None = None,
        write: bool = True,
    ) -> Iterator[UnitOfWork]:
        """Opens a unit of work outside of a request; commits on success.

        Args:
            organisation_id: for whom; None: the only organisation there is, or the first.
            user_id: with the present rights of this person; None: as the system itself.
            actor: how the system calls itself in the audit trail.
            request_id: of the run that it is opened for, for the audit trail.
            write: False for a unit that only reads.

        Raises:
            NotFound: the organisation does not exist.
        """
        with self.session(write=write) as session, session.begin():
            organisation = self.organisation(session, organisation_id)
            if user_id is None:
                rights = Access(organisation.id, unlimited=True)
                author = actor or Actor.system()
            else:
                author, rights = self.recognise(session, user_id)
            author = replace(author, request_id=author.request_id or request_id)
            yield UnitOfWork(self, session, author, organisation, rights)

    @staticmethod
    def organisation(session: Session, organisation_id: uuid.UUID | None) -> OrganisationFacts:
        """Loads the facts of an organisation.

        Raises:
            NotFound: it does not exist.
        """
        statement = sa.select(Organisation).order_by(Organisation.id).limit(1)
        if organisation_id is not None:
            statement = statement.where(Organisation.id == organisation_id)
        found = session.scalars(statement).one_or_none()
        if found is None:
            raise NotFound("This organisation does not exist.")
        return OrganisationFacts.of(found)

    def default_zone(self) -> ZoneInfo:
        """Returns the time zone of a new organisation."""
        return self.settings.time_zone
