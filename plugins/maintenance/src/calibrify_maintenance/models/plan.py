"""Maintenance plans: what is done to which instruments, and how often."""

import uuid
from collections.abc import Mapping
from datetime import date
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
from calibrify_core.persistence.scoping import Scope, scoped
from calibrify_core.persistence.types import Json
from calibrify_equipment.public import through_equipment


class MaintenancePlan(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """What is done again and again to one instrument, or to all of a category.

    By the calendar (``rrule``), by a meter (``meter_id``, of one instrument only), or by
    whichever comes first.
    """

    __tablename__ = "maintenance_plan"
    __audit_type__ = "maintenance_plan"
    __audit_skip__ = frozenset({"meter_due_at"})
    __audit_words__: ClassVar[Mapping[str, str]] = {
        "title": "What is done",
        "description": "Instructions",
        "assigned_group_id": "Group",
        "anchor": "It counts",
        "rrule": "Rule of its own",
        "starts_on": "From",
        "ends_on": "Until",
        "lead_days": "Opened before",
        "affects_calibration": "The work may change how it measures",
        "signature_required": "Completed with a signature",
    }
    __table_args__ = (
        sa.CheckConstraint("(equipment_id IS NULL) <> (category_id IS NULL)", name="one_target"),
        sa.Index("ix_maintenance_plan_equipment", "equipment_id", "id"),
        sa.Index("ix_maintenance_plan_title", "organisation_id", "active", "title", "id"),
    )

    title: Mapped[str] = mapped_column(sa.String(200))
    type: Mapped[str] = mapped_column(sa.String(12))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    equipment_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_equipment.id"))
    category_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_category.id"))

    # None: not by the calendar.
    rrule: Mapped[str | None] = mapped_column(sa.String(300))
    anchor: Mapped[str] = mapped_column(sa.String(10), default="scheduled")
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    lead_days: Mapped[int] = mapped_column(sa.Integer, default=0)
    # None: not by a meter. The reading at which it is due next is kept by whoever reads meters.
    meter_id: Mapped[uuid.UUID | None]
    meter_interval: Mapped[Decimal | None]
    meter_due_at: Mapped[Decimal | None]

    priority: Mapped[str] = mapped_column(sa.String(8), default="normal")
    assigned_to_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_user.id"))
    assigned_group_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("core_group.id", ondelete="SET NULL")
    )
    checklist: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    affects_calibration: Mapped[bool] = mapped_column(default=False)
    signature_required: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)

    def audit_label(self) -> str:
        """Returns what is done."""
        return self.title


def _rule(scope: Scope) -> sa.ColumnElement[bool]:
    """A plan is reached through its instrument; one of a category as categories are: by all."""
    of_instrument = through_equipment(MaintenancePlan.equipment_id)(scope)
    return sa.or_(MaintenancePlan.category_id.is_not(None), of_instrument)


scoped(MaintenancePlan, _rule)
