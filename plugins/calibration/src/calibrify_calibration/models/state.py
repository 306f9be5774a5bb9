"""The calibration state of instruments: the facts that lists filter and sort by."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.persistence.base import Base, OrganisationOwned
from calibrify_core.persistence.scoping import scoped
from calibrify_equipment.public import through_equipment


class CalibrationState(OrganisationOwned, Base):
    """What is known of the calibration of one instrument: exactly one row for each.

    All but the first block, and what is told of work on the instrument, is derived from schedules
    and records by `services.states`.
    """

    __tablename__ = "calibration_state"
    __table_args__ = (
        sa.Index("ix_calibration_state_due", "organisation_id", "due_on", "equipment_id"),
    )

    equipment_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("equipment_equipment.id"), primary_key=True
    )
    required: Mapped[bool] = mapped_column(default=True)
    not_required_reason: Mapped[str] = mapped_column(sa.String(500), default="")

    failed: Mapped[bool] = mapped_column(default=False)
    has_accepted: Mapped[bool] = mapped_column(default=False)
    due_on: Mapped[date | None]
    ordinary_due_on: Mapped[date | None]
    due_soon_on: Mapped[date | None]
    is_limited: Mapped[bool] = mapped_column(default=False)
    last_calibrated_on: Mapped[date | None]
    # No foreign key: the row is written in the same breath as the record, often before it.
    last_record_id: Mapped[uuid.UUID | None]
    last_result: Mapped[str | None] = mapped_column(sa.String(20))
    last_certificate_number: Mapped[str] = mapped_column(sa.String(200), default="")
    interval_value: Mapped[int | None] = mapped_column(sa.Integer)
    interval_unit: Mapped[str | None] = mapped_column(sa.String(8))

    # Work that may have changed how the instrument measures: the last there was.
    affected_from: Mapped[datetime | None]
    affected_at: Mapped[datetime | None]
    affected_by: Mapped[str | None] = mapped_column(sa.String(200))
    # The same, while no calibration vouches for the instrument after it.
    recalibrate_after: Mapped[str | None] = mapped_column(sa.String(200))


scoped(CalibrationState, through_equipment(CalibrationState.equipment_id))


NOTHING_KNOWN: Mapping[str, Any] = {
    "required": True,
    "not_required_reason": "",
    "failed": False,
    "has_accepted": False,
    "due_on": None,
    "ordinary_due_on": None,
    "due_soon_on": None,
    "is_limited": False,
    "last_calibrated_on": None,
    "last_record_id": None,
    "last_result": None,
    "last_certificate_number": "",
    "interval_value": None,
    "interval_unit": None,
    "affected_from": None,
    "affected_at": None,
    "affected_by": None,
    "recalibrate_after": None,
}
"""Columns of an instrument of which nothing is known: it was just registered."""
