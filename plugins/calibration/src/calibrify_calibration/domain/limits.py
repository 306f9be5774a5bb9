"""Limits that a value lies between: those of a tolerance, and those of acceptance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from calibrify_calibration.domain.decimals import decimal_of, number_of, places_of
from calibrify_calibration.domain.problems import Problem, RuleError, refuse


@dataclass(frozen=True)
class Limits:
    """Tolerance or acceptance limits, in the unit of the point; None where that side is open.

    The limits themselves belong to the interval: a value exactly on a limit is inside.

    Attributes:
        lower: Exact lower limit.
        upper: Exact upper limit.
        places: Decimal places to write the limits with at least.

    >>> limits = explicit_limits("9.9905", "10.0095")
    >>> limits.lower_decimal, limits.contains(Fraction("10.0095"))
    (Decimal('9.9905'), True)
    """

    lower: Fraction | None
    upper: Fraction | None
    places: int = 0

    @property
    def lower_decimal(self) -> Decimal | None:
        """The lower limit, to be stored or shown; never compared."""
        return None if self.lower is None else decimal_of(self.lower, self.places)

    @property
    def upper_decimal(self) -> Decimal | None:
        """The upper limit, to be stored or shown; never compared."""
        return None if self.upper is None else decimal_of(self.upper, self.places)

    @property
    def span(self) -> Fraction | None:
        """The distance between the limits; None when one side is open."""
        if self.lower is None or self.upper is None:
            return None
        return self.upper - self.lower

    @property
    def is_open(self) -> bool:
        """Whether there is no limit at all."""
        return self.lower is None and self.upper is None

    @property
    def is_empty(self) -> bool:
        """Whether no value lies inside."""
        return self.lower is not None and self.upper is not None and self.lower > self.upper

    def contains(self, value: Fraction) -> bool:
        """Tell whether a value lies inside or exactly on a limit.

        Args:
            value: Exact value in the unit of the limits.
        """
        return (self.lower is None or value >= self.lower) and (
            self.upper is None or value <= self.upper
        )

    def shrunk(self, width: Fraction, places: int = 0) -> Limits:
        """Return the limits moved inwards by a guard band (outwards when it is negative).

        Args:
            width: Guard band, in the unit of the limits.
            places: Decimal places that the guard band was written with.

        >>> explicit_limits("9", "11").shrunk(Fraction("0.5"), 1).lower_decimal
        Decimal('9.5')
        """
        return Limits(
            None if self.lower is None else self.lower + width,
            None if self.upper is None else self.upper - width,
            max(self.places, places),
        )


NO_LIMITS = Limits(None, None)
"""The limits of a point that has none."""


def explicit_limits(lower: object, upper: object, pointer: str = "") -> Limits:
    """Read explicit limits, one-sided or two-sided.

    Args:
        lower: Lower limit as text or an exact number; None when that side is open.
        upper: Upper limit likewise.
        pointer: JSON pointer of the point, for the errors.

    Raises:
        RuleError: With every problem; also when there is neither limit or they are crossed.

    >>> explicit_limits(None, "5").lower is None
    True
    """
    found: dict[str, Decimal] = {}
    problems: list[Problem] = []
    for member, entered in (("lower_limit", lower), ("upper_limit", upper)):
        if entered is not None:
            try:
                found[member] = number_of(entered, f"{pointer}/{member}")
            except RuleError as error:
                problems.extend(error.problems)
    if problems:
        raise RuleError(problems)
    low, high = found.get("lower_limit"), found.get("upper_limit")
    if low is None and high is None:
        raise refuse(f"{pointer}/lower_limit", "Give a lower limit, an upper limit or both.")
    if low is not None and high is not None and low > high:
        raise refuse(f"{pointer}/upper_limit", "The upper limit is below the lower limit.")
    return Limits(
        None if low is None else Fraction(low),
        None if high is None else Fraction(high),
        max(places_of(limit) for limit in found.values()),
    )
