"""The tally of instruments: how many there are in each state, without counting them.

Triggers of the database add a row for every change; a schedule folds the rows together. So a
dashboard adds up a few rows where it would otherwise read the whole register, and writers never
wait for each other.
"""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from calibrify_core.persistence.base import Base
from calibrify_core.persistence.scoping import scoped
from calibrify_equipment.models.equipment import Equipment


class Tally(Base):
    """By how much the number of instruments in one state changed, or, folded, what it is."""

    __tablename__ = "equipment_tally"
    __table_args__ = (sa.Index("ix_equipment_tally_organisation", "organisation_id", "status"),)

    id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True
    )
    organisation_id: Mapped[uuid.UUID]
    status: Mapped[str] = mapped_column(sa.String(20))
    number: Mapped[int] = mapped_column(sa.BigInteger)


# It says something about the whole organisation, so only who may see all of it may read it.
scoped(Tally, lambda _scope: sa.false())

_SQLITE = """
CREATE TRIGGER equipment_tally_{verb} AFTER {event} ON equipment_equipment {when}BEGIN
{body}END
"""
_ADD = "INSERT INTO equipment_tally (organisation_id, status, number) VALUES ({row}, {sign}1);\n"
_POSTGRESQL = """
CREATE OR REPLACE FUNCTION equipment_count() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO equipment_tally (organisation_id, status, number)
      SELECT organisation_id, status, count(*) FROM after_rows GROUP BY 1, 2;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO equipment_tally (organisation_id, status, number)
      SELECT organisation_id, status, -count(*) FROM before_rows GROUP BY 1, 2;
  ELSE
    INSERT INTO equipment_tally (organisation_id, status, number)
      SELECT organisation_id, status, sum(change) FROM (
        SELECT organisation_id, status, 1 AS change FROM after_rows
        UNION ALL SELECT organisation_id, status, -1 FROM before_rows
      ) AS moved GROUP BY 1, 2 HAVING sum(change) <> 0;
  END IF;
  RETURN NULL;
END $body$
"""


def counting(dialect: str) -> list[str]:
    """Returns the statements that make the database keep the tally, for migrations and tests.

    Args:
        dialect: ``postgresql`` or ``sqlite``.
    """
    if dialect == "sqlite":
        new, old = "NEW.organisation_id, NEW.status", "OLD.organisation_id, OLD.status"
        add, take = _ADD.format(row=new, sign=""), _ADD.format(row=old, sign="-")
        moved = "WHEN OLD.status <> NEW.status "
        return [
            _SQLITE.format(verb="insert", event="INSERT", when="", body=add),
            _SQLITE.format(verb="delete", event="DELETE", when="", body=take),
            _SQLITE.format(verb="update", event="UPDATE", when=moved, body=add + take),
        ]
    rows = {
        "INSERT": "NEW TABLE AS after_rows",
        "DELETE": "OLD TABLE AS before_rows",
        "UPDATE": "NEW TABLE AS after_rows OLD TABLE AS before_rows",
    }
    return [
        _POSTGRESQL,
        *(
            f"CREATE TRIGGER equipment_tally_{event.lower()} AFTER {event} ON equipment_equipment "
            f"REFERENCING {names} FOR EACH STATEMENT EXECUTE FUNCTION equipment_count()"
            for event, names in rows.items()
        ),
    ]


def _keep(table: sa.Table, dialect: str, statement: str) -> None:
    """Lets a database that is made without migrations keep the tally too."""
    make: Any = sa.DDL
    sa.event.listen(
        table, "after_create", make(statement.replace("%", "%%")).execute_if(dialect=dialect)
    )


for _dialect in ("sqlite", "postgresql"):
    for _statement in counting(_dialect):
        _keep(Base.metadata.tables[Equipment.__tablename__], _dialect, _statement)
