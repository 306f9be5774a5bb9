"""Parts, movements of their stock, meters and readings."""

import sqlalchemy as sa
from alembic import op

from calibrify_core.persistence.types import ExactDecimal, UTCDateTime
from calibrify_maintenance.models.append_only import FUNCTION, append_only

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOVEMENT = "maintenance_part_movement"
READING = "maintenance_meter_reading"


def owned(table: str) -> list[sa.schema.SchemaItem]:
    """Returns the columns and keys that every table here has."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["core_organisation.id"], name=f"fk_{table}_organisation_id"
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    ]


def changing() -> list[sa.schema.SchemaItem]:
    """Returns the columns of what changes in the course of time."""
    return [
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("updated_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    ]


def refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    """Returns a foreign key."""
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}")


def text(name: str, length: int | None = None) -> sa.Column:
    """Returns a column of text that is always there."""
    return sa.Column(name, sa.String(length) if length else sa.Text(), nullable=False)


def count(name: str) -> sa.Column:
    """Returns a column of thousandths."""
    return sa.Column(name, sa.BigInteger(), nullable=False)


def parts() -> None:
    """Makes the tables of parts."""
    table = "maintenance_part"
    op.create_table(
        table,
        text("number", 60),
        text("name", 200),
        text("unit", 20),
        count("stock"),
        count("minimum"),
        sa.Column("price", ExactDecimal(), nullable=True),
        text("location", 200),
        text("notes"),
        sa.Column("active", sa.Boolean(), nullable=False),
        *owned(table),
        *changing(),
        sa.CheckConstraint("stock >= 0", name=op.f(f"ck_{table}_stock")),
        sa.UniqueConstraint("organisation_id", "number", name=f"uq_{table}_organisation_id_number"),
    )
    op.create_index(f"ix_{table}_short", table, ["organisation_id", "active", "minimum", "stock"])
    op.create_table(
        MOVEMENT,
        sa.Column("part_id", sa.Uuid(), nullable=False),
        text("kind", 10),
        count("change"),
        count("stock_after"),
        sa.Column("unit_price", ExactDecimal(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        text("reason"),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("moved_by_id", sa.Uuid(), nullable=True),
        text("moved_by", 200),
        refers(MOVEMENT, "part_id", table),
        refers(MOVEMENT, "order_id", "maintenance_order"),
        refers(MOVEMENT, "moved_by_id", "core_user"),
        *owned(MOVEMENT),
    )
    op.create_index(f"ix_{MOVEMENT}_part", MOVEMENT, ["part_id", "id"])
    op.create_index(f"ix_{MOVEMENT}_order", MOVEMENT, ["order_id", "part_id"])


def meters() -> None:
    """Makes the tables of meters."""
    table = "maintenance_meter"
    op.create_table(
        table,
        sa.Column("equipment_id", sa.Uuid(), nullable=False),
        text("name", 100),
        text("unit", 20),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("latest_value", ExactDecimal(), nullable=True),
        sa.Column("latest_total", ExactDecimal(), nullable=True),
        sa.Column("latest_at", UTCDateTime(), nullable=True),
        refers(table, "equipment_id", "equipment_equipment"),
        *owned(table),
        *changing(),
        sa.UniqueConstraint("equipment_id", "name", name=f"uq_{table}_equipment_id_name"),
    )
    op.create_table(
        READING,
        sa.Column("meter_id", sa.Uuid(), nullable=False),
        sa.Column("equipment_id", sa.Uuid(), nullable=False),
        sa.Column("read_at", UTCDateTime(), nullable=False),
        sa.Column("value", ExactDecimal(), nullable=False),
        sa.Column("total", ExactDecimal(), nullable=False),
        sa.Column("is_reset", sa.Boolean(), nullable=False),
        text("reason"),
        sa.Column("entered_by_id", sa.Uuid(), nullable=True),
        text("entered_by", 200),
        refers(READING, "meter_id", table),
        refers(READING, "equipment_id", "equipment_equipment"),
        refers(READING, "entered_by_id", "core_user"),
        *owned(READING),
    )
    op.create_index(f"ix_{READING}_meter", READING, ["meter_id", "read_at", "id"])


def upgrade() -> None:
    """Applies the change."""
    parts()
    meters()
    dialect = op.get_bind().dialect.name
    for table in (MOVEMENT, READING):
        for statement in append_only(dialect, table):
            op.execute(statement)


def downgrade() -> None:
    """Takes the change back."""
    for table in (READING, "maintenance_meter", MOVEMENT, "maintenance_part"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {FUNCTION}()")
