"""How rows of this plugin are reached: through the instrument that they belong to."""

import sqlalchemy as sa

# The tables of equipment, by name: another plugin's classes are not imported.
INSTRUMENTS = sa.table(
    "equipment_equipment",
    sa.column("id", sa.Uuid()),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("status", sa.String()),
    sa.column("category_id", sa.Uuid()),
    sa.column("asset_tag", sa.String()),
    sa.column("name", sa.String()),
    sa.column("custodian_id", sa.Uuid()),
)
CATEGORIES = sa.table(
    "equipment_category",
    sa.column("id", sa.Uuid()),
    sa.column("name", sa.String()),
    sa.column("due_soon_days", sa.Integer()),
)
