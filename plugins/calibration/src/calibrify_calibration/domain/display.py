"""Numbers for people: rounded errors, shares of a tolerance. Decisions never see any of it."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from calibrify_calibration.domain.decimals import QUOTIENT_DIGITS, decimal_of, places_of
from calibrify_calibration.domain.limits import Limits

MINUS = "\u2212"
"""Minus sign of running text."""

_PRECISION = 120
_LIMIT_DIGITS = 10


def rounded(number: Decimal, places: int) -> Decimal:
    """Round to decimal places, halves to even; never minus zero.

    Args:
        number: The number.
        places: Decimal places, at least 0.

    >>> rounded(Decimal("-0.004"), 2)
    Decimal('0.00')
    """
    context = Context(prec=_PRECISION, rounding=ROUND_HALF_EVEN)
    result = number.quantize(Decimal((0, (1,), -places)), context=context)
    return result.copy_abs() if result.is_zero() else result


def mean_places(
    own: int, resolution: Decimal | None = None, uncertainty: Decimal | None = None
) -> int:
    """Return to how many decimal places the mean of several readings is shown.

    The digits of the readings stay, and a mean is worth one more at most: as far as the expanded
    uncertainty goes, else the resolution, else one more.

    Args:
        own: Decimal places of the readings.
        resolution: Resolution of the instrument in the same unit.
        uncertainty: Expanded uncertainty in the same unit.

    >>> mean_places(3), mean_places(3, Decimal("0.001")), mean_places(3, None, Decimal("0.0123"))
    (4, 3, 3)
    """
    if uncertainty is not None and uncertainty > 0:
        wanted = places_of(two_digits(uncertainty))
    else:
        wanted = own + 1 if resolution is None else places_of(resolution)
    return min(max(own, wanted), own + 1)


def two_digits(uncertainty: Decimal) -> Decimal:
    """Round an expanded uncertainty to two significant digits; fewer stay as they are.

    >>> two_digits(Decimal("0.01234")), two_digits(Decimal("0.0006"))
    (Decimal('0.012'), Decimal('0.0006'))
    """
    return _significant(uncertainty, 2)


def short_limit(limit: Decimal) -> Decimal:
    """Round a limit that a division left without an end; any other stays as it is.

    >>> short_limit(decimal_of(Fraction(10000, 104)))
    Decimal('96.15384615')
    """
    digits = len(limit.as_tuple().digits)
    return limit if digits < QUOTIENT_DIGITS else _significant(limit, _LIMIT_DIGITS)


def _significant(number: Decimal, digits: int) -> Decimal:
    """Round to significant digits, never adding any."""
    if len(number.as_tuple().digits) <= digits:
        return number
    return Context(prec=digits, rounding=ROUND_HALF_EVEN).plus(number)


def rounded_beside(number: Decimal, places: int, limits: Limits) -> Decimal:
    """Round to decimal places, or to as many more as keep a number on its side of the limits.

    Args:
        number: The number.
        places: Decimal places, at least 0; no zeros are added.
        limits: In the same unit.

    >>> from calibrify_calibration.domain.limits import explicit_limits
    >>> rounded_beside(Decimal("1.00033"), 3, explicit_limits("0.999", "1.000"))
    Decimal('1.0003')
    """
    inside = limits.contains(Fraction(number))
    for wanted in range(min(places, places_of(number)), places_of(number)):
        shown = rounded(number, wanted)
        if limits.contains(Fraction(shown)) is inside:
            return shown
    return number


def format_number(number: Decimal, *, signed: bool = False, minus: str = MINUS) -> str:
    """Write a number with all its digits, without exponent.

    Args:
        number: The number.
        signed: Whether a plus is written too.
        minus: The minus sign to use.

    >>> format_number(Decimal("1.0010"), signed=True)
    '+1.0010'
    """
    plain = format(number.copy_abs(), "f")
    if number.is_signed() and not number.is_zero():
        return minus + plain
    return f"+{plain}" if signed and not number.is_zero() else plain


def format_reading(text: str) -> str:
    """Write a reading with the digits that were entered and the minus sign of running text.

    Args:
        text: The reading as entered.

    >>> format_reading("-1.0010") == MINUS + "1.0010"
    True
    >>> format_reading("1E-2")
    '1E-2'
    """
    return MINUS + text[1:] if text.startswith("-") else text


def format_error(error: Decimal, resolution: Decimal | None = None, places: int = 6) -> str:
    """Write an error with its sign, to the decimal places of the resolution.

    Args:
        error: Error in the unit of the point.
        resolution: Resolution of the instrument in the same unit; where it is None, the places of
            the error itself hold, but at most `places`.
        places: See there.

    >>> format_error(Decimal("0.00117"), Decimal("0.0001"))
    '+0.0012'
    >>> format_error(Decimal("1.45"))
    '+1.45'
    """
    wanted = min(places_of(error), places) if resolution is None else places_of(resolution)
    return format_number(rounded(error, wanted), signed=True)


def printed_ratio(ratio: str | None) -> str:
    """Write a test uncertainty ratio with two decimals, rounded down: never a better one.

    Args:
        ratio: As it is stored, or nothing.

    >>> printed_ratio("15.8399"), printed_ratio("4.00"), printed_ratio("100"), printed_ratio(None)
    ('15.83', '4', '100', '')
    """
    if not ratio:
        return ""
    return format(Decimal(ratio).quantize(Decimal("0.01"), ROUND_DOWN).normalize(), "f")


def percent_of_tolerance(
    value: Fraction | None, nominal: Decimal, limits: Limits
) -> Decimal | None:
    """Return how much of the tolerance a value takes up, signed: +/-100 at the limits.

    The deviation from the nominal is compared with the distance of the limit on its own side, so
    that unequal limits both stand at 100. Where the nominal itself is not between the limits, the
    middle of the limits takes its place.

    Args:
        value: Mean of the indications, in the unit of the point.
        nominal: Nominal value in the same unit.
        limits: Tolerance limits in the same unit.

    Returns:
        Percent to one decimal place; None without value or without a limit on that side.

    >>> from calibrify_calibration.domain.limits import explicit_limits
    >>> percent_of_tolerance(
    ...     Fraction("10.0119"), Decimal("10"), explicit_limits("9.99", "10.01")
    ... )
    Decimal('119.0')
    """
    if value is None:
        return None
    centre = Fraction(nominal)
    if limits.lower is not None and limits.upper is not None and not limits.contains(centre):
        centre = (limits.lower + limits.upper) / 2
    if value == centre and not limits.is_open:
        return Decimal("0.0")
    limit = limits.upper if value > centre else limits.lower
    if limit is None or limit == centre:
        return None
    share = (value - centre) / abs(limit - centre) * 100
    return rounded(decimal_of(share), 1)
