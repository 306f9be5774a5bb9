"""Read the calibrations of one instrument in order, whatever the planner knows."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAME = "ix_calibration_record_equipment"
TABLE = "calibration_record"


def upgrade() -> None:
    """Applies the change."""
    op.drop_index(NAME, table_name=TABLE)
    op.create_index(NAME, TABLE, ["equipment_id", "organisation_id", "performed_at", "id"])


def downgrade() -> None:
    """Takes the change back."""
    op.drop_index(NAME, table_name=TABLE)
    op.create_index(NAME, TABLE, ["equipment_id", "performed_at", "id"])
