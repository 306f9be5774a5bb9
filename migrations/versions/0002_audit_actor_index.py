"""Read what one person did in order, without reading what all others did."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAME = "ix_core_audit_entry_actor"
TABLE = "core_audit_entry"


def upgrade() -> None:
    """Applies the change."""
    op.create_index(NAME, TABLE, ["organisation_id", "actor_id", "id"])


def downgrade() -> None:
    """Takes the change back."""
    op.drop_index(NAME, table_name=TABLE)
