"""Equipment: the instruments themselves."""

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
from calibrify_core.persistence.scoping import Scope, scoped
from calibrify_core.persistence.types import Json
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.location import Location
from calibrify_equipment.models.tree import subtree

# Compared and sorted by code point on every database.
SortedText = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


class Equipment(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """An instrument, a gauge, a weight, a standard: anything with a calibration of its own.

    ``tag_key``, ``name_key``, ``identity_key`` and ``search_text`` are derived from other columns
    by the service that writes them; they are what lists sort by, what keeps serial numbers
    unique, and what the search looks into.
    """

    __tablename__ = "equipment_equipment"
    __audit_type__ = "equipment"
    __audit_skip__ = frozenset({"tag_key", "name_key", "identity_key", "search_text", "label_code"})
    __audit_words__: ClassVar[Mapping[str, str]] = {
        "is_reference_standard": "Reference standard",
        "use_limitation": "Limitation of use",
        "owner_id": "Owner, if a customer",
        "parent_id": "Part of",
        "manufacturer_id": "Manufacturer, as listed",
        "model_id": "Model, as listed",
    }
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "asset_tag"),
        sa.UniqueConstraint("organisation_id", "identity_key"),
        sa.Index("ix_equipment_equipment_tag", "organisation_id", "tag_key", "id"),
        sa.Index("ix_equipment_equipment_name", "organisation_id", "name_key", "id"),
        sa.Index("ix_equipment_equipment_updated", "organisation_id", "updated_at", "id"),
        sa.Index("ix_equipment_equipment_status", "organisation_id", "status", "tag_key", "id"),
        sa.Index(
            "ix_equipment_equipment_category",
            "organisation_id",
            "category_id",
            "status",
            "tag_key",
            "id",
        ),
        sa.Index(
            "ix_equipment_equipment_location", "organisation_id", "location_id", "tag_key", "id"
        ),
        sa.Index(
            "ix_equipment_equipment_parent",
            "parent_id",
            postgresql_where=sa.text("parent_id IS NOT NULL"),
            sqlite_where=sa.text("parent_id IS NOT NULL"),
        ),
    )

    asset_tag: Mapped[str] = mapped_column(sa.String(100))
    tag_key: Mapped[str] = mapped_column(SortedText)
    name: Mapped[str] = mapped_column(sa.String(300))
    name_key: Mapped[str] = mapped_column(SortedText)
    serial_number: Mapped[str] = mapped_column(sa.String(200), default="")
    manufacturer_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("equipment_manufacturer.id")
    )
    model_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_model.id"))
    # Names beside the references: a list of instruments needs no join for them.
    manufacturer: Mapped[str] = mapped_column(sa.String(200), default="")
    model: Mapped[str] = mapped_column(sa.String(200), default="")
    identity_key: Mapped[str | None] = mapped_column(sa.Text)
    search_text: Mapped[str] = mapped_column(sa.Text)

    category_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_category.id"))
    location_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_location.id"))
    department: Mapped[str] = mapped_column(sa.String(200), default="")
    owner_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_customer.id"))
    custodian_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_user.id"))
    supplier_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_supplier.id"))
    parent_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_equipment.id"))

    ranges: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    is_reference_standard: Mapped[bool] = mapped_column(default=False)
    use_limitation: Mapped[str] = mapped_column(sa.Text, default="")
    status: Mapped[str] = mapped_column(sa.String(20), default="in_service")
    criticality: Mapped[str] = mapped_column(sa.String(8), default="normal")
    acquired_on: Mapped[date | None]
    warranty_until: Mapped[date | None]
    purchase_price: Mapped[Decimal | None]
    firmware_version: Mapped[str] = mapped_column(sa.String(100), default="")
    notes: Mapped[str] = mapped_column(sa.Text, default="")
    custom_fields: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    # Custody: with whom or where it is while checked out, and that one's name at the time.
    holder_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("core_user.id"))
    held_at_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("equipment_location.id"))
    held_by: Mapped[str] = mapped_column(sa.Text, default="")
    held_since: Mapped[datetime | None]
    expected_return_on: Mapped[date | None]

    # On the QR code: tags repeat across organisations, this does not.
    label_code: Mapped[str] = mapped_column(sa.String(16), unique=True)

    def audit_label(self) -> str:
        """Returns tag and name."""
        return f"{self.asset_tag} {self.name}"


def _rule(scope: Scope) -> sa.ColumnElement[bool]:
    """An instrument is reached by its location or by its category."""
    conditions: list[sa.ColumnElement[bool]] = []
    if roots := scope.limits.get("location"):
        conditions.append(Equipment.location_id.in_(subtree(Location, roots)))
    if roots := scope.limits.get("category"):
        conditions.append(Equipment.category_id.in_(subtree(Category, roots)))
    return sa.or_(*conditions) if conditions else sa.false()


scoped(Equipment, _rule)
