"""The column type of quantities: exact, and compared as numbers on every database."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from calibrify_maintenance.domain.stock import from_thousandths, thousandths


class Quantity(TypeDecorator[Decimal]):
    """A quantity with at most three places, kept as a whole number of thousandths.

    Text, as which SQLite keeps other decimals, does not compare as a number; a stock has to.
    """

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, _dialect: Dialect) -> int | None:
        """Returns the thousandths."""
        return None if value is None else thousandths(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Decimal | None:
        """Returns the quantity; a sum comes as a number of whatever kind."""
        return None if value is None else from_thousandths(int(value))
