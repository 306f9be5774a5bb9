"""A group of people that is granted roles together."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.audit.trail import Audited
from calibrify_core.persistence.base import (
    Base,
    Identified,
    OrganisationOwned,
    Timestamped,
    Versioned,
)
from calibrify_core.persistence.scoping import scoped


class Group(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """People who are granted roles together, for example a shift."""

    __tablename__ = "core_group"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "name"),)
    __audit_type__ = "group"

    name: Mapped[str] = mapped_column(sa.String(200))
    description: Mapped[str] = mapped_column(sa.Text, default="")


class Membership(Base):
    """One person in one group."""

    __tablename__ = "core_membership"

    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("core_user.id", ondelete="CASCADE"), primary_key=True
    )
    group_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("core_group.id", ondelete="CASCADE"), primary_key=True, index=True
    )


scoped(Group, lambda _scope: sa.false())
