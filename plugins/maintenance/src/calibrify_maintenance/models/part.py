"""Spare parts: what there is of each, and every movement of the stock."""

import uuid
from datetime import datetime
from decimal import Decimal

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
from calibrify_maintenance.models.append_only import protect
from calibrify_maintenance.models.quantity import Quantity


class Part(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """A spare part in the organisation's store.

    ``stock`` is the sum of the movements; `services.stock` alone writes it, by a statement that
    cannot take more than there is. Its version counts changes of the other columns.
    """

    __tablename__ = "maintenance_part"
    __audit_type__ = "part"
    __audit_skip__ = frozenset({"stock"})
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "number"),
        sa.CheckConstraint("stock >= 0", name="stock"),
        sa.Index("ix_maintenance_part_short", "organisation_id", "active", "minimum", "stock"),
    )

    number: Mapped[str] = mapped_column(sa.String(60))
    name: Mapped[str] = mapped_column(sa.String(200))
    unit: Mapped[str] = mapped_column(sa.String(20))
    stock: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    minimum: Mapped[Decimal] = mapped_column(Quantity, default=Decimal(0))
    price: Mapped[Decimal | None]
    location: Mapped[str] = mapped_column(sa.String(200), default="")
    notes: Mapped[str] = mapped_column(sa.Text, default="")
    active: Mapped[bool] = mapped_column(default=True)

    def audit_label(self) -> str:
        """Returns number and name."""
        return f"{self.number} {self.name}"


class PartMovement(Audited, Identified, OrganisationOwned, Base):
    """A movement of the stock of a part: a receipt, an issue, a return or a correction."""

    __tablename__ = "maintenance_part_movement"
    __audit_type__ = "part_movement"
    __table_args__ = (
        sa.Index("ix_maintenance_part_movement_part", "part_id", "id"),
        sa.Index("ix_maintenance_part_movement_order", "order_id", "part_id"),
    )

    part_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("maintenance_part.id"))
    kind: Mapped[str] = mapped_column(sa.String(10))
    # What came in; what went out is negative.
    change: Mapped[Decimal] = mapped_column(Quantity)
    stock_after: Mapped[Decimal] = mapped_column(Quantity)
    # The price of one at that time, by which an order is charged ever after.
    unit_price: Mapped[Decimal | None]
    order_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("maintenance_order.id"))
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    at: Mapped[datetime]
    moved_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_user.id"))
    moved_by: Mapped[str] = mapped_column(sa.String(200), default="")

    def audit_label(self) -> str:
        """Returns what moved."""
        return f"{self.kind} {self.change}"


protect(PartMovement)
# One store serves the whole organisation: who may see parts at all sees all of them.
scoped(Part)
scoped(PartMovement)
