"""Let the search index of PostgreSQL collect a few hundred new instruments before it files them."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEX = "ix_equipment_equipment_search_trgm"


def upgrade() -> None:
    """Applies the change; where there is no such index, nothing is to be done."""
    _change("SET (fastupdate = on, gin_pending_list_limit = 256)")


def downgrade() -> None:
    """Takes the change back."""
    _change("SET (fastupdate = off)")
    _change("RESET (gin_pending_list_limit)")


def _change(what: str) -> None:
    """Changes the index, if the database has it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER INDEX IF EXISTS {INDEX} {what}")
