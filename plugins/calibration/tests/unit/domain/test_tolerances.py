from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_calibration.domain.decimals import decimal_of
from calibrify_calibration.domain.problems import RuleError
from calibrify_calibration.domain.readings import ReadingOf
from calibrify_calibration.domain.tolerances import Tolerance, tolerance_from

# Limits of published procedures: what, nominal, resolution, tolerance, lower, upper.
PROCEDURES: list[tuple[str, str, str, dict[str, str], str, str]] = [
    ("multimeter", "500", "0.1", {"percent_of_reading": "0.5", "counts": "2"}, "497.3", "502.7"),
    ("multimeter", "50000", "10", {"percent_of_reading": "0.5", "counts": "1"}, "49740", "50260"),
    (
        "multimeter",
        "5000000",
        "1000",
        {"percent_of_reading": "0.5", "counts": "1"},
        "4974000",
        "5026000",
    ),
    (
        "multimeter",
        "10000000",
        "10000",
        {"percent_of_reading": "2", "counts": "1"},
        "9790000",
        "10210000",
    ),
    (
        "multimeter",
        "40000000",
        "10000",
        {"percent_of_reading": "2", "counts": "1"},
        "39190000",
        "40810000",
    ),
    ("multimeter", "5", "0.001", {"percent_of_reading": "2", "counts": "2"}, "4.898", "5.102"),
    ("multimeter", "50", "0.01", {"percent_of_reading": "2", "counts": "2"}, "48.98", "51.02"),
    ("multimeter", "500", "0.1", {"percent_of_reading": "2", "counts": "2"}, "489.8", "510.2"),
    ("multimeter", "1000", "1", {"percent_of_reading": "2", "counts": "2"}, "978", "1022"),
    ("multimeter", "50000", "10", {"percent_of_reading": "0.1", "counts": "1"}, "49940", "50060"),
    ("multimeter", "4", "0.001", {"percent_of_reading": "0.3", "counts": "1"}, "3.987", "4.013"),
    ("multimeter", "-4", "0.001", {"percent_of_reading": "0.3", "counts": "1"}, "-4.013", "-3.987"),
    ("multimeter", "40", "0.01", {"percent_of_reading": "0.3", "counts": "1"}, "39.87", "40.13"),
    ("multimeter", "400", "0.1", {"percent_of_reading": "0.3", "counts": "1"}, "398.7", "401.3"),
    ("multimeter", "900", "1", {"percent_of_reading": "0.3", "counts": "1"}, "896.3", "903.7"),
    ("micrometer", "2.5", "0.001", {"absolute": "0.004"}, "2.496", "2.504"),
    ("micrometer", "5.1", "0.001", {"absolute": "0.004"}, "5.096", "5.104"),
    ("micrometer", "7.7", "0.001", {"absolute": "0.004"}, "7.696", "7.704"),
    ("micrometer", "10.3", "0.001", {"absolute": "0.004"}, "10.296", "10.304"),
    ("micrometer", "12.9", "0.001", {"absolute": "0.004"}, "12.896", "12.904"),
    ("micrometer", "15", "0.001", {"absolute": "0.004"}, "14.996", "15.004"),
    ("micrometer", "17.6", "0.001", {"absolute": "0.004"}, "17.596", "17.604"),
    ("micrometer", "20.2", "0.001", {"absolute": "0.004"}, "20.196", "20.204"),
    ("micrometer", "22.8", "0.001", {"absolute": "0.004"}, "22.796", "22.804"),
    ("micrometer", "25", "0.001", {"absolute": "0.004"}, "24.996", "25.004"),
    ("caliper", "0", "0.01", {"absolute": "0.03"}, "-0.03", "0.03"),
    ("caliper", "25", "0.01", {"absolute": "0.03"}, "24.97", "25.03"),
    ("caliper", "50", "0.01", {"absolute": "0.03"}, "49.97", "50.03"),
    ("caliper", "100", "0.01", {"absolute": "0.03"}, "99.97", "100.03"),
    ("caliper", "150", "0.01", {"absolute": "0.03"}, "149.97", "150.03"),
    ("caliper", "10", "0.01", {"absolute": "0.05"}, "9.95", "10.05"),
    ("caliper", "25", "0.01", {"absolute": "0.05"}, "24.95", "25.05"),
    ("caliper", "50", "0.01", {"absolute": "0.05"}, "49.95", "50.05"),
    ("caliper", "100", "0.01", {"absolute": "0.05"}, "99.95", "100.05"),
    ("pressure gauge", "0", "0.5", {"percent_of_span": "1", "span": "100"}, "-1", "1"),
    ("pressure gauge", "25", "0.5", {"percent_of_span": "1", "span": "100"}, "24", "26"),
    ("pressure gauge", "50", "0.5", {"percent_of_span": "1", "span": "100"}, "49", "51"),
    ("pressure gauge", "75", "0.5", {"percent_of_span": "1", "span": "100"}, "74", "76"),
    ("pressure gauge", "100", "0.5", {"percent_of_span": "1", "span": "100"}, "99", "101"),
    ("balance", "20", "0.0001", {"percent_of_reading": "0.1"}, "19.98", "20.02"),
    ("balance", "50", "0.0001", {"percent_of_reading": "0.1"}, "49.95", "50.05"),
    ("balance", "100", "0.0001", {"percent_of_reading": "0.1"}, "99.9", "100.1"),
    ("balance", "200", "0.0001", {"percent_of_reading": "0.1"}, "199.8", "200.2"),
    (
        "thermometer",
        "0",
        "0.01",
        {"absolute": "0.15", "percent_of_reading": "0.2"},
        "-0.15",
        "0.15",
    ),
    (
        "thermometer",
        "50",
        "0.01",
        {"absolute": "0.15", "percent_of_reading": "0.2"},
        "49.75",
        "50.25",
    ),
    (
        "thermometer",
        "100",
        "0.01",
        {"absolute": "0.15", "percent_of_reading": "0.2"},
        "99.65",
        "100.35",
    ),
    (
        "thermometer",
        "150",
        "0.01",
        {"absolute": "0.15", "percent_of_reading": "0.2"},
        "149.55",
        "150.45",
    ),
    (
        "thermometer",
        "200",
        "0.01",
        {"absolute": "0.15", "percent_of_reading": "0.2"},
        "199.45",
        "200.55",
    ),
    ("pipette", "100", "1", {"absolute": "8"}, "92", "108"),
    ("pipette", "500", "1", {"absolute": "8"}, "492", "508"),
    ("pipette", "1000", "1", {"absolute": "8"}, "992", "1008"),
    ("weight F1", "1", "0.000001", {"absolute": "0.0001"}, "0.9999", "1.0001"),
    ("weight F1", "2", "0.000001", {"absolute": "0.00012"}, "1.99988", "2.00012"),
    ("weight F1", "5", "0.000001", {"absolute": "0.00016"}, "4.99984", "5.00016"),
    ("weight F1", "10", "0.000001", {"absolute": "0.0002"}, "9.9998", "10.0002"),
    ("weight F1", "20", "0.000001", {"absolute": "0.00025"}, "19.99975", "20.00025"),
    ("weight F1", "50", "0.000001", {"absolute": "0.0003"}, "49.9997", "50.0003"),
    ("weight F1", "100", "0.000001", {"absolute": "0.0005"}, "99.9995", "100.0005"),
    ("weight F1", "200", "0.000001", {"absolute": "0.001"}, "199.999", "200.001"),
]

