"""Remember work that may have changed how an instrument measures."""

import sqlalchemy as sa
from alembic import op

import calibrify_core.persistence.types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    with op.batch_alter_table("calibration_state", schema=None) as batch_op:
        for name in ("affected_from", "affected_at"):
            moment = calibrify_core.persistence.types.UTCDateTime()
            batch_op.add_column(sa.Column(name, moment, nullable=True))
        for name in ("affected_by", "recalibrate_after"):
            batch_op.add_column(sa.Column(name, sa.String(length=200), nullable=True))


def downgrade() -> None:
    """Takes the change back."""
    with op.batch_alter_table("calibration_state", schema=None) as batch_op:
        for name in ("recalibrate_after", "affected_by", "affected_at", "affected_from"):
            batch_op.drop_column(name)
