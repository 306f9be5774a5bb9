"""The tables of the audit trail: entries and the seals that chain them."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.base import Base
from calibrify_core.persistence.types import Json


class AuditEntry(Base):
    """One change: who, when, what, old and new, why. Rows are only ever inserted."""

    __tablename__ = "core_audit_entry"
    __table_args__ = (
        sa.Index("ix_core_audit_entry_organisation", "organisation_id", "id"),
        sa.Index("ix_core_audit_entry_object", "object_type", "object_id", "id"),
        sa.Index("ix_core_audit_entry_actor", "organisation_id", "actor_id", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[uuid.UUID | None]
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(sa.String(16))
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(sa.String(200))
    action: Mapped[str] = mapped_column(sa.String(64))
    object_type: Mapped[str] = mapped_column(sa.String(64))
    object_id: Mapped[uuid.UUID | None]
    label: Mapped[str] = mapped_column(sa.String(300))
    changes: Mapped[dict[str, Any]] = mapped_column(Json)
    reason: Mapped[str | None] = mapped_column(sa.Text)
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
    digest: Mapped[str] = mapped_column(sa.String(64))


class AuditSeal(Base):
    """One link of the chain over the entries, in the order in which commits became visible."""

    __tablename__ = "core_audit_seal"

    position: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    entry_digest: Mapped[str] = mapped_column(sa.String(64))
    previous: Mapped[str] = mapped_column(sa.String(64))
    digest: Mapped[str] = mapped_column(sa.String(64))


def _protect(table: sa.Table, connection: sa.Connection, **_: Any) -> None:
    """Makes the database itself refuse to change or delete rows of a new table."""
    for statement in insert_only(connection.dialect.name, table.name):
        connection.exec_driver_sql(statement)


def insert_only(dialect: str, table: str) -> list[str]:
    """Returns the statements that make a table insert-only, for migrations and tests."""
    message = "the audit trail is insert-only"
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for verb in ("update", "delete")
        ]
    function = (
        "CREATE OR REPLACE FUNCTION core_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$body$ BEGIN RAISE EXCEPTION '{message}'; END $body$"
    )
    trigger = (
        f"CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION core_audit_refuse()"
    )
    return [function, trigger]


for _table in (AuditEntry.__table__, AuditSeal.__table__):
    assert isinstance(_table, sa.Table)  # noqa: S101 - narrows the type
    sa.event.listen(_table, "after_create", _protect)
