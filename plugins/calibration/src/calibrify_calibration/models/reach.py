"""How rows of this plugin are reached: through the instrument that they belong to."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from calibrify_core.persistence.scoping import Scope
from calibrify_equipment.public import through_equipment

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


def through_instrument(column: Any) -> Callable[[Scope], sa.ColumnElement[bool]]:
    """Returns the scope rule of a class whose column names an instrument.

    Args:
        column: holds the instrument's id.
    """
    return through_equipment(column)
