"""Column types that lose nothing, on SQLite as on PostgreSQL."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

# What NUMERIC of PostgreSQL keeps; the same bounds everywhere, so that data can move.
MOST_PLACES = 16383
MOST_DIGITS = 131071


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal number, digit for digit: NUMERIC on PostgreSQL, text on SQLite.

    SQLite's own NUMERIC goes through a float and changes digits. As text it does not sort
    as a number there, so such a column is neither a filter nor an ordering. PostgreSQL writes
    an exponent out (``1E+2`` becomes ``100``, the same value): a text as entered is kept beside.
    """

    impl = sa.Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Chooses the column type of the database at hand."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Numeric())
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Refuses what is no finite decimal, then hands it over exactly."""
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise ValueError(f"{value!r} is not a finite Decimal")
        exponent = int(value.as_tuple().exponent)
        if exponent < -MOST_PLACES or value.adjusted() > MOST_DIGITS:
            raise ValueError(f"a Decimal with exponent {value.adjusted()} cannot be kept exactly")
        return value if dialect.name == "postgresql" else str(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Reads text; the driver of PostgreSQL gives decimals itself."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Decimal | None:
        """Returns the decimal as it was given."""
        return None if value is None else Decimal(value)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC; a naive one is refused instead of guessed."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Chooses ``timestamptz`` on PostgreSQL and sortable ISO text on SQLite."""
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Moves the moment to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Makes moments aware; on PostgreSQL they are, and our connections are in UTC."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Returns the moment, aware, in UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


# Structured data: JSONB where the database has it, so that it can be indexed there.
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
