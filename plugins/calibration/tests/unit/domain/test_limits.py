from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from calibrify_calibration.domain.limits import NO_LIMITS, explicit_limits
from calibrify_calibration.domain.problems import RuleError


def test_limits_keep_their_digits_and_include_themselves() -> None:
    limits = explicit_limits("9.90", "10.1")
    assert str(limits.lower_decimal) == "9.90"
    assert limits.contains(Fraction("9.9"))
    assert not limits.contains(Fraction("9.8999999999999999999999"))
    assert limits.span == Fraction("0.2")


def test_one_side_may_be_open() -> None:
    limits = explicit_limits(None, "5")
    assert limits.lower_decimal is None
    assert limits.span is None
    assert limits.contains(Fraction(-(10**9)))
    assert not limits.is_open
    assert NO_LIMITS.is_open


def test_a_guard_band_can_empty_them() -> None:
    limits = explicit_limits("9", "11")
    assert not limits.shrunk(Fraction(1)).is_empty
    assert limits.shrunk(Fraction("1.0001"), 4).is_empty
    assert str(limits.shrunk(Fraction("0.5"), 2).upper_decimal) == "10.50"
    assert not explicit_limits("9", None).shrunk(Fraction(100)).is_empty


@pytest.mark.parametrize(
    ("lower", "upper", "pointers"),
    [
        (None, None, ["/points/0/lower_limit"]),
        ("2", "1", ["/points/0/upper_limit"]),
        ("x", "y", ["/points/0/lower_limit", "/points/0/upper_limit"]),
        ("NaN", "1", ["/points/0/lower_limit"]),
    ],
)
def test_bad_limits_are_refused(lower: object, upper: object, pointers: list[str]) -> None:
    with pytest.raises(RuleError) as caught:
        explicit_limits(lower, upper, "/points/0")
    assert [problem.pointer for problem in caught.value.problems] == pointers


def test_equal_limits_accept_one_value() -> None:
    limits = explicit_limits(Decimal(5), "5.0")
    assert limits.contains(Fraction(5))
    assert not limits.contains(Fraction("5.1"))
