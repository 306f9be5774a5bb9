"""Meters of instruments, and what they showed."""

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
from calibrify_equipment.public import through_equipment
from calibrify_maintenance.models.append_only import protect


class Meter(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """Something that counts on an instrument: hours, cycles, kilometres.

    The columns below ``active`` repeat the latest reading; `services.meters` writes them.
    """

    __tablename__ = "maintenance_meter"
    __audit_type__ = "meter"
    __audit_skip__ = frozenset({"latest_value", "latest_total", "latest_at"})
    __table_args__ = (sa.UniqueConstraint("equipment_id", "name"),)

    equipment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("equipment_equipment.id"))
    name: Mapped[str] = mapped_column(sa.String(100))
    unit: Mapped[str] = mapped_column(sa.String(20))
    active: Mapped[bool] = mapped_column(default=True)
    latest_value: Mapped[Decimal | None]
    latest_total: Mapped[Decimal | None]
    latest_at: Mapped[datetime | None]

    def audit_label(self) -> str:
        """Returns its name."""
        return self.name


class MeterReading(Audited, Identified, OrganisationOwned, Base):
    """What a meter showed at a moment."""

    __tablename__ = "maintenance_meter_reading"
    __audit_type__ = "meter_reading"
    __table_args__ = (sa.Index("ix_maintenance_meter_reading_meter", "meter_id", "read_at", "id"),)

    meter_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("maintenance_meter.id"))
    equipment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("equipment_equipment.id"))
    read_at: Mapped[datetime]
    value: Mapped[Decimal]
    # How much the instrument has run altogether; the value until the meter was set back.
    total: Mapped[Decimal]
    is_reset: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    entered_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_user.id"))
    entered_by: Mapped[str] = mapped_column(sa.String(200), default="")

    def audit_label(self) -> str:
        """Returns what it showed."""
        return f"{self.value:f}"


protect(MeterReading)
scoped(Meter, through_equipment(Meter.equipment_id))
scoped(MeterReading, through_equipment(MeterReading.equipment_id))
