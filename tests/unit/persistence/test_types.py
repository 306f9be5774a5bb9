"""Columns give back what was put into them, digit for digit and moment for moment."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection
from sqlalchemy.exc import StatementError

from calibrify_core.persistence.engine import Database
from calibrify_core.persistence.types import ExactDecimal, Json, UTCDateTime

metadata = sa.MetaData()
kept = sa.Table(
    "unit_kept",
    metadata,
    sa.Column("number", ExactDecimal()),
    sa.Column("moment", UTCDateTime()),
    sa.Column("data", Json),
)
# One database serves all examples of a test: each example rolls its own row back.
EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
decimals = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places),
    st.integers(min_value=-(10**40), max_value=10**40),
    st.integers(min_value=-30, max_value=60),
)
zones = st.integers(min_value=-14 * 60, max_value=14 * 60).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
moments = st.datetimes(
    min_value=datetime.fromisoformat("1900-01-01"),
    max_value=datetime.fromisoformat("9999-12-30"),
    timezones=zones,
)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    metadata.create_all(database.writer)
    with database.writer.connect() as opened:
        yield opened


def through(connection: Connection, column: sa.Column, value: object) -> object:
    """Writes one value and returns what is read back."""
    try:
        connection.execute(kept.insert().values({column: value}))
        return connection.execute(sa.select(column)).scalar_one()
    finally:
        connection.rollback()


@EXAMPLES
@given(value=decimals)
def test_a_decimal_comes_back_with_the_same_value_and_places(
    connection: Connection, value: Decimal
) -> None:
    found = through(connection, kept.c.number, value)

    assert isinstance(found, Decimal)
    assert found == value
    if value.as_tuple().exponent <= 0:
        assert found.as_tuple().exponent == value.as_tuple().exponent


@pytest.mark.parametrize("text", ["1.234567890123456789", "10.0010", "0.1", "1E-9", "0.000"])
def test_a_decimal_keeps_its_text(connection: Connection, text: str) -> None:
    found = through(connection, kept.c.number, Decimal(text))

    assert found.as_tuple() == Decimal(text).as_tuple()


@pytest.mark.parametrize(
    "value",
    [
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        0.1,
        1,
        "1.0",
        Decimal("1E-16384"),
        Decimal("1E+131072"),
    ],
)
def test_what_is_no_finite_decimal_is_refused(connection: Connection, value: object) -> None:
    with pytest.raises(StatementError):
        through(connection, kept.c.number, value)


@pytest.mark.parametrize("text", ["1E-16383", "9E+131071"])
def test_the_outermost_decimals_are_kept(connection: Connection, text: str) -> None:
    assert through(connection, kept.c.number, Decimal(text)) == Decimal(text)


@EXAMPLES
@given(value=moments)
def test_a_moment_comes_back_aware_and_in_utc(connection: Connection, value: datetime) -> None:
    found = through(connection, kept.c.moment, value)

    assert found == value
    assert found.utcoffset() == timedelta(0)


@EXAMPLES
@given(values=st.lists(moments, min_size=2, max_size=5))
def test_moments_sort_by_time_whatever_their_zone(
    connection: Connection, values: list[datetime]
) -> None:
    try:
        connection.execute(kept.insert(), [{"moment": value} for value in values])
        found = list(connection.execute(sa.select(kept.c.moment).order_by(kept.c.moment)).scalars())
    finally:
        connection.rollback()

    assert found == sorted(values)


def test_a_moment_without_a_zone_is_refused(connection: Connection) -> None:
    naive = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)

    with pytest.raises(StatementError, match="has no time zone"):
        through(connection, kept.c.moment, naive)


def test_nothing_stays_nothing(connection: Connection) -> None:
    assert through(connection, kept.c.number, None) is None
    assert through(connection, kept.c.moment, None) is None


def test_structured_data_comes_back(connection: Connection) -> None:
    data = {"levels": ["Building 1", "Ø 12 µm"], "depth": 2, "more": None}

    assert through(connection, kept.c.data, data) == data


def test_structured_data_keeps_ids_and_moments_as_text(connection: Connection) -> None:
    identifier = uuid.UUID(int=7)
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    found = through(connection, kept.c.data, {"id": identifier, "at": [moment, moment.date()]})

    assert found == {
        "id": "00000000-0000-0000-0000-000000000007",
        "at": ["2026-03-01T09:30:00+00:00", "2026-03-01"],
    }
