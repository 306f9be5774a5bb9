"""A grant: one role for one person or group, for the organisation or a part of it."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.audit.trail import Audited
from calibrify_core.persistence.base import Base, Identified, OrganisationOwned, Timestamped
from calibrify_core.persistence.scoping import scoped


class Grant(Audited, Identified, OrganisationOwned, Timestamped, Base):
    """One role for one person or one group, and where it holds.

    A grant is never changed: it is given and taken away, and the audit trail has both.
    """

    __tablename__ = "core_grant"
    __table_args__ = (
        sa.CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="holder"),
        sa.CheckConstraint("(scope_type = 'organisation') = (scope_id IS NULL)", name="scope"),
    )
    __audit_type__ = "grant"
    __audit_skip__ = frozenset({"fingerprint"})

    user_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("core_user.id", ondelete="CASCADE"), index=True
    )
    group_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("core_group.id", ondelete="CASCADE"), index=True
    )
    role_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("core_role.id"), index=True)
    scope_type: Mapped[str] = mapped_column(sa.String(64))
    scope_id: Mapped[uuid.UUID | None]
    # Holder, role and scope in one text: a unique constraint over nullable columns holds nothing.
    fingerprint: Mapped[str] = mapped_column(sa.String(200), unique=True)

    def audit_label(self) -> str:
        """Returns where it holds; holder and role stand in the entry's changes."""
        return self.scope_type


scoped(Grant, lambda _scope: sa.false())
