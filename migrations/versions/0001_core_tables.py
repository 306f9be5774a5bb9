"""Core tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from calibrify_core.audit.entry import insert_only
from calibrify_core.persistence.types import UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "session refresh_family outbox membership grant api_token user role rights_stamp "
    "number_counter job idempotency_key group file throttle schedule_slot organisation "
    "audit_seal audit_entry"
)
ORGANISATION = ["core_organisation.id"]
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "core_audit_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object_type", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.String(length=300), nullable=False),
        sa.Column("changes", JSON, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_audit_entry"),
    )
    op.create_index(
        "ix_core_audit_entry_object", "core_audit_entry", ["object_type", "object_id", "id"]
    )
    op.create_index(
        "ix_core_audit_entry_organisation", "core_audit_entry", ["organisation_id", "id"]
    )
    op.create_table(
        "core_audit_seal",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("entry_digest", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_core_audit_seal"),
        sa.UniqueConstraint("entry_id", name="uq_core_audit_seal_entry_id"),
    )
    op.create_table(
        "core_organisation",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("policies", JSON, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_organisation"),
        sa.UniqueConstraint("name", name="uq_core_organisation_name"),
    )
    op.create_table(
        "core_schedule_slot",
        sa.Column("task", sa.String(length=100), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("task", "slot", name="pk_core_schedule_slot"),
    )
    op.create_table(
        "core_throttle",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("blocked_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_core_throttle"),
    )
    op.create_index("ix_core_throttle_last_at", "core_throttle", ["last_at"])

    op.create_table(
        "core_file",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("object_type", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ORGANISATION, name="fk_core_file_organisation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_file"),
    )
    op.create_index("ix_core_file_object", "core_file", ["object_type", "object_id"])

    op.create_table(
        "core_group",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ORGANISATION, name="fk_core_group_organisation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_group"),
        sa.UniqueConstraint("organisation_id", "name", name="uq_core_group_organisation_id_name"),
    )
    op.create_table(
        "core_idempotency_key",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("principal", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ORGANISATION,
            name="fk_core_idempotency_key_organisation_id",
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "principal",
            "method",
            "path",
            "key",
            name="pk_core_idempotency_key",
        ),
    )
    op.create_index("ix_core_idempotency_key_created_at", "core_idempotency_key", ["created_at"])
    op.create_table(
        "core_job",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.Column("result", JSON, nullable=True),
        sa.Column("errors", JSON, nullable=False),
        sa.Column("checkpoint", JSON, nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=True),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ORGANISATION, name="fk_core_job_organisation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_job"),
    )
    op.create_index("ix_core_job_user", "core_job", ["organisation_id", "user_id", "id"])
    op.create_table(
        "core_number_counter",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=4), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ORGANISATION,
            name="fk_core_number_counter_organisation_id",
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "series", "period", name="pk_core_number_counter"
        ),
    )
    op.create_table(
        "core_rights_stamp",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ORGANISATION,
            name="fk_core_rights_stamp_organisation_id",
        ),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_core_rights_stamp"),
    )
    op.create_table(
        "core_role",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("built_in", sa.Boolean(), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("seeded", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ORGANISATION, name="fk_core_role_organisation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_role"),
        sa.UniqueConstraint("organisation_id", "name", name="uq_core_role_organisation_id_name"),
    )
    op.create_table(
        "core_user",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("username", sa.String(length=150), nullable=False),
        sa.Column("username_key", sa.String(length=300), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.String(length=508), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=True),
        sa.Column("password_changed_at", UTCDateTime(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'service')", name="ck_core_user_kind"),
        sa.CheckConstraint("state IN ('active', 'disabled')", name="ck_core_user_state"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ORGANISATION, name="fk_core_user_organisation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_user"),
        sa.UniqueConstraint("email_key", name="uq_core_user_email_key"),
        sa.UniqueConstraint("username_key", name="uq_core_user_username_key"),
    )
    op.create_index("ix_core_user_listed", "core_user", ["organisation_id", "username_key", "id"])
    op.create_table(
        "core_api_token",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ORGANISATION, name="fk_core_api_token_organisation_id"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name="fk_core_api_token_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_api_token"),
        sa.UniqueConstraint("digest", name="uq_core_api_token_digest"),
    )
    op.create_index("ix_core_api_token_user_id", "core_api_token", ["user_id"])

    op.create_table(
        "core_grant",
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("scope_type", sa.String(length=64), nullable=False),
        sa.Column("scope_id", sa.Uuid(), nullable=True),
        sa.Column("fingerprint", sa.String(length=200), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "(scope_type = 'organisation') = (scope_id IS NULL)", name="ck_core_grant_scope"
        ),
        sa.CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="ck_core_grant_holder"),
        sa.ForeignKeyConstraint(
            ["group_id"], ["core_group.id"], name="fk_core_grant_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ORGANISATION, name="fk_core_grant_organisation_id"
        ),
        sa.ForeignKeyConstraint(["role_id"], ["core_role.id"], name="fk_core_grant_role_id"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name="fk_core_grant_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_grant"),
        sa.UniqueConstraint("fingerprint", name="uq_core_grant_fingerprint"),
    )
    op.create_index("ix_core_grant_group_id", "core_grant", ["group_id"])
    op.create_index("ix_core_grant_role_id", "core_grant", ["role_id"])
    op.create_index("ix_core_grant_user_id", "core_grant", ["user_id"])

    op.create_table(
        "core_membership",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["core_group.id"], name="fk_core_membership_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name="fk_core_membership_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "group_id", name="pk_core_membership"),
    )
    op.create_index("ix_core_membership_group_id", "core_membership", ["group_id"])

    op.create_table(
        "core_outbox",
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("task", sa.String(length=100), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("not_before", UTCDateTime(), nullable=False),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["core_job.id"], name="fk_core_outbox_job_id"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ORGANISATION, name="fk_core_outbox_organisation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_outbox"),
    )
    op.create_index(
        "ix_core_outbox_open",
        "core_outbox",
        ["not_before"],
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "core_refresh_family",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name="fk_core_refresh_family_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_refresh_family"),
    )
    op.create_index("ix_core_refresh_family_expires_at", "core_refresh_family", ["expires_at"])
    op.create_index("ix_core_refresh_family_user_id", "core_refresh_family", ["user_id"])
    op.create_table(
        "core_session",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name="fk_core_session_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_session"),
        sa.UniqueConstraint("digest", name="uq_core_session_digest"),
    )
    op.create_index("ix_core_session_expires_at", "core_session", ["expires_at"])
    op.create_index("ix_core_session_user_id", "core_session", ["user_id"])

    for table in ("core_audit_entry", "core_audit_seal"):
        for statement in insert_only(op.get_bind().dialect.name, table):
            op.execute(statement)


def downgrade() -> None:
    """Takes the change back; indexes and triggers go with their tables."""
    for name in TABLES.split():
        op.drop_table(f"core_{name}")
