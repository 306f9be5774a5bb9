from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_calibration.domain.decimals import decimal_of
from calibrify_calibration.domain.decisions import (
    RULES,
    DecisionRule,
    Result,
    decide,
    ratio_decimal,
    rule_named,
    uncertainty_ratio,
)
from calibrify_calibration.domain.limits import NO_LIMITS, Limits, explicit_limits
from calibrify_calibration.domain.problems import RuleError

SIMPLE = rule_named("simple_acceptance")
GUARDED = rule_named("guard_band_u")
GRADED = rule_named("non_binary")

numbers = st.decimals("-1000", "1000", places=3)
widths = st.decimals("0", "1000", places=3)
uncertainties = st.decimals("0", "300", places=3)
rule_names = st.sampled_from(sorted(rule.value for rule in RULES))


def _factor(name: str) -> Decimal | None:
    return Decimal("0.83") if name == "guard_band_rU" else None


def _limits(lower: Decimal, width: Decimal) -> Limits:
    return explicit_limits(lower, decimal_of(Fraction(lower) + Fraction(width)))


@pytest.mark.parametrize(
    ("value", "simple", "guarded", "graded"),
    [
        ("10.0", "pass", "pass", "pass"),
        ("10.08", "pass", "pass", "pass"),
        ("10.080000001", "pass", "fail", "conditional_pass"),
        ("10.1", "pass", "fail", "conditional_pass"),
        ("10.100000001", "fail", "fail", "conditional_fail"),
        ("10.12", "fail", "fail", "conditional_fail"),
        ("10.120000001", "fail", "fail", "fail"),
        ("9.92", "pass", "pass", "pass"),
        ("9.9", "pass", "fail", "conditional_pass"),
        ("9.88", "fail", "fail", "conditional_fail"),
        ("9.879", "fail", "fail", "fail"),
    ],
)
def test_verdicts_at_the_limits(value: str, simple: str, guarded: str, graded: str) -> None:
    limits, u = explicit_limits("9.9", "10.1"), Decimal("0.02")
    exact = Fraction(value)
    assert decide(exact, limits, u, SIMPLE).result == simple
    assert decide(exact, limits, u, GUARDED).result == guarded
    assert decide(exact, limits, u, GRADED).result == graded


def test_a_pressure_gauge_keeps_the_error_below_one_percent_less_u() -> None:
    # 1 % of 4,000 kPa is 40 kPa; with U = 25 kPa, 15 kPa remain.
    decision = decide(Fraction(4015), explicit_limits("3960", "4040"), Decimal(25), GUARDED)
    assert decision.result is Result.PASS
    assert decision.acceptance.lower_decimal == 3985
    assert decision.acceptance.upper_decimal == 4015


@pytest.mark.parametrize(
    ("ratio", "factor"), [("1.5", "0.333333"), ("2", "0.5"), ("3", "0.666667")]
)
def test_subtracting_u_leaves_the_published_share(ratio: str, factor: str) -> None:
    u = decimal_of(1 / Fraction(ratio))
    acceptance = decide(Fraction(0), explicit_limits("-1", "1"), u, GUARDED).acceptance
    assert acceptance.upper_decimal is not None
    assert abs(acceptance.upper_decimal - Decimal(factor)) < Decimal("0.000001")


def test_a_multiple_of_u_is_a_guard_band_too() -> None:
    # ISO 14253-1: w = 1.65 u, that is 0.825 U at k = 2.
    rule = rule_named("guard_band_rU", Decimal("0.825"))
    limits = explicit_limits(None, "10.0")
    decision = decide(Fraction("9.967"), limits, Decimal("0.04"), rule, Decimal("0.825"))
    assert decision.acceptance.upper_decimal == Decimal("9.967")
    assert decision.result is Result.PASS


@pytest.mark.parametrize(
    ("lower", "upper", "u", "ratio"),
    [
        ("9.9", "10.1", "0.025", "4"),
        ("9.9", "10.1", "0.03", "3.333333333333333333333333333333333"),
        (None, "10.1", "0.025", None),
        ("9.9", None, "0.025", None),
        ("9.9", "10.1", None, None),
        ("9.9", "10.1", "0", None),
        ("0", "0.01", "0.00", None),
    ],
)
def test_uncertainty_ratio(
    lower: str | None, upper: str | None, u: str | None, ratio: str | None
) -> None:
    found = uncertainty_ratio(explicit_limits(lower, upper), None if u is None else Decimal(u))
    assert ratio_decimal(found) == (None if ratio is None else Decimal(ratio))


