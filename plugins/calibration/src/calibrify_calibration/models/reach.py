"""How rows of this plugin are reached: through the instrument that they belong to."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import object_session

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


def with_tag(text: str, record: Any) -> str:
    """Returns the label of a record in the audit trail: with the tag, by which it is looked for.

    Args:
        text: how the record itself is called.
        record: has an ``equipment_id``.
    """
    session = object_session(record)
    if session is None:
        return text
    statement = sa.select(INSTRUMENTS.c.asset_tag).where(INSTRUMENTS.c.id == record.equipment_id)
    tag = session.connection().execute(statement).scalar_one_or_none()
    return f"{text} · {tag}" if tag else text
