"""Selects that are kept: the same rows as any select gives, planned once a connection."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from calibrify_core.persistence.base import NAMING
from calibrify_core.persistence.engine import Database
from calibrify_core.persistence.prepared import MOST_KNOWN, USES_BEFORE_PLANNING, Prepared
from calibrify_core.persistence.types import ExactDecimal, Json, UTCDateTime

METADATA = sa.MetaData(naming_convention=NAMING)
SHELF = sa.Table(
    "prepared_shelf",
    METADATA,
    sa.Column("id", sa.Uuid(), primary_key=True),
    sa.Column("name", sa.Text()),
    sa.Column("length", ExactDecimal()),
    sa.Column("seen_at", UTCDateTime()),
    sa.Column("due_on", sa.Date()),
    sa.Column("facts", Json),
    sa.Column("whole", sa.Boolean()),
)
ROW = {
    "id": uuid.UUID(int=7),
    "name": "100% gauge",
    "length": Decimal("1.0010"),
    "seen_at": datetime(2026, 1, 2, 3, 4, 5, 678, UTC),
    "due_on": date(2026, 2, 3),
    "facts": {"a": [1, None]},
    "whole": True,
}


@pytest.fixture
def shelf(database: Database) -> Database:
    METADATA.create_all(database.writer)
    with database.writer.begin() as connection:
        connection.execute(SHELF.insert(), [ROW, {**ROW, "id": uuid.UUID(int=8), "name": None}])
    return database


def by_name() -> Prepared:
    wanted = sa.bindparam("wanted", type_=sa.Text())
    return Prepared(sa.select(SHELF).where(SHELF.c.name == wanted, SHELF.c.name.like("100%%")))


def plans(connection: sa.Connection) -> int:
    return int(
        connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one()
    )


def test_rows_have_the_values_of_their_types_however_often_they_are_asked_for(
    shelf: Database,
) -> None:
    kept = by_name()
    with shelf.reader.connect() as connection:
        for _ in range(USES_BEFORE_PLANNING + 3):
            (row,) = kept.rows(connection, {"wanted": "100% gauge"})
            assert row._asdict() == ROW
            assert str(row.length) == "1.0010"
        assert kept.first(connection, {"wanted": "no such"}) is None


def test_a_plan_is_kept_once_it_is_worth_it_and_only_where_it_serves(shelf: Database) -> None:
    if shelf.dialect == "sqlite":
        return
    each = Prepared(sa.select(SHELF.c.id), plan=False)
    kept = by_name()
    with shelf.reader.connect() as connection:
        counts = []
        for _ in range(USES_BEFORE_PLANNING + 2):
            kept.rows(connection, {"wanted": "x"})
            each.rows(connection, {})
            counts.append(plans(connection))
    assert counts == [0] * USES_BEFORE_PLANNING + [1, 1]


def test_a_connection_keeps_only_so_many_plans(shelf: Database) -> None:
    if shelf.dialect == "sqlite":
        return
    with shelf.reader.connect() as connection:
        for number in range(MOST_KNOWN + 5):
            kept = Prepared(sa.select(sa.literal_column(str(number)).label("number")))
            for _ in range(USES_BEFORE_PLANNING + 1):
                assert kept.rows(connection, {})[0].number == number
        assert plans(connection) <= MOST_KNOWN


def test_an_error_is_told_as_every_other_and_the_connection_goes_on(shelf: Database) -> None:
    broken = Prepared(sa.select(sa.column("nothing")).select_from(SHELF))
    kept = by_name()
    with shelf.reader.connect() as connection:
        for _ in range(USES_BEFORE_PLANNING + 1):
            kept.rows(connection, {"wanted": "x"})
        with pytest.raises(DBAPIError) as caught:
            broken.rows(connection, {})
        assert not caught.value.connection_invalidated
        assert len(kept.rows(connection, {"wanted": "100% gauge"})) == 1


def test_a_plan_does_not_outlive_its_table(shelf: Database) -> None:
    kept = Prepared(sa.select(SHELF.c.name).where(SHELF.c.id == sa.bindparam("id")))
    with shelf.reader.connect() as connection:
        for _ in range(USES_BEFORE_PLANNING + 1):
            kept.rows(connection, {"id": ROW["id"]})
        with shelf.writer.begin() as other:
            other.exec_driver_sql("ALTER TABLE prepared_shelf ADD COLUMN more INTEGER")
        assert kept.first(connection, {"id": ROW["id"]}).name == "100% gauge"


def test_whoever_counts_statements_hears_of_it_with_its_values(shelf: Database) -> None:
    seen = []

    def note(_c: object, _k: object, statement: str, values: object, *_: object) -> None:
        seen.append((statement, values))

    engine = shelf.writer if shelf.dialect == "sqlite" else shelf.reader
    event.listen(engine, "before_cursor_execute", note)
    try:
        with shelf.reader.connect() as connection:
            by_name().rows(connection, {"wanted": "x"})
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert any("prepared_shelf" in statement and "x" in str(values) for statement, values in seen)
