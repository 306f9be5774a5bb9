"""A role: a named set of permissions of one organisation."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from calibrify_core.audit.trail import Audited
from calibrify_core.persistence.base import (
    Base,
    Identified,
    OrganisationOwned,
    Timestamped,
    Versioned,
)
from calibrify_core.persistence.scoping import scoped

ADMINISTRATOR = "administrator"


class NameSet(TypeDecorator[tuple[str, ...]]):
    """A sorted set of names, as text with spaces between them."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, _dialect: Dialect) -> str | None:
        """Writes each name once, in order."""
        return None if value is None else " ".join(sorted(set(value)))

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[str, ...] | None:
        """Returns the names."""
        return None if value is None else tuple(value.split())


@lru_cache(maxsize=1024)
def parse_names(text: str) -> frozenset[str]:
    """Returns the names of a set as it stands in the database, parsed once per process."""
    return frozenset(text.split())


class Role(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """What its holders may do. Default roles are there from the start and stay.

    ``seeded`` holds every permission that was ever given to the role by default, so that one
    which the organisation took away does not come back with the next upgrade.
    """

    __tablename__ = "core_role"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "name"),)
    __audit_type__ = "role"
    __audit_skip__ = frozenset({"seeded"})

    name: Mapped[str] = mapped_column(sa.String(64))
    title: Mapped[str] = mapped_column(sa.String(200))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    built_in: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    permissions: Mapped[tuple[str, ...]] = mapped_column(NameSet, default=())
    seeded: Mapped[tuple[str, ...]] = mapped_column(NameSet, default=())


scoped(Role, lambda _scope: sa.false())
