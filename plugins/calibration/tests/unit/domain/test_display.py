from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from calibrify_calibration.domain.decimals import decimal_of
from calibrify_calibration.domain.display import (
    MINUS,
    format_error,
    format_number,
    format_reading,
    percent_of_tolerance,
    rounded,
)
from calibrify_calibration.domain.limits import NO_LIMITS, explicit_limits


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1.0010", "1.0010"), ("1E+2", "1E+2"), ("-4.0", MINUS + "4.0"), ("+2", "+2")],
)
def test_readings_keep_their_digits(text: str, shown: str) -> None:
    assert format_reading(text) == shown


@pytest.mark.parametrize(
    ("error", "resolution", "shown"),
    [
        ("0.00117", "0.0001", "+0.0012"),
        ("-0.00117", "0.001", MINUS + "0.001"),
        ("-0.0004", "0.001", "0.000"),
        ("0.25", "0.1", "+0.2"),
        ("0.35", "0.1", "+0.4"),
        ("3", "0.5", "+3.0"),
        ("123", "10", "+123"),
        ("0.00120", None, "+0.00120"),
        ("0", None, "0"),
    ],
)
def test_errors_are_rounded_to_the_resolution(
    error: str, resolution: str | None, shown: str
) -> None:
    assert (
        format_error(Decimal(error), None if resolution is None else Decimal(resolution)) == shown
    )


def test_an_endless_error_is_cut() -> None:
    assert format_error(decimal_of(Fraction(1, 3))) == "+0.333333"


def test_numbers_are_written_without_exponent() -> None:
    assert format_number(Decimal("1E+3")) == "1000"
    assert format_number(Decimal("-1E-7"), minus="-") == "-0.0000001"
    assert format_number(Decimal("-0.0"), signed=True) == "0.0"


def test_rounding_takes_no_global_context() -> None:
    with localcontext() as context:
        context.prec = 2
        assert rounded(Decimal("12345678901234567890.125"), 2) == Decimal("12345678901234567890.12")


@pytest.mark.parametrize(
    ("value", "nominal", "lower", "upper", "percent"),
    [
        ("10.0119", "10", "9.99", "10.01", "119.0"),
        ("9.99", "10", "9.99", "10.01", "-100.0"),
        ("10", "10", "9.99", "10.01", "0.0"),
        ("10.005", "10", "9.98", "10.01", "50.0"),
        ("9.99", "10", "9.98", "10.01", "-50.0"),
        ("10.5", "10", None, "11", "50.0"),
        ("9.5", "10", None, "11", None),
        ("9.5", "10", "9", None, "-50.0"),
        ("5", "0", "4", "6", "0.0"),
        ("10", "10", "10", "10", "0.0"),
        ("11", "10", "10", "10", None),
        ("10", "10", "9", None, "0.0"),
        (None, "10", "9", "11", None),
    ],
)
def test_percent_of_tolerance(
    value: str | None, nominal: str, lower: str | None, upper: str | None, percent: str | None
) -> None:
    found = percent_of_tolerance(
        None if value is None else Fraction(value), Decimal(nominal), explicit_limits(lower, upper)
    )
    assert found == (None if percent is None else Decimal(percent))


def test_without_limits_there_is_no_percentage() -> None:
    assert percent_of_tolerance(Fraction(1), Decimal(1), NO_LIMITS) is None
