"""Core tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import calibrify_core.persistence.types
from calibrify_core.audit.entry import insert_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "core_audit_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object_type", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.String(length=300), nullable=False),
        sa.Column(
            "changes",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_audit_entry")),
    )
    with op.batch_alter_table("core_audit_entry", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_audit_entry_object", ["object_type", "object_id", "id"], unique=False
        )
        batch_op.create_index(
            "ix_core_audit_entry_organisation", ["organisation_id", "id"], unique=False
        )

    op.create_table(
        "core_audit_seal",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("entry_digest", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_core_audit_seal")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_core_audit_seal_entry_id")),
    )
    op.create_table(
        "core_organisation",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column(
            "policies",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_organisation")),
        sa.UniqueConstraint("name", name=op.f("uq_core_organisation_name")),
    )
    op.create_table(
        "core_schedule_slot",
        sa.Column("task", sa.String(length=100), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("task", "slot", name=op.f("pk_core_schedule_slot")),
    )
    op.create_table(
        "core_throttle",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("blocked_until", calibrify_core.persistence.types.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_core_throttle")),
    )
    with op.batch_alter_table("core_throttle", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_throttle_last_at"), ["last_at"], unique=False)

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
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["core_organisation.id"], name=op.f("fk_core_file_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_file")),
    )
    with op.batch_alter_table("core_file", schema=None) as batch_op:
        batch_op.create_index("ix_core_file_object", ["object_type", "object_id"], unique=False)

    op.create_table(
        "core_group",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_core_group_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_group")),
        sa.UniqueConstraint(
            "organisation_id", "name", name=op.f("uq_core_group_organisation_id_name")
        ),
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
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_core_idempotency_key_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "principal",
            "method",
            "path",
            "key",
            name=op.f("pk_core_idempotency_key"),
        ),
    )
    with op.batch_alter_table("core_idempotency_key", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_idempotency_key_created_at"), ["created_at"], unique=False
        )

    op.create_table(
        "core_job",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.Column(
            "result",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "errors",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "checkpoint",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "payload",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("started_at", calibrify_core.persistence.types.UTCDateTime(), nullable=True),
        sa.Column("finished_at", calibrify_core.persistence.types.UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["core_organisation.id"], name=op.f("fk_core_job_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_job")),
    )
    with op.batch_alter_table("core_job", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_job_user", ["organisation_id", "user_id", "id"], unique=False
        )

    op.create_table(
        "core_number_counter",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=4), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_core_number_counter_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "series", "period", name=op.f("pk_core_number_counter")
        ),
    )
    op.create_table(
        "core_rights_stamp",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_core_rights_stamp_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_core_rights_stamp")),
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
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["core_organisation.id"], name=op.f("fk_core_role_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_role")),
        sa.UniqueConstraint(
            "organisation_id", "name", name=op.f("uq_core_role_organisation_id_name")
        ),
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
        sa.Column(
            "password_changed_at", calibrify_core.persistence.types.UTCDateTime(), nullable=True
        ),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'service')", name=op.f("ck_core_user_kind")),
        sa.CheckConstraint("state IN ('active', 'disabled')", name=op.f("ck_core_user_state")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["core_organisation.id"], name=op.f("fk_core_user_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_user")),
        sa.UniqueConstraint("email_key", name=op.f("uq_core_user_email_key")),
        sa.UniqueConstraint("username_key", name=op.f("uq_core_user_username_key")),
    )
    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_user_listed", ["organisation_id", "username_key", "id"], unique=False
        )

    op.create_table(
        "core_api_token",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("expires_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", calibrify_core.persistence.types.UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_core_api_token_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core_user.id"],
            name=op.f("fk_core_api_token_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_api_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_core_api_token_digest")),
    )
    with op.batch_alter_table("core_api_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_api_token_user_id"), ["user_id"], unique=False)

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
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "(scope_type = 'organisation') = (scope_id IS NULL)", name=op.f("ck_core_grant_scope")
        ),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (group_id IS NULL)", name=op.f("ck_core_grant_holder")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["core_group.id"], name=op.f("fk_core_grant_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_core_grant_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["role_id"], ["core_role.id"], name=op.f("fk_core_grant_role_id")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_grant_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_grant")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_core_grant_fingerprint")),
    )
    with op.batch_alter_table("core_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_grant_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_grant_role_id"), ["role_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_grant_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_membership",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["core_group.id"],
            name=op.f("fk_core_membership_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core_user.id"],
            name=op.f("fk_core_membership_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "group_id", name=op.f("pk_core_membership")),
    )
    with op.batch_alter_table("core_membership", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_membership_group_id"), ["group_id"], unique=False)

    op.create_table(
        "core_outbox",
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("task", sa.String(length=100), nullable=False),
        sa.Column(
            "payload",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("not_before", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("lease_until", calibrify_core.persistence.types.UTCDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("done_at", calibrify_core.persistence.types.UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["core_job.id"], name=op.f("fk_core_outbox_job_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_core_outbox_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_outbox")),
    )
    with op.batch_alter_table("core_outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_outbox_open",
            ["not_before"],
            unique=False,
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "core_refresh_family",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("expires_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core_user.id"],
            name=op.f("fk_core_refresh_family_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_refresh_family")),
    )
    with op.batch_alter_table("core_refresh_family", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_refresh_family_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_core_refresh_family_user_id"), ["user_id"], unique=False
        )

    op.create_table(
        "core_session",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("last_seen_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("expires_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_session")),
        sa.UniqueConstraint("digest", name=op.f("uq_core_session_digest")),
    )
    with op.batch_alter_table("core_session", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_session_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_core_session_user_id"), ["user_id"], unique=False)

    for table in ("core_audit_entry", "core_audit_seal"):
        for statement in insert_only(op.get_bind().dialect.name, table):
            op.execute(statement)


def downgrade() -> None:
    """Takes the change back."""
    with op.batch_alter_table("core_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_session_user_id"))
        batch_op.drop_index(batch_op.f("ix_core_session_expires_at"))

    op.drop_table("core_session")
    with op.batch_alter_table("core_refresh_family", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_refresh_family_user_id"))
        batch_op.drop_index(batch_op.f("ix_core_refresh_family_expires_at"))

    op.drop_table("core_refresh_family")
    with op.batch_alter_table("core_outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_core_outbox_open",
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )

    op.drop_table("core_outbox")
    with op.batch_alter_table("core_membership", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_membership_group_id"))

    op.drop_table("core_membership")
    with op.batch_alter_table("core_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_grant_user_id"))
        batch_op.drop_index(batch_op.f("ix_core_grant_role_id"))
        batch_op.drop_index(batch_op.f("ix_core_grant_group_id"))

    op.drop_table("core_grant")
    with op.batch_alter_table("core_api_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_api_token_user_id"))

    op.drop_table("core_api_token")
    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.drop_index("ix_core_user_listed")

    op.drop_table("core_user")
    op.drop_table("core_role")
    op.drop_table("core_rights_stamp")
    op.drop_table("core_number_counter")
    with op.batch_alter_table("core_job", schema=None) as batch_op:
        batch_op.drop_index("ix_core_job_user")

    op.drop_table("core_job")
    with op.batch_alter_table("core_idempotency_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_idempotency_key_created_at"))

    op.drop_table("core_idempotency_key")
    op.drop_table("core_group")
    with op.batch_alter_table("core_file", schema=None) as batch_op:
        batch_op.drop_index("ix_core_file_object")

    op.drop_table("core_file")
    with op.batch_alter_table("core_throttle", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_throttle_last_at"))

    op.drop_table("core_throttle")
    op.drop_table("core_schedule_slot")
    op.drop_table("core_organisation")
    op.drop_table("core_audit_seal")
    with op.batch_alter_table("core_audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_core_audit_entry_organisation")
        batch_op.drop_index("ix_core_audit_entry_object")

    op.drop_table("core_audit_entry")
