from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_calibration.domain.decimals import (
    decimal_of,
    number_of,
    places_of,
    typed_number,
)
from calibrify_calibration.domain.problems import RuleError


@pytest.mark.parametrize(
    "text", ["0", "-0.00", "+4.5", "1.0010", "1E+2", "1e-12", ".5", "5.", "9" * 40, "0.1E-48"]
)
def test_digits_are_kept(text: str) -> None:
    assert number_of(text) == Decimal(text)
    assert number_of(text).as_tuple() == Decimal(text).as_tuple()


@pytest.mark.parametrize(
    "entered",
    [
        "",
        " 1",
        "1 ",
        "1,5",
        "\u22121",
        "NaN",
        "Infinity",
        "-inf",
        "sNaN",
        "1_000",
        "\u0661",
        "0x10",
        "1e99999",
        "1E+51",
        "1E-51",
        "0E+99",
        "9" * 41,
        "1" + "0" * 100000,
        "1\x00",
        "\ud800",
        "10 V",
        None,
        True,
        1.5,
        b"1",
        [],
        10**41,
        10**400,
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+400"),
    ],
    ids=lambda entered: ascii(entered)[:20],
)
def test_what_is_no_number_is_refused_at_its_member(entered: object) -> None:
    with pytest.raises(RuleError) as caught:
        number_of(entered, "/nominal")
    assert [problem.pointer for problem in caught.value.problems] == ["/nominal"]


def test_exact_numbers_pass() -> None:
    assert number_of(5) == 5
    assert number_of(Decimal("1.0010")).as_tuple() == Decimal("1.0010").as_tuple()


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        (" 10,5 ", "10.5"),
        ("\u22120,25", "-0.25"),
        ("1.234,5", "1.234,5"),
        ("1,2,3", "1,2,3"),
        ("\u00a07\u00a0", "7"),
    ],
)
def test_what_people_type_becomes_plain(typed: str, plain: str) -> None:
    assert typed_number(typed) == plain


@given(st.decimals("-1e20", "1e20", places=12))
def test_a_decimal_survives_the_way_through_a_fraction(number: Decimal) -> None:
    assert decimal_of(Fraction(number)) == number
    assert decimal_of(Fraction(number), 15).as_tuple().exponent == -15


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**30))
def test_a_quotient_is_right_in_its_34_digits(over: int, under: int) -> None:
    exact = Fraction(over, under)
    shown = Fraction(decimal_of(exact))
    assert abs(shown - exact) <= abs(exact) * Fraction(1, 10**33)


def test_no_global_context_is_used() -> None:
    with localcontext() as context:
        context.prec = 3
        assert decimal_of(Fraction("10.00123456")) == Decimal("10.00123456")
        assert str(decimal_of(Fraction(1, 3))) == "0." + "3" * 34


def test_places_never_go_below_zero() -> None:
    assert [places_of(Decimal(text)) for text in ("1.50", "1E+3", "7")] == [2, 0, 0]
