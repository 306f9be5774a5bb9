"""Maintenance tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import calibrify_core.persistence.types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "maintenance_plan",
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=12), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("equipment_id", sa.Uuid(), nullable=True),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("rrule", sa.String(length=300), nullable=True),
        sa.Column("anchor", sa.String(length=10), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("lead_days", sa.Integer(), nullable=False),
        sa.Column("meter_id", sa.Uuid(), nullable=True),
        sa.Column("meter_interval", calibrify_core.persistence.types.ExactDecimal(), nullable=True),
        sa.Column("meter_due_at", calibrify_core.persistence.types.ExactDecimal(), nullable=True),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("assigned_to_id", sa.Uuid(), nullable=True),
        sa.Column("assigned_group_id", sa.Uuid(), nullable=True),
        sa.Column(
            "checklist",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("affects_calibration", sa.Boolean(), nullable=False),
        sa.Column("signature_required", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(equipment_id IS NULL) <> (category_id IS NULL)",
            name=op.f("ck_maintenance_plan_one_target"),
        ),
        sa.ForeignKeyConstraint(
            ["assigned_group_id"],
            ["core_group.id"],
            name=op.f("fk_maintenance_plan_assigned_group_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["assigned_to_id"], ["core_user.id"], name=op.f("fk_maintenance_plan_assigned_to_id")
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["equipment_category.id"], name=op.f("fk_maintenance_plan_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["equipment_id"],
            ["equipment_equipment.id"],
            name=op.f("fk_maintenance_plan_equipment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_maintenance_plan_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_plan")),
    )
    with op.batch_alter_table("maintenance_plan", schema=None) as batch_op:
        batch_op.create_index("ix_maintenance_plan_equipment", ["equipment_id", "id"], unique=False)
        batch_op.create_index(
            "ix_maintenance_plan_title", ["organisation_id", "active", "title", "id"], unique=False
        )

    op.create_table(
        "maintenance_order",
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("equipment_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("cycle", sa.String(length=60), nullable=True),
        sa.Column("type", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("scheduled_date", sa.Date(), nullable=True),
        sa.Column("started_at", calibrify_core.persistence.types.UTCDateTime(), nullable=True),
        sa.Column("completed_at", calibrify_core.persistence.types.UTCDateTime(), nullable=True),
        sa.Column("completed_date", sa.Date(), nullable=True),
        sa.Column("completed_by", sa.String(length=200), nullable=False),
        sa.Column("assigned_to_id", sa.Uuid(), nullable=True),
        sa.Column("assigned_group_id", sa.Uuid(), nullable=True),
        sa.Column(
            "checklist",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "parts",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("work_done", sa.Text(), nullable=False),
        sa.Column("labour_minutes", sa.Integer(), nullable=True),
        sa.Column("cost", calibrify_core.persistence.types.ExactDecimal(), nullable=True),
        sa.Column("downtime_minutes", sa.Integer(), nullable=True),
        sa.Column("failure_code", sa.String(length=60), nullable=False),
        sa.Column("affects_calibration", sa.Boolean(), nullable=False),
        sa.Column("signature_required", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("updated_at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assigned_group_id"],
            ["core_group.id"],
            name=op.f("fk_maintenance_order_assigned_group_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["assigned_to_id"], ["core_user.id"], name=op.f("fk_maintenance_order_assigned_to_id")
        ),
        sa.ForeignKeyConstraint(
            ["equipment_id"],
            ["equipment_equipment.id"],
            name=op.f("fk_maintenance_order_equipment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_maintenance_order_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["maintenance_plan.id"], name=op.f("fk_maintenance_order_plan_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["core_user.id"], name=op.f("fk_maintenance_order_requested_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_order")),
        sa.UniqueConstraint(
            "organisation_id", "number", name=op.f("uq_maintenance_order_organisation_id_number")
        ),
        sa.UniqueConstraint(
            "plan_id",
            "equipment_id",
            "cycle",
            name=op.f("uq_maintenance_order_plan_id_equipment_id_cycle"),
        ),
    )
    with op.batch_alter_table("maintenance_order", schema=None) as batch_op:
        batch_op.create_index(
            "ix_maintenance_order_completed",
            ["organisation_id", "completed_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_maintenance_order_created", ["organisation_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            "ix_maintenance_order_due", ["organisation_id", "status", "due_on", "id"], unique=False
        )
        batch_op.create_index(
            "ix_maintenance_order_equipment",
            ["equipment_id", "organisation_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_maintenance_order_scheduled",
            ["organisation_id", "scheduled_date", "status", "id"],
            unique=False,
        )
        batch_op.create_index(
            "uq_maintenance_order_open",
            ["plan_id", "equipment_id"],
            unique=True,
            postgresql_where=sa.text(
                "status IN ('requested', 'scheduled', 'in_progress', 'on_hold')"
            ),
            sqlite_where=sa.text("status IN ('requested', 'scheduled', 'in_progress', 'on_hold')"),
        )

    op.create_table(
        "maintenance_signature",
        sa.Column("work_order_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("printed_name", sa.String(length=200), nullable=False),
        sa.Column("meaning", sa.String(length=10), nullable=False),
        sa.Column("at", calibrify_core.persistence.types.UTCDateTime(), nullable=False),
        sa.Column("record_hash", sa.String(length=64), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f("fk_maintenance_signature_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_maintenance_signature_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["work_order_id"],
            ["maintenance_order.id"],
            name=op.f("fk_maintenance_signature_work_order_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_signature")),
    )
    with op.batch_alter_table("maintenance_signature", schema=None) as batch_op:
        batch_op.create_index(
            "ix_maintenance_signature_order", ["work_order_id", "at"], unique=False
        )


def downgrade() -> None:
    """Takes the change back."""
    with op.batch_alter_table("maintenance_signature", schema=None) as batch_op:
        batch_op.drop_index("ix_maintenance_signature_order")

    op.drop_table("maintenance_signature")
    with op.batch_alter_table("maintenance_order", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_maintenance_order_open",
            postgresql_where=sa.text(
                "status IN ('requested', 'scheduled', 'in_progress', 'on_hold')"
            ),
            sqlite_where=sa.text("status IN ('requested', 'scheduled', 'in_progress', 'on_hold')"),
        )
        batch_op.drop_index("ix_maintenance_order_scheduled")
        batch_op.drop_index("ix_maintenance_order_equipment")
        batch_op.drop_index("ix_maintenance_order_due")
        batch_op.drop_index("ix_maintenance_order_created")
        batch_op.drop_index("ix_maintenance_order_completed")

    op.drop_table("maintenance_order")
    with op.batch_alter_table("maintenance_plan", schema=None) as batch_op:
        batch_op.drop_index("ix_maintenance_plan_title")
        batch_op.drop_index("ix_maintenance_plan_equipment")

    op.drop_table("maintenance_plan")
