"""Remember until when the receiver of a webhook asked for time."""

import sqlalchemy as sa
from alembic import op

from calibrify_core.persistence.types import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    with op.batch_alter_table("integration_webhook", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held_until", UTCDateTime(), nullable=True))


def downgrade() -> None:
    """Takes the change back."""
    with op.batch_alter_table("integration_webhook", schema=None) as batch_op:
        batch_op.drop_column("held_until")