amounts = st.decimals("0", "1000", places=4)
percents = st.decimals("0", "50", places=3)
values = st.decimals("-100000", "100000", places=4)


@pytest.mark.parametrize("row", PROCEDURES, ids=lambda row: f"{row[0]} {row[1]}")
def test_limits_reproduce_the_table_to_the_last_digit(
    row: tuple[str, str, str, dict[str, str], str, str],
) -> None:
    _, nominal, resolution, tolerance, lower, upper = row
    limits = tolerance_from(tolerance, resolution=Decimal(resolution)).limits(
        ReadingOf.UUT, Decimal(nominal)
    )
    assert (limits.lower, limits.upper) == (Fraction(lower), Fraction(upper))
    assert (limits.lower_decimal, limits.upper_decimal) == (Decimal(lower), Decimal(upper))


@pytest.mark.parametrize(
    ("nominal", "lower", "upper"),
    [
        ("20", "19.2307692308", "20.8333333333"),
        ("60", "57.6923076923", "62.5"),
        ("100", "96.1538461538", "104.1666666667"),
    ],
)
def test_torque_limits_follow_from_the_reference(nominal: str, lower: str, upper: str) -> None:
    tolerance = tolerance_from({"percent_of_reading": "4", "basis": "reference"})
    limits = tolerance.limits(ReadingOf.STANDARD, Decimal(nominal))
    assert limits.lower == Fraction(nominal) / Fraction("1.04")
    assert limits.upper == Fraction(nominal) / Fraction("0.96")
    assert limits.lower_decimal is not None
    assert limits.upper_decimal is not None
    assert round(limits.lower_decimal, 10) == Decimal(lower)
    assert round(limits.upper_decimal, 10) == Decimal(upper)
    plain = tolerance_from({"percent_of_reading": "4"}).limits(ReadingOf.STANDARD, Decimal(nominal))
    assert plain.lower == Fraction(nominal) * Fraction("0.96")


