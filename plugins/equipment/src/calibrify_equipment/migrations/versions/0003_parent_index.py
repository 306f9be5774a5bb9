"""Find the parts of an instrument: without it, each deletion reads all instruments."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME = "ix_equipment_equipment_parent"
TABLE = "equipment_equipment"
PARTS = sa.text("parent_id IS NOT NULL")


def upgrade() -> None:
    """Applies the change."""
    op.create_index(NAME, TABLE, ["parent_id"], postgresql_where=PARTS, sqlite_where=PARTS)


def downgrade() -> None:
    """Takes the change back."""
    op.drop_index(NAME, table_name=TABLE)
