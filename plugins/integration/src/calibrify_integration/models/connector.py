"""Connectors: where data comes from, what becomes of it, and how each run went."""

import uuid
from datetime import datetime
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


class Connector(Audited, Identified, OrganisationOwned, Timestamped, Versioned, Base):
    """Brings files of one kind from one place; runs with the present rights of its owner.

    Columns below ``enabled`` follow from the runs, which write them past the version.
    """

    __tablename__ = "integration_connector"
    __audit_type__ = "connector"
    __audit_skip__ = frozenset({"secret", "cursor", "failures", "last_failure", "next_run_at"})

    owner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("core_user.id"))
    name: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[str] = mapped_column(sa.String(100))
    importer: Mapped[str] = mapped_column(sa.String(100))
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    mapping: Mapped[dict[str, str | None] | None] = mapped_column(Json)
    options: Mapped[dict[str, Any]] = mapped_column(Json)
    secret: Mapped[str | None] = mapped_column(sa.Text)
    every_minutes: Mapped[int | None] = mapped_column(sa.Integer)
    enabled: Mapped[bool] = mapped_column(default=True)

    cursor: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    failures: Mapped[int] = mapped_column(sa.Integer, default=0)
    last_failure: Mapped[str] = mapped_column(sa.String(500), default="")
    next_run_at: Mapped[datetime | None] = mapped_column(index=True)


class ConnectorRun(Identified, OrganisationOwned, Base):
    """One run of a connector; its state is that of its job."""

    __tablename__ = "integration_connector_run"
    __table_args__ = (sa.Index("ix_integration_connector_run_connector", "connector_id", "id"),)

    connector_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("integration_connector.id"))
    job_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("core_job.id"), unique=True)
    files: Mapped[int] = mapped_column(sa.Integer, default=0)
    known: Mapped[int] = mapped_column(sa.Integer, default=0)
    created: Mapped[int] = mapped_column(sa.Integer, default=0)
    updated: Mapped[int] = mapped_column(sa.Integer, default=0)
    unchanged: Mapped[int] = mapped_column(sa.Integer, default=0)
    failed: Mapped[int] = mapped_column(sa.Integer, default=0)
    log: Mapped[list[Any]] = mapped_column(Json, default=list)
    errors: Mapped[list[Any]] = mapped_column(Json, default=list)


class ConnectorFile(Identified, OrganisationOwned, Base):
    """Content that a connector imported, by its digest: it is not imported again."""

    __tablename__ = "integration_connector_file"
    __table_args__ = (sa.UniqueConstraint("connector_id", "digest"),)

    connector_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("integration_connector.id"))
    digest: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(sa.String(300))
    imported_at: Mapped[datetime]


# Whose connectors are seen is settled in `services.connectors`: one's own, or all for who may see
# them in the whole organisation.
scoped(Connector)
scoped(ConnectorRun)
scoped(ConnectorFile)