def test_reference_basis_where_the_instrument_reads_lies_around_the_reference() -> None:
    tolerance = tolerance_from({"percent_of_reading": "4", "basis": "reference"})
    limits = tolerance.limits(ReadingOf.UUT, Decimal(100), Decimal(98))
    assert (limits.lower_decimal, limits.upper_decimal) == (Decimal("94.08"), Decimal("101.92"))
    without = tolerance.limits(ReadingOf.UUT, Decimal(100))
    assert (without.lower_decimal, without.upper_decimal) == (Decimal(96), Decimal(104))


def test_percent_of_reading_uses_the_absolute_value() -> None:
    limits = tolerance_from({"percent_of_reading": "1"}).limits(ReadingOf.UUT, Decimal(-200))
    assert (limits.lower, limits.upper) == (Fraction(-202), Fraction(-198))


def test_max_takes_the_widest_and_the_floor_holds_below() -> None:
    given_amounts = {"absolute": "1", "percent_of_reading": "1", "combine": "max", "floor": "0.5"}
    tolerance = tolerance_from(given_amounts)
    assert tolerance.limits(ReadingOf.UUT, Decimal(500)).upper == 505
    assert tolerance.limits(ReadingOf.UUT, Decimal(50)).upper == 51
    small = tolerance_from({"ppm": "10", "floor": "0.5"})
    assert small.limits(ReadingOf.UUT, Decimal(50)).upper == Fraction("50.5")
    assert small.limits(ReadingOf.UUT, Decimal(100000)).upper == 100001
    zero = tolerance_from({"percent_of_reading": "4", "floor": "0.2", "basis": "reference"})
    limits = zero.limits(ReadingOf.STANDARD, Decimal(0))
    assert (limits.lower, limits.upper) == (Fraction("-0.2"), Fraction("0.2"))


def test_sides_can_differ_and_one_can_be_open() -> None:
    both = tolerance_from(
        {"lower": {"absolute": "1"}, "upper": {"counts": "3"}, "resolution": "0.1"}
    ).limits(ReadingOf.UUT, Decimal("10.0"))
    assert (both.lower_decimal, both.upper_decimal) == (Decimal("9.0"), Decimal("10.3"))
    only = tolerance_from({"upper": {"percent_of_span": "1"}, "span": "100", "lower": None})
    limits = only.limits(ReadingOf.UUT, Decimal(10))
    assert limits.lower is None
    assert limits.upper == 11


