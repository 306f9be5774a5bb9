"""Calibration records: what was measured, how it was judged, and what became of it."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

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
from calibrify_core.persistence.types import Json
from calibrify_equipment.public import through_equipment


class Calibration(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """One calibration, verification or check of one instrument.

    ``points`` holds the test points as the API shows them: all numbers as they were entered,
    with the evaluations beside them. It is JSON as written, never re-ordered by the database.
    """

    __tablename__ = "calibration_record"
    __audit_type__ = "calibration"
    # The readings have an entry of their own, point by point; see services.calibrations.
    __audit_skip__ = frozenset({"points"})
    __audit_words__: ClassVar[Mapping[str, str]] = {
        "schedule_id": "Fulfils",
        "performed_at": "Calibrated at",
        "condition_received": "Condition on receipt",
        "environment": "Conditions",
        "guard_band_factor": "Guard band factor r",
        "as_found_na_reason": "No as-found readings because",
        "limitation": "Limitation of use",
        "notes": "Observations",
        "adjusted": "It was adjusted between as found and as left",
    }
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "number"),
        # Both are equated by lists: with two of them no planner takes another index.
        sa.Index(
            "ix_calibration_record_equipment",
            "equipment_id",
            "organisation_id",
            "performed_at",
            "id",
        ),
        sa.Index("ix_calibration_record_state", "organisation_id", "state", "performed_on", "id"),
        sa.Index("ix_calibration_record_performed", "organisation_id", "performed_at", "id"),
    )

    number: Mapped[str | None] = mapped_column(sa.String(60))
    state: Mapped[str] = mapped_column(sa.String(12), default="draft")
    equipment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("equipment_equipment.id"))
    schedule_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("calibration_schedule.id"))
    kind: Mapped[str] = mapped_column(sa.String(20))
    is_historical: Mapped[bool] = mapped_column(default=False)
    method: Mapped[str] = mapped_column(sa.String(300), default="")
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    location_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_location.id"))
    customer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_customer.id"))
    work_order_ref: Mapped[str] = mapped_column(sa.String(100), default="")

    performed_at: Mapped[datetime]
    performed_on: Mapped[date]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    received_on: Mapped[date | None]
    performed_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_user.id"))
    performed_by: Mapped[str] = mapped_column(sa.String(200), default="")
    condition_received: Mapped[str] = mapped_column(sa.Text, default="")
    condition_returned: Mapped[str] = mapped_column(sa.Text, default="")

    provider_type: Mapped[str] = mapped_column(sa.String(8), default="internal")
    supplier_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_supplier.id"))
    certificate_number: Mapped[str] = mapped_column(sa.String(200), default="")
    certificate_date: Mapped[date | None]
    file_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_file.id"))
    reported_result: Mapped[str | None] = mapped_column(sa.String(8))
    # Number of the certificate that we issued on it.
    issued_number: Mapped[str] = mapped_column(sa.String(60), default="")

    decision_rule: Mapped[str] = mapped_column(sa.String(24), default="simple_acceptance")
    guard_band_factor: Mapped[str | None] = mapped_column(sa.String(80))
    conformity_requested: Mapped[bool] = mapped_column(default=True)
    decision_rule_agreed: Mapped[bool] = mapped_column(default=False)
    interval_agreed: Mapped[bool] = mapped_column(default=False)
    environment: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    deviation_reason: Mapped[str | None] = mapped_column(sa.Text)
    standards: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    adjusted: Mapped[bool] = mapped_column(default=False)
    as_found_na_reason: Mapped[str | None] = mapped_column(sa.Text)
    limitation: Mapped[str | None] = mapped_column(sa.Text)
    notes: Mapped[str] = mapped_column(sa.Text, default="")

    points: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    engine_version: Mapped[str] = mapped_column(sa.String(20), default="")
    inputs_hash: Mapped[str] = mapped_column(sa.String(64), default="")
    as_found_result: Mapped[str | None] = mapped_column(sa.String(20))
    as_left_result: Mapped[str | None] = mapped_column(sa.String(20))
    # What counts for the due date: the as-left result, or what the certificate reports.
    outcome: Mapped[str] = mapped_column(sa.String(20), default="not_tested")
    is_limited: Mapped[bool] = mapped_column(default=False)
    next_due_on: Mapped[date | None]

    submitted_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_user.id"))
    approved_by: Mapped[str] = mapped_column(sa.String(200), default="")
    # Why it was rejected, declared void or amended.
    state_reason: Mapped[str | None] = mapped_column(sa.Text)
    amends_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("calibration_record.id"))
    revision: Mapped[int] = mapped_column(sa.Integer, default=0)

    def audit_label(self) -> str:
        """Returns the number of the record, and the tag of its instrument."""
        return with_tag(self.number or f"imported calibration of {self.performed_on}", self)


class StandardUse(Base):
    """A reference standard that a record used, as a whole or at one of its test points."""

    __tablename__ = "calibration_standard_use"
    __table_args__ = (
        sa.Index("ix_calibration_standard_use_equipment", "equipment_id", "record_id"),
        sa.Index("ix_calibration_standard_use_record", "record_id"),
    )

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True
    )
    record_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calibration_record.id"))
    # None: the record as a whole.
    point_id: Mapped[str | None] = mapped_column(sa.String(40))
    equipment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("equipment_equipment.id"))


class Signature(OrganisationOwned, Identified, Base):
    """Who signed a record, in which meaning, and the digest of what was signed."""

    __tablename__ = "calibration_signature"
    __table_args__ = (sa.Index("ix_calibration_signature_record", "record_id", "at"),)

    record_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calibration_record.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("core_user.id"))
    printed_name: Mapped[str] = mapped_column(sa.String(200))
    meaning: Mapped[str] = mapped_column(sa.String(10))
    at: Mapped[datetime]
    record_hash: Mapped[str] = mapped_column(sa.String(64))


scoped(Calibration, through_equipment(Calibration.equipment_id))
scoped(
    Signature,
    lambda scope: Signature.record_id.in_(
        sa.select(Calibration.id).where(through_equipment(Calibration.equipment_id)(scope))
    ),
)
