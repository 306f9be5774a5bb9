"""Parties outside the organisation: makers, suppliers and customers."""

import uuid
from typing import Any

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


class Manufacturer(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """Who makes instruments."""

    __tablename__ = "equipment_manufacturer"
    __audit_type__ = "manufacturer"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(sa.String(200))


class EquipmentModel(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """A type of instrument, as its maker calls it."""

    __tablename__ = "equipment_model"
    __audit_type__ = "model"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "manufacturer_id", "name"),)

    manufacturer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("equipment_manufacturer.id"))
    name: Mapped[str] = mapped_column(sa.String(200))
    specification: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class Supplier(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """Who sells or calibrates instruments for the organisation."""

    __tablename__ = "equipment_supplier"
    __audit_type__ = "supplier"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(sa.String(200))
    accreditation_number: Mapped[str] = mapped_column(sa.String(100), default="")
    contact: Mapped[str] = mapped_column(sa.String(200), default="")
    email: Mapped[str] = mapped_column(sa.String(254), default="")
    phone: Mapped[str] = mapped_column(sa.String(50), default="")
    address: Mapped[str] = mapped_column(sa.Text, default="")
    notes: Mapped[str] = mapped_column(sa.Text, default="")


class Customer(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """An owner of instruments outside the organisation."""

    __tablename__ = "equipment_customer"
    __audit_type__ = "customer"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "name"),)

    name: Mapped[str] = mapped_column(sa.String(200))
    contact: Mapped[str] = mapped_column(sa.String(200), default="")
    email: Mapped[str] = mapped_column(sa.String(254), default="")
    address: Mapped[str] = mapped_column(sa.Text, default="")


for _model in (Manufacturer, EquipmentModel, Supplier, Customer):
    scoped(_model)
