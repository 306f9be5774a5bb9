"""Signatures of completed work orders."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.persistence.base import Base, Identified, OrganisationOwned
from calibrify_core.persistence.scoping import scoped
from calibrify_equipment.public import through_equipment
from calibrify_maintenance.models.work_order import WorkOrder


class WorkOrderSignature(OrganisationOwned, Identified, Base):
    """Who signed a work order at its completion, and the digest of what was signed."""

    __tablename__ = "maintenance_signature"
    __table_args__ = (sa.Index("ix_maintenance_signature_order", "work_order_id", "at"),)

    work_order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("maintenance_order.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("core_user.id"))
    printed_name: Mapped[str] = mapped_column(sa.String(200))
    meaning: Mapped[str] = mapped_column(sa.String(10))
    at: Mapped[datetime]
    record_hash: Mapped[str] = mapped_column(sa.String(64))


scoped(
    WorkOrderSignature,
    lambda scope: WorkOrderSignature.work_order_id.in_(
        sa.select(WorkOrder.id).where(through_equipment(WorkOrder.equipment_id)(scope))
    ),
)
