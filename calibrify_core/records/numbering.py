"""Human numbers: drawn from a locked counter, so that no two are the same."""

import re
import uuid
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from calibrify_core.persistence.base import Base

_HASHES = re.compile(r"\{(#+)\}")


class NumberCounter(Base):
    """The last number drawn of one series, in one organisation and year."""

    __tablename__ = "core_number_counter"

    organisation_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("core_organisation.id"), primary_key=True
    )
    series: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    period: Mapped[str] = mapped_column(sa.String(4), primary_key=True)
    value: Mapped[int] = mapped_column(sa.BigInteger)


def draw(session: Session, organisation_id: uuid.UUID, series: str, mask: str, on: date) -> str:
    """Draws the next number; the counter stays locked until the transaction ends.

    Args:
        session: a writing session.
        organisation_id: whose series.
        series: name of the series.
        mask: ``{YYYY}`` is the year, ``{#####}`` the counter, zero-padded; with a year in the
            mask the counter starts again each year.
        on: the date whose year counts.
    """
    period = f"{on.year:04d}" if "{YYYY}" in mask else ""
    value = _raise_counter(session, organisation_id, series, period)
    text = mask.replace("{YYYY}", f"{on.year:04d}")
    return _HASHES.sub(lambda match: str(value).zfill(len(match[1])), text)


def _raise_counter(session: Session, organisation_id: uuid.UUID, series: str, period: str) -> int:
    """Adds one to a counter in one statement and returns it."""
    table: Any = NumberCounter.__table__
    postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(table) if postgres else sqlite.insert(table)
    key = {"organisation_id": organisation_id, "series": series, "period": period}
    statement = (
        insert.values(**key, value=1)
        .on_conflict_do_update(index_elements=list(key), set_={"value": table.c.value + 1})
        .returning(table.c.value)
    )
    return int(session.execute(statement).scalar_one())
