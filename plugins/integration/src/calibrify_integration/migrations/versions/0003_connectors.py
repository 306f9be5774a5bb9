"""Connectors, their runs, and the content that they imported."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from calibrify_core.persistence.types import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
CONNECTOR = "integration_connector"
RUN = "integration_connector_run"
FILE = "integration_connector_file"
COUNTS = ("files", "known", "created", "updated", "unchanged", "failed")


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        CONNECTOR,
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("importer", sa.String(length=100), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("mapping", JSON, nullable=True),
        sa.Column("options", JSON, nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("every_minutes", sa.Integer(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("cursor", JSON, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failure", sa.String(length=500), nullable=False),
        sa.Column("next_run_at", UTCDateTime(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisation.id"],
            name=op.f(f"fk_{CONNECTOR}_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["core_user.id"], name=op.f(f"fk_{CONNECTOR}_owner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{CONNECTOR}")),
    )
    op.create_index(op.f(f"ix_{CONNECTOR}_next_run_at"), CONNECTOR, ["next_run_at"])
    op.create_table(
        RUN,
        sa.Column("connector_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.Column("log", JSON, nullable=False),
        sa.Column("errors", JSON, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector_id"], [f"{CONNECTOR}.id"], name=op.f(f"fk_{RUN}_connector_id")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["core_job.id"], name=op.f(f"fk_{RUN}_job_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["core_organisation.id"], name=op.f(f"fk_{RUN}_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{RUN}")),
        sa.UniqueConstraint("job_id", name=op.f(f"uq_{RUN}_job_id")),
    )
    op.create_index(f"ix_{RUN}_connector", RUN, ["connector_id", "id"])
    op.create_table(
        FILE,
        sa.Column("connector_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("imported_at", UTCDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector_id"], [f"{CONNECTOR}.id"], name=op.f(f"fk_{FILE}_connector_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["core_organisation.id"], name=op.f(f"fk_{FILE}_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{FILE}")),
        sa.UniqueConstraint("connector_id", "digest", name=op.f(f"uq_{FILE}_connector_id_digest")),
    )


def downgrade() -> None:
    """Takes the change back."""
    for table in (FILE, RUN, CONNECTOR):
        op.drop_table(table)
