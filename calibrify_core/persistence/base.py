"""The declarative base and the mixins from which every table is made."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.types import ExactDecimal, UTCDateTime


def utc_now() -> datetime:
    """Returns the real moment at which a row is written, in UTC."""
    return datetime.now(UTC)


# Constraints carry names on every database, so that a migration can find them again.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every mapped class of the core and of the plugins."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime(),
        date: sa.Date(),
        Decimal: ExactDecimal(),
        str: sa.Text(),
        uuid.UUID: sa.Uuid(),
    }


class Identified:
    """Has a UUIDv7, made by whoever makes the object."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)


class Timestamped:
    """Knows when it was made and last changed (real time, UTC)."""

    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class Versioned:
    """Counts its changes; a write on top of a version that is gone fails."""

    version: Mapped[int] = mapped_column(sa.Integer, default=1)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        """Lets the mapper check and raise the version with every UPDATE."""
        return {"version_id_col": cls.version}


class OrganisationOwned:
    """Belongs to one organisation; a select on it must pass the scope (see `scoping`)."""

    organisation_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("core_organisation.id"), nullable=False
    )