@pytest.mark.parametrize("name", ["guard_band_u", "non_binary"])
def test_no_rule_that_needs_u_works_without_it(name: str) -> None:
    decision = decide(Fraction(10), explicit_limits("9", "11"), None, rule_named(name))
    assert decision.result is Result.NOT_EVALUATED
    assert decision.acceptance.is_open


def test_without_limits_nothing_is_evaluated() -> None:
    assert decide(Fraction(10), NO_LIMITS, Decimal(1), SIMPLE).result is Result.NOT_EVALUATED


@pytest.mark.parametrize("value", ["10", "50"])
def test_an_empty_acceptance_zone_is_indeterminate(value: str) -> None:
    decision = decide(Fraction(value), explicit_limits("9", "11"), Decimal("1.01"), GUARDED)
    assert decision.result is Result.INDETERMINATE
    assert decision.acceptance.lower_decimal == Decimal("10.01")
    exactly = decide(Fraction(10), explicit_limits("9", "11"), Decimal(1), GUARDED)
    assert exactly.result is Result.PASS


@pytest.mark.parametrize("name", ["z540_3_method_6", "eyeballing", "", "x" * 1000, "SIMPLE"])
def test_rules_that_are_not_there_are_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(RuleError, match="Use simple_acceptance, guard_band_u") as caught:
        rule_named(name)
    assert caught.value.problems[0].pointer == "/decision_rule"
    assert len(str(caught.value)) < 200


def test_a_factor_belongs_to_its_rule_only() -> None:
    for name, factor in (
        ("guard_band_rU", None),
        ("guard_band_rU", Decimal(-1)),
        ("guard_band_u", Decimal(1)),
    ):
        with pytest.raises(RuleError) as caught:
            rule_named(name, factor)
        assert caught.value.problems[0].pointer == "/guard_band_factor"


def test_the_words_are_those_of_the_interface() -> None:
    assert [result.value for result in Result] == [
        "pass",
        "conditional_pass",
        "conditional_fail",
        "fail",
        "indeterminate",
        "not_evaluated",
        "not_tested",
    ]
    assert DecisionRule.GUARD_BAND_RU == "guard_band_rU"


@given(st.tuples(numbers, numbers, widths, uncertainties), rule_names, st.integers(-12, 12))
def test_scaling_the_unit_leaves_the_verdict(
    figures: tuple[Decimal, Decimal, Decimal, Decimal], name: str, power: int
) -> None:
    value, lower, width, u = figures
    scale = Fraction(10) ** power
    factor = _factor(name)
    rule = rule_named(name, factor)
    limits = _limits(lower, width)
    assert limits.lower is not None
    assert limits.upper is not None
    moved = Limits(limits.lower * scale, limits.upper * scale)
    one = decide(Fraction(value), limits, u, rule, factor)
    other = decide(Fraction(value) * scale, moved, decimal_of(Fraction(u) * scale), rule, factor)
    assert one.result is other.result


@given(numbers, numbers, widths, uncertainties, uncertainties)
def test_a_wider_u_never_turns_a_fail_into_a_pass(
    value: Decimal, lower: Decimal, width: Decimal, u: Decimal, more: Decimal
) -> None:
    limits = _limits(lower, width)
    wider = decimal_of(Fraction(u) + Fraction(more))
    if decide(Fraction(value), limits, u, GUARDED).result is not Result.PASS:
        assert decide(Fraction(value), limits, wider, GUARDED).result is not Result.PASS


@given(numbers, numbers, widths)
def test_without_width_the_guard_band_is_simple_acceptance(
    value: Decimal, lower: Decimal, width: Decimal
) -> None:
    limits = _limits(lower, width)
    simple = decide(Fraction(value), limits, None, SIMPLE)
    for name in ("guard_band_u", "guard_band_rU"):
        rule = rule_named(name, _factor(name))
        guarded = decide(Fraction(value), limits, Decimal(0), rule, _factor(name))
        assert guarded.result is simple.result


@given(numbers, numbers, widths, uncertainties)
def test_the_graded_rule_agrees_with_the_binary_ones(
    value: Decimal, lower: Decimal, width: Decimal, u: Decimal
) -> None:
    limits = _limits(lower, width)
    graded = decide(Fraction(value), limits, u, GRADED).result
    if graded is not Result.INDETERMINATE:
        simple = decide(Fraction(value), limits, u, SIMPLE).result
        guarded = decide(Fraction(value), limits, u, GUARDED).result
        assert (graded in (Result.PASS, Result.CONDITIONAL_PASS)) == (simple is Result.PASS)
        assert (graded is Result.PASS) == (guarded is Result.PASS)
