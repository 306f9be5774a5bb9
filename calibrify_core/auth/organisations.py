"""Organisations: made with their default roles, and kept in step with the running plugins."""

from __future__ import annotations

import re
import uuid

import sqlalchemy as sa

from calibrify_core.auth.roles import Roles
from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.errors import Conflict, Invalid
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.access import Access
from calibrify_core.work.organisation import Organisation, OrganisationFacts
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork

FIRST = "main"
NAME = re.compile(r"[a-z][a-z0-9-]{0,62}[a-z0-9]|[a-z]", re.ASCII)
SET_UP = "Set-up"


class Organisations:
    """All organisations of the installation; for the command line and the set-up.

    An organisation is the root of every unit of work, so its making opens a unit itself.

    Args:
        platform: the application's shared services.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def all(self) -> list[OrganisationFacts]:
        """Returns all organisations, in the order in which they were made."""
        with self._platform.session(write=False) as session:
            found = session.scalars(sa.select(Organisation).order_by(Organisation.id)).all()
            return [OrganisationFacts.of(organisation) for organisation in found]

    def create(self, name: str, title: str = "", time_zone: str | None = None) -> OrganisationFacts:
        """Makes an organisation with the default roles.

        Args:
            name: short name, unique in the installation: ``main``.
            title: as it is printed; the name by default.
            time_zone: IANA name; the installation's by default.

        Raises:
            Conflict: the name is taken.
            Invalid: the name does not fit.
        """
        if not NAME.fullmatch(name):
            raise Invalid.field("name", "Use lower-case letters, digits and hyphens.")
        organisation = Organisation(
            id=new_id(),
            name=name,
            title=title or name,
            time_zone=time_zone or self._platform.default_zone().key,
            address="",
            policies={},
        )
        facts = OrganisationFacts.of(organisation)
        with self._platform.session(write=True) as session, session.begin():
            taken = sa.select(Organisation.id).where(Organisation.name == name)
            if session.scalars(taken).first() is not None:
                raise Conflict(f"There is an organisation {name} already.")
            unit = UnitOfWork(
                self._platform,
                session,
                Actor.system(SET_UP),
                facts,
                Access(facts.id, unlimited=True),
            )
            unit.add(organisation)
            session.flush()
            Roles(unit).synchronise()
        return facts

    def prepare(self) -> list[str]:
        """Makes the first organisation if there is none, and brings all roles in step.

        Returns:
            One line for each thing that was done.
        """
        lines = []
        if not self.all():
            self.create(FIRST)
            lines.append(f"organisation {FIRST} made, with its roles")
        for organisation in self.all():
            lines += self._synchronise(organisation.id, organisation.name)
        return lines

    def _synchronise(self, organisation_id: uuid.UUID, name: str) -> list[str]:
        """Brings the roles of one organisation in step."""
        with self._platform.unit(organisation_id, actor=Actor.system(SET_UP)) as unit:
            return [f"{name}: role {line}" for line in Roles(unit).synchronise()]
