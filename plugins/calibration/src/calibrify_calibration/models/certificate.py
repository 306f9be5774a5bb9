"""Certificates: numbered papers on approved records, frozen for good."""

import uuid
from datetime import date, datetime
from typing import Any

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


class Certificate(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """A certificate that was issued: its snapshot, and the digest of the paper made of it.

    ``snapshot`` and ``sha256`` are those of the paper as it was issued and never change. A
    certificate that was declared void or was replaced is printed from ``final_snapshot``.
    """

    __tablename__ = "calibration_certificate"
    __audit_type__ = "certificate"
    __audit_skip__ = frozenset({"snapshot", "final_snapshot", "verification_code"})
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "number"),
        sa.Index("ix_calibration_certificate_record", "record_id"),
        sa.Index("ix_calibration_certificate_issued", "organisation_id", "issued_on", "id"),
    )

    record_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calibration_record.id"))
    equipment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("equipment_equipment.id"))
    number: Mapped[str] = mapped_column(sa.String(60))
    revision: Mapped[int] = mapped_column(sa.Integer, default=0)
    replaces_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("calibration_certificate.id")
    )
    state: Mapped[str] = mapped_column(sa.String(8), default="issued")
    issued_at: Mapped[datetime]
    issued_on: Mapped[date]
    authorised_by: Mapped[str] = mapped_column(sa.String(200), default="")
    verification_code: Mapped[str] = mapped_column(sa.String(14), unique=True)
    snapshot: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    snapshot_hash: Mapped[str] = mapped_column(sa.String(64))
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    final_snapshot: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    final_sha256: Mapped[str | None] = mapped_column(sa.String(64))

    def audit_label(self) -> str:
        """Returns the number of the certificate, and the tag of its instrument."""
        return with_tag(self.number, self)


scoped(Certificate, through_equipment(Certificate.equipment_id))
