"""Tally of instruments by state."""

import sqlalchemy as sa
from alembic import op

from calibrify_equipment.models.tally import counting

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "equipment_tally",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment_tally")),
    )
    with op.batch_alter_table("equipment_tally", schema=None) as batch_op:
        batch_op.create_index(
            "ix_equipment_tally_organisation", ["organisation_id", "status"], unique=False
        )
    op.execute(
        "INSERT INTO equipment_tally (organisation_id, status, number) "
        "SELECT organisation_id, status, count(*) FROM equipment_equipment "
        "GROUP BY organisation_id, status"
    )
    for statement in counting(op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Takes the change back."""
    for event in ("insert", "delete", "update"):
        where = " ON equipment_equipment" if op.get_bind().dialect.name == "postgresql" else ""
        op.execute(f"DROP TRIGGER equipment_tally_{event}{where}")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION equipment_count()")
    op.drop_table("equipment_tally")
