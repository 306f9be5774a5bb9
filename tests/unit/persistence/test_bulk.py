"""Rows written at once come back the same on both databases."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from calibrify_core.persistence.bulk import (
    WORTH_A_COPY,
    insert_later,
    insert_many,
    insert_unless_taken,
)
from calibrify_core.persistence.engine import Database
from calibrify_core.persistence.prepared import Prepared
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


def found_ids(connection: sa.Connection) -> set[object]:
    return set(connection.execute(sa.select(TABLE.c.id)).scalars())


def test_a_row_that_waits_is_there_for_whatever_is_asked_next(database: Database) -> None:
    given = rows(6)
    kept = Prepared(sa.select(sa.func.count().label("count")).select_from(TABLE))
    with database.writer.begin() as connection:
        TABLE.metadata.create_all(connection)
        for count, row in enumerate(given[:5], 1):
            insert_later(connection, TABLE, row)
            assert kept.rows(connection, {})[0].count == count
        insert_later(connection, TABLE, given[5])
        assert found_ids(connection) == {row["id"] for row in given}
    with database.reader.connect() as connection:
        found = {row.id: dict(row._mapping) for row in connection.execute(sa.select(TABLE))}
    assert found == {row["id"]: row for row in given}


def test_rows_that_wait_are_written_in_their_order_with_the_commit(database: Database) -> None:
    given = rows(WORTH_A_COPY + 2)
    with database.writer.begin() as connection:
        TABLE.metadata.create_all(connection)
        insert_later(connection, TABLE, given[0])
        insert_many(connection, TABLE, given[2:])
        insert_later(connection, TABLE, given[1])
        insert_later(connection, TABLE, {**given[1], "id": uuid.uuid4()})
    with database.reader.connect() as connection:
        assert len(found_ids(connection)) == len(given) + 1


def test_a_row_that_waits_goes_with_the_transaction_or_the_savepoint_that_is_undone(
    database: Database,
) -> None:
    before, inside, undone = rows(3)
    with database.writer.begin() as connection:
        TABLE.metadata.create_all(connection)
    with database.writer.connect() as connection:
        connection.begin()
        insert_later(connection, TABLE, undone)
        connection.rollback()
        connection.begin()
        insert_later(connection, TABLE, before)
        savepoint = connection.begin_nested()
        insert_later(connection, TABLE, inside)
        savepoint.rollback()
        connection.commit()
    with database.reader.connect() as connection:
        assert found_ids(connection) == {before["id"]}


def test_what_refuses_a_row_that_waits_is_told_as_every_other_error(database: Database) -> None:
    (row,) = rows(1)
    with database.writer.begin() as connection:
        TABLE.metadata.create_all(connection)
        insert_later(connection, TABLE, row)
    row = {**row, "text": "nobody's business"}
    with pytest.raises(IntegrityError) as caught, database.writer.begin() as connection:
        insert_later(connection, TABLE, row)
    assert "nobody's" not in str(caught.value)
    with database.writer.begin() as connection:
        assert found_ids(connection) == {row["id"]}


@pytest.mark.parametrize("facts", [None, "", False, 0, [], {}, {"a": ""}])
def test_blank_values_are_written_as_any_others(database: Database, facts: object) -> None:
    blank = {"text": "", "count": None, "flag": False, "amount": None, "day": None}
    given = {"id": uuid.uuid4(), **blank, "moment": None, "facts": facts}
    plain = {**given, "id": uuid.uuid4()}
    with database.writer.begin() as connection:
        TABLE.metadata.create_all(connection)
        for _ in range(5):  # planned from the fourth on
            insert_later(connection, TABLE, {**given, "id": uuid.uuid4()})
        connection.execute(sa.insert(TABLE), plain)
        as_text = sa.cast(TABLE.c.facts, sa.Text)
        kept = connection.execute(sa.select(TABLE, as_text.label("written"))).all()
    assert len({row[1:] for row in map(_hashable, kept)}) == 1


def _hashable(row: sa.Row[tuple[object, ...]]) -> tuple[object, ...]:
    return tuple(repr(value) for value in row)
