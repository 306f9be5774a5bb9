"""How rows of this plugin are reached: through the instrument that they belong to."""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, object_session

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


TAGS = "calibrify_calibration.tags"


def with_tag(text: str, record: Any) -> str:
    """Returns the label of a record in the audit trail: with the tag, by which it is looked for.

    The tag is looked up once in a session, unless whoever has the instrument at hand tells it.

    Args:
        text: how the record itself is called.
        record: has an ``equipment_id``.
    """
    session = object_session(record)
    if session is None:
        return text
    tags = session.info.setdefault(TAGS, {})
    if record.equipment_id not in tags:
        wanted = sa.select(INSTRUMENTS.c.asset_tag).where(INSTRUMENTS.c.id == record.equipment_id)
        tags[record.equipment_id] = session.connection().execute(wanted).scalar_one_or_none()
    tag = tags[record.equipment_id]
    return f"{text} · {tag}" if tag else text


def tell_tag(session: Session, equipment_id: uuid.UUID, tag: str) -> None:
    """Tells the labels of a session the tag of an instrument that is at hand."""
    session.info.setdefault(TAGS, {})[equipment_id] = tag


def forget_tag(session: Session, equipment_id: uuid.UUID) -> None:
    """Lets the labels of a session look the tag of an instrument up again: it changed."""
    session.info.get(TAGS, {}).pop(equipment_id, None)
