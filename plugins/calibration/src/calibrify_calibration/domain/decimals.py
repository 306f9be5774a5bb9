"""Exact numbers: decimals as they were entered, fractions to calculate with.

A measured value is a `Decimal` with the digits that somebody wrote. Sums and products of decimals
are decimals, but a mean of three readings or a limit of nominal/(1 + p) is not. Whatever is
*compared* is therefore a `fractions.Fraction`, which loses nothing; a `Decimal` is made of it only
to be stored or shown. No function here reads or changes the global decimal context.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from calibrify_calibration.domain.problems import refuse

MAX_DIGITS = 40
"""Most significant digits that a number may have."""

MAX_EXPONENT = 50
"""Largest power of ten, up and down, that a digit of a number may stand for."""

QUOTIENT_DIGITS = 34
"""Significant digits of a quotient that has no finite decimal form (IEEE 754 decimal128)."""

_EXACT_PLACES = 100
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_LONGEST_TEXT = 120


def number_of(entered: object, pointer: str = "") -> Decimal:
    """Read a number exactly: text or an already exact number, digit for digit.

    Args:
        entered: Text in plain ASCII notation (``"10.0012"``, ``"-4"``, ``"1E+2"``), an `int` or a
            finite `Decimal`. A `float` is refused: its digits are not those that were entered.
        pointer: JSON pointer of the member, for the error.

    Returns:
        The number with all the digits that were given, trailing zeros included.

    Raises:
        RuleError: It is not a number, is not finite, has more than `MAX_DIGITS` digits or digits
            beyond ten to the power of `MAX_EXPONENT`.

    >>> number_of("1.0010")
    Decimal('1.0010')
    >>> number_of("1E+2")
    Decimal('1E+2')
    >>> number_of("NaN")
    Traceback (most recent call last):
    ...
    calibrify_calibration.domain.problems.RuleError: Enter a number such as 10.0012.
    """
    if isinstance(entered, str):
        if len(entered) > _LONGEST_TEXT or not _NUMBER.fullmatch(entered):
            raise refuse(pointer, "Enter a number such as 10.0012.")
        number = Decimal(entered)
    elif isinstance(entered, Decimal):
        number = entered
    elif isinstance(entered, int) and not isinstance(entered, bool):
        if entered.bit_length() > _LONGEST_TEXT * 4:
            raise refuse(pointer, f"Use at most {MAX_DIGITS} digits.")
        number = Decimal(entered)
    else:
        raise refuse(pointer, "Enter a number such as 10.0012.")
    _check_size(number, pointer)
    return number


def _check_size(number: Decimal, pointer: str) -> None:
    """Refuse what is not finite, too long or too far from one."""
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise refuse(pointer, "Enter a finite number.")
    if len(digits) > MAX_DIGITS:
        raise refuse(pointer, f"Use at most {MAX_DIGITS} digits.")
    if exponent < -MAX_EXPONENT or max(exponent, number.adjusted()) > MAX_EXPONENT:
        raise refuse(pointer, f"Use powers of ten between -{MAX_EXPONENT} and {MAX_EXPONENT}.")


def typed_number(text: str) -> str:
    r"""Turn what a person typed on a page into the notation of `number_of`.

    Spaces around it go, the minus sign U+2212 becomes ``-`` and one comma becomes the decimal
    point. A comma beside a point is left alone, so that ``1,234.5`` is refused later instead of
    being guessed.

    Args:
        text: The content of an input field.

    >>> typed_number(" \u22124,05 ")
    '-4.05'
    >>> typed_number("1,234.5")
    '1,234.5'
    """
    plain = text.strip().replace("\u2212", "-")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    return plain


def places_of(number: Decimal) -> int:
    """Count the decimal places that a number was written with, never less than zero.

    Args:
        number: A finite number.

    >>> places_of(Decimal("1.0010")), places_of(Decimal("1E+2"))
    (4, 0)
    """
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def decimal_of(exact: Fraction, places: int = 0) -> Decimal:
    """Write an exact number as a decimal, to be stored or shown.

    Args:
        exact: The number.
        places: Fewest decimal places to write, so that trailing zeros of what went in are kept.

    Returns:
        The same number when it has a finite decimal form, else the nearest number of
        `QUOTIENT_DIGITS` digits. Never compare that one: compare fractions.

    >>> decimal_of(Fraction(1, 8), 4)
    Decimal('0.1250')
    >>> decimal_of(Fraction(100, 3))
    Decimal('33.33333333333333333333333333333333')
    """
    needed = _finite_places(exact.denominator)
    if needed is None:
        context = Context(prec=QUOTIENT_DIGITS, rounding=ROUND_HALF_EVEN)
        return context.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    shown = max(needed, places)
    digits = exact.numerator * 10**shown // exact.denominator
    # Built from its digits: arithmetic would round to the precision of some context.
    return Decimal((int(digits < 0), tuple(int(digit) for digit in str(abs(digits))), -shown))


def _finite_places(denominator: int) -> int | None:
    """Count the places of 1/denominator in decimal form; None when there is no (short) end."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator //= 2
        twos += 1
    while denominator % 5 == 0:
        denominator //= 5
        fives += 1
    needed = max(twos, fives)
    return needed if denominator == 1 and needed <= _EXACT_PLACES else None
