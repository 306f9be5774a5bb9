"""Rows written at once come back the same on both databases."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.persistence.bulk import WORTH_A_COPY, insert_many, insert_unless_taken
from calibrify_core.persistence.engine import Database
from calibrify_core.persistence.types import ExactDecimal, Json, UTCDateTime

TABLE = sa.Table(
    "bulk",
    sa.MetaData(),
    sa.Column("id", sa.Uuid(), primary_key=True),
    sa.Column("text", sa.String(200)),
    sa.Column("count", sa.BigInteger),
    sa.Column("flag", sa.Boolean),
    sa.Column("amount", ExactDecimal()),
    sa.Column("day", sa.Date),
    sa.Column("moment", UTCDateTime()),
    sa.Column("facts", Json),
)
COUNTED = sa.Table(
    "counted",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("text", sa.String(200)),
)
TEXTS = ["", "plain", "tab\there", "line\nbreak\r", "back\\slash \\N", "ünïcode ±5°C", "\\.", " x "]


def rows(count: int) -> list[dict[str, object]]:
    return [
        {
            "id": uuid.uuid4(),
            "text": TEXTS[number % len(TEXTS)],
            "count": number if number % 3 else None,
            "flag": bool(number % 2),
            "amount": Decimal("1.0010") if number % 5 else None,
            "day": date(2016, 2, 29),
            "moment": datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
            "facts": {"a": [None, TEXTS[number % len(TEXTS)]]},
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, WORTH_A_COPY, 300])
def test_rows_come_back_as_they_were(database: Database, count: int) -> None:
    given = rows(count)
    with database.writer.begin() as connection:
        TABLE.metadata.create_all(connection)
        insert_many(connection, TABLE, given)
    with database.reader.connect() as connection:
        found = {row.id: dict(row._mapping) for row in connection.execute(sa.select(TABLE))}
    assert found == {row["id"]: row for row in given}


@pytest.mark.parametrize("count", [1, 2, WORTH_A_COPY])
def test_the_database_counts_ids_that_are_absent(database: Database, count: int) -> None:
    texts = [f"row {number}" for number in range(count)]
    with database.writer.begin() as connection:
        COUNTED.metadata.create_all(connection)
        insert_many(connection, COUNTED, [{"text": text} for text in texts])
    with database.reader.connect() as connection:
        found = connection.execute(sa.select(COUNTED).order_by(COUNTED.c.id)).all()
    assert [row.text for row in found] == texts
    assert all(row.id is not None for row in found)


def test_a_constraint_refuses_all_of_them(database: Database) -> None:
    given = rows(WORTH_A_COPY)
    with database.writer.begin() as connection:
        TABLE.metadata.create_all(connection)
    with pytest.raises(IntegrityError), database.writer.begin() as connection:
        insert_many(connection, TABLE, [*given, given[0]])
    with database.reader.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(TABLE)).scalar() == 0


def test_a_row_is_kept_out_by_a_taken_value_and_the_transaction_lives_on(
    database: Database,
) -> None:
    first, second = rows(2)
    with database.writer.begin() as connection:
        TABLE.metadata.create_all(connection)
        assert insert_unless_taken(connection, TABLE, first)
        assert not insert_unless_taken(connection, TABLE, {**first, "text": "another"})
        assert insert_unless_taken(connection, TABLE, second)
    with database.reader.connect() as connection:
        found = {row.id: dict(row._mapping) for row in connection.execute(sa.select(TABLE))}
    assert found == {row["id"]: row for row in (first, second)}
