"""Files that belong to records: what is known of them; their bytes lie in the storage."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.audit.trail import Audited
from calibrify_core.persistence.base import Base, Identified, utc_now
from calibrify_core.persistence.scoping import scoped


class StoredFile(Audited, Identified, Base):
    """A file attached to a record; readable by who may read that record."""

    __tablename__ = "core_file"
    __table_args__ = (sa.Index("ix_core_file_object", "object_type", "object_id"),)
    __audit_type__ = "file"

    organisation_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("core_organisation.id"))
    name: Mapped[str] = mapped_column(sa.String(255))
    content_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    object_type: Mapped[str] = mapped_column(sa.String(64))
    object_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(sa.String(32), default="attachment")
    uploaded_by: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


scoped(StoredFile)