def test_every_problem_is_named_at_its_member() -> None:
    with pytest.raises(RuleError) as caught:
        tolerance_from(
            {
                "absolute": "-1",
                "percent_of_span": "1",
                "counts": "x",
                "ppm": "NaN",
                "basis": "guess",
                "combine": 3,
                "width": "1",
                "resolution": "0",
            },
            pointer="/points/2/tolerance",
        )
    assert {
        problem.pointer.removeprefix("/points/2/tolerance") for problem in caught.value.problems
    } == {
        "/absolute",
        "/span",
        "/counts",
        "/ppm",
        "/basis",
        "/combine",
        "/width",
        "/resolution",
    }


@pytest.mark.parametrize(
    ("entered", "pointers"),
    [
        ({}, ["/tolerance"]),
        ({"basis": "nominal"}, ["/tolerance"]),
        ({"counts": "1"}, ["/tolerance/resolution"]),
        ({"lower": {}}, ["/tolerance/lower"]),
        ({"lower": "1"}, ["/tolerance/lower"]),
        ({"upper": {"absolute": "1", "basis": "nominal"}}, ["/tolerance/upper/basis"]),
        ({"absolute": "1", "upper": {"absolute": "1"}}, ["/tolerance/absolute"]),
        ({"percent_of_reading": 0.5}, ["/tolerance/percent_of_reading"]),
    ],
)
def test_what_makes_no_tolerance_is_refused(
    entered: dict[str, object], pointers: list[str]
) -> None:
    with pytest.raises(RuleError) as caught:
        tolerance_from(entered)
    assert [problem.pointer for problem in caught.value.problems] == pointers


def test_a_share_of_the_whole_reading_has_no_limit_where_the_standard_reads() -> None:
    entered = {"percent_of_reading": "100", "basis": "reference"}
    with pytest.raises(RuleError, match="less than 100 %"):
        tolerance_from(entered, reading_of=ReadingOf.STANDARD)
    with pytest.raises(RuleError, match="less than 100 %"):
        tolerance_from(entered).limits(ReadingOf.STANDARD, Decimal(5))
    assert tolerance_from(entered).limits(ReadingOf.UUT, Decimal(5)).upper == 10


def _width(tolerance: Tolerance, value: Fraction) -> Fraction:
    side = tolerance.upper
    assert side is not None
    return max(a + p * abs(value) for a, p in side.alternatives(tolerance.combine))


@given(values, amounts, percents, amounts, st.sampled_from(["sum", "max"]))
def test_where_the_standard_reads_the_limits_are_where_the_error_equals_the_tolerance(
    nominal: Decimal, absolute: Decimal, percent: Decimal, floor: Decimal, combine: str
) -> None:
    tolerance = tolerance_from(
        {
            "absolute": absolute,
            "percent_of_reading": percent,
            "floor": floor,
            "combine": combine,
            "basis": "reference",
        }
    )
    limits = tolerance.limits(ReadingOf.STANDARD, nominal)
    for limit in (limits.lower, limits.upper):
        assert limit is not None
        assert abs(Fraction(nominal) - limit) == _width(tolerance, limit)
    assert limits.contains(Fraction(nominal))


@given(values, amounts, percents, st.integers(-9, 9))
def test_scaling_the_unit_scales_the_limits(
    nominal: Decimal, absolute: Decimal, percent: Decimal, power: int
) -> None:
    scale = Fraction(10) ** power

    def scaled(number: Decimal) -> Decimal:
        return decimal_of(Fraction(number) * scale)

    one = tolerance_from({"absolute": absolute, "percent_of_reading": percent})
    other = tolerance_from({"absolute": scaled(absolute), "percent_of_reading": percent})
    limits = one.limits(ReadingOf.UUT, nominal)
    moved = other.limits(ReadingOf.UUT, scaled(nominal))
    assert limits.lower is not None
    assert limits.upper is not None
    assert (moved.lower, moved.upper) == (limits.lower * scale, limits.upper * scale)
