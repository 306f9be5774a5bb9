"""Work orders: what is to be done to an instrument, by whom, and what came of it."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

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
from calibrify_core.persistence.types import Json
from calibrify_equipment.public import through_equipment
from calibrify_maintenance.models.plan import MaintenancePlan

OPEN = sa.text("status IN ('requested', 'scheduled', 'in_progress', 'on_hold')")


class WorkOrder(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """One piece of work on one instrument.

    ``cycle`` says which turn of its plan it is: two schedulers cannot open the same one, and a
    plan has one open order for an instrument at most, however many turns were missed.
    """

    __tablename__ = "maintenance_order"
    __audit_type__ = "work_order"
    __audit_words__: ClassVar[Mapping[str, str]] = {
        "title": "What is to be done",
        "assigned_group_id": "Group",
        "scheduled_date": "Planned for",
        "work_done": "What was done",
        "labour_minutes": "Labour",
        "downtime_minutes": "Downtime",
        "affects_calibration": "The work may have changed how it measures",
        "signature_required": "Completed with a signature",
    }
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "number"),
        sa.UniqueConstraint("plan_id", "equipment_id", "cycle"),
        sa.Index(
            "uq_maintenance_order_open",
            "plan_id",
            "equipment_id",
            unique=True,
            postgresql_where=OPEN,
            sqlite_where=OPEN,
        ),
        sa.Index(
            "ix_maintenance_order_equipment", "equipment_id", "organisation_id", "created_at", "id"
        ),
        sa.Index("ix_maintenance_order_created", "organisation_id", "created_at", "id"),
        sa.Index("ix_maintenance_order_due", "organisation_id", "status", "due_on", "id"),
        sa.Index(
            "ix_maintenance_order_scheduled", "organisation_id", "scheduled_date", "status", "id"
        ),
        sa.Index("ix_maintenance_order_completed", "organisation_id", "completed_at", "id"),
    )

    number: Mapped[str] = mapped_column(sa.String(60))
    equipment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("equipment_equipment.id"))
    plan_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey(MaintenancePlan.id))
    cycle: Mapped[str | None] = mapped_column(sa.String(60))
    type: Mapped[str] = mapped_column(sa.String(12))
    title: Mapped[str] = mapped_column(sa.String(200))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    priority: Mapped[str] = mapped_column(sa.String(8), default="normal")
    status: Mapped[str] = mapped_column(sa.String(12), default="requested")
    # Why it is on hold, or was cancelled.
    status_reason: Mapped[str | None] = mapped_column(sa.Text)

    requested_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_user.id"))
    # The name at the time; what somebody without an account gave, where there is no id.
    requested_by: Mapped[str] = mapped_column(sa.String(200), default="")
    due_on: Mapped[date | None]
    scheduled_date: Mapped[date | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    completed_date: Mapped[date | None]
    completed_by: Mapped[str] = mapped_column(sa.String(200), default="")
    assigned_to_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_user.id"))
    assigned_group_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("core_group.id", ondelete="SET NULL")
    )

    checklist: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    # What was taken from stock, as it is shown: [{part_id, number, name, unit, quantity, cost}].
    parts: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    work_done: Mapped[str] = mapped_column(sa.Text, default="")
    labour_minutes: Mapped[int | None] = mapped_column(sa.Integer)
    cost: Mapped[Decimal | None]
    downtime_minutes: Mapped[int | None] = mapped_column(sa.Integer)
    failure_code: Mapped[str] = mapped_column(sa.String(60), default="")
    affects_calibration: Mapped[bool] = mapped_column(default=False)
    signature_required: Mapped[bool] = mapped_column(default=False)

    def audit_label(self) -> str:
        """Returns number and title."""
        return f"{self.number} {self.title}"


scoped(WorkOrder, through_equipment(WorkOrder.equipment_id))
