"""Schedules: how often an instrument is calibrated or checked, and when it is due."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_calibration.models.reach import with_tag
from calibrify_core.audit.trail import Audited
from calibrify_core.persistence.base import (
    Base,
    Identified,
    OrganisationOwned,
    Timestamped,
    Versioned,
)
from calibrify_core.persistence.scoping import scoped
from calibrify_equipment.public import through_equipment


class CalibrationSchedule(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """One schedule of one instrument; its due date is derived, never typed.

    Columns below ``opening_due_on`` follow from the records; `services.states` writes them.
    """

    __tablename__ = "calibration_schedule"
    __audit_type__ = "calibration_schedule"
    __audit_skip__ = frozenset(
        {"due_on", "ordinary_due_on", "due_source", "last_accepted_on", "failed"}
    )
    __audit_words__: ClassVar[Mapping[str, str]] = {
        "kind": "What for",
        "interval_value": "Every",
        "interval_unit": "Unit",
        "anchor": "It falls due",
        "weekend_rule": "On a weekend",
        "opening_due_on": "Opening due date",
    }
    __table_args__ = (
        sa.Index("ix_calibration_schedule_equipment", "equipment_id", "id"),
        sa.Index("ix_calibration_schedule_due", "organisation_id", "due_on", "id"),
    )

    equipment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("equipment_equipment.id"))
    kind: Mapped[str] = mapped_column(sa.String(20), default="calibration")
    # Both None: not periodic; an opening due date is then a fixed expiry.
    interval_value: Mapped[int | None] = mapped_column(sa.Integer)
    interval_unit: Mapped[str | None] = mapped_column(sa.String(8))
    anchor: Mapped[str] = mapped_column(sa.String(12), default="exact")
    weekend_rule: Mapped[str] = mapped_column(sa.String(8), default="none")
    active: Mapped[bool] = mapped_column(default=True)
    opening_due_on: Mapped[date | None]

    due_on: Mapped[date | None]
    ordinary_due_on: Mapped[date | None]
    due_source: Mapped[str | None] = mapped_column(sa.String(10))
    last_accepted_on: Mapped[date | None]
    failed: Mapped[bool] = mapped_column(default=False)

    def audit_label(self) -> str:
        """Returns what the schedule asks for, and of which instrument."""
        return with_tag(f"{self.kind.replace('_', ' ')} schedule", self)


scoped(CalibrationSchedule, through_equipment(CalibrationSchedule.equipment_id))
