"""The organisation: the house in which everything else lives."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.audit.trail import Audited
from calibrify_core.persistence.base import Base, Identified, Timestamped, Versioned
from calibrify_core.persistence.types import Json

PLUGINS_OFF = "core.plugins_off"
"""Key in the policies: names of the plugins that the organisation has switched off for itself."""


class Organisation(Audited, Identified, Timestamped, Versioned, Base):
    """A laboratory, plant, hospital or airline with its own instruments and people."""

    __tablename__ = "core_organisation"
    __audit_type__ = "organisation"

    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    time_zone: Mapped[str] = mapped_column(sa.String(64), default="UTC")
    address: Mapped[str] = mapped_column(sa.Text, default="")
    policies: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    """What a unit of work knows of its organisation without asking the database again.

    Attributes:
        id: the organisation's id.
        name: short name, unique in the instance.
        title: as it is printed.
        zone: its time zone; dates such as ``performed_on`` and today are of this zone.
        policies: what it set for itself; see `policy`.
    """

    id: uuid.UUID
    name: str
    title: str
    zone: ZoneInfo
    policies: Mapping[str, Any] = field(default_factory=dict)

    @property
    def plugins_off(self) -> frozenset[str]:
        """The plugins that the organisation has switched off for itself."""
        return frozenset(self.policies.get(PLUGINS_OFF, ()))

    @classmethod
    def of(cls, organisation: Organisation) -> "OrganisationFacts":
        """Returns the facts of a loaded organisation."""
        return cls(
            organisation.id,
            organisation.name,
            organisation.title,
            ZoneInfo(organisation.time_zone),
            dict(organisation.policies),
        )
