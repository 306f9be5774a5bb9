"""Decision rules: from a value, its limits and its uncertainty to a verdict.

Every comparison is made on exact fractions; rounding belongs to display. A value exactly on a
limit is inside it. A rule that needs an expanded uncertainty does nothing without one: the verdict
is then `Result.NOT_EVALUATED`, never a tacit U = 0. An empty acceptance zone gives
`Result.INDETERMINATE`, whatever the value.

Sources: ILAC-G8:09/2019 sections 4.2.1 to 4.2.3 for the rules; ANSI/NCSL Z540.3 section 3.11 for
the test uncertainty ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, auto
from fractions import Fraction
from types import MappingProxyType

from calibrify_calibration.domain.decimals import decimal_of, places_of
from calibrify_calibration.domain.limits import NO_LIMITS, Limits
from calibrify_calibration.domain.problems import refuse


class Result(StrEnum):
    """Verdict on a test point, or on a whole record.

    Attributes:
        PASS: Accepted.
        CONDITIONAL_PASS: Inside the tolerance, but inside the guard band too.
        CONDITIONAL_FAIL: Outside the tolerance by no more than the guard band.
        FAIL: Not accepted.
        INDETERMINATE: The guard bands leave no acceptance zone.
        NOT_EVALUATED: Measured, but there is no limit or no uncertainty to judge with.
        NOT_TESTED: No reading counts.
    """

    PASS = auto()
    CONDITIONAL_PASS = auto()
    CONDITIONAL_FAIL = auto()
    FAIL = auto()
    INDETERMINATE = auto()
    NOT_EVALUATED = auto()
    NOT_TESTED = auto()


class DecisionRule(StrEnum):
    """Names of decision rules.

    Attributes:
        SIMPLE_ACCEPTANCE: The tolerance limits are the acceptance limits (w = 0).
        GUARD_BAND_U: The guard band is the expanded uncertainty (w = U).
        GUARD_BAND_RU: The guard band is a multiple of it (w = r * U).
        NON_BINARY: w = U with conditional verdicts on both sides of each limit.
        Z540_3_METHOD_6: Guard band from the test uncertainty ratio; its name is reserved.
    """

    SIMPLE_ACCEPTANCE = "simple_acceptance"
    GUARD_BAND_U = "guard_band_u"
    GUARD_BAND_RU = "guard_band_rU"
    NON_BINARY = "non_binary"
    Z540_3_METHOD_6 = "z540_3_method_6"


@dataclass(frozen=True)
class Rule:
    """How a decision rule works.

    Attributes:
        needs_uncertainty: Whether nothing can be said without an expanded uncertainty.
        needs_factor: Whether a guard band factor belongs to it.
        guard_band: Width of the guard band from U and the factor, in the unit of the point.
        is_binary: Whether the verdict is pass or fail only.
    """

    needs_uncertainty: bool
    needs_factor: bool
    guard_band: Callable[[Fraction, Fraction], Fraction]
    is_binary: bool = True


RULES: Mapping[DecisionRule, Rule] = MappingProxyType(
    {
        DecisionRule.SIMPLE_ACCEPTANCE: Rule(False, False, lambda _u, _r: Fraction(0)),
        DecisionRule.GUARD_BAND_U: Rule(True, False, lambda u, _r: u),
        DecisionRule.GUARD_BAND_RU: Rule(True, True, lambda u, r: r * u),
        DecisionRule.NON_BINARY: Rule(True, False, lambda u, _r: u, is_binary=False),
    }
)
"""The rules that can be used, by name. A rule joins by its entry here."""


@dataclass(frozen=True)
class Decision:
    """Verdict on a value.

    Attributes:
        result: The verdict.
        acceptance: Acceptance limits, in the unit of the point; `NO_LIMITS` when nothing could be
            evaluated.
    """

    result: Result
    acceptance: Limits = NO_LIMITS


def rule_named(name: str, factor: Decimal | None = None, pointer: str = "") -> Rule:
    """Return the rule of that name.

    Args:
        name: Value of `DecisionRule`.
        factor: Guard band factor r of w = r * U, without unit.
        pointer: JSON pointer of what holds the members, for the errors.

    Raises:
        RuleError: There is no such rule, it is not available, or the factor does not fit it.

    >>> rule_named("guard_band_u").needs_uncertainty
    True
    >>> rule_named("z540_3_method_6")
    Traceback (most recent call last):
    ...
    calibrify_calibration.domain.problems.RuleError: /decision_rule: The decision rule \
z540_3_method_6 is not available. Use simple_acceptance, guard_band_u, guard_band_rU or non_binary.
    """
    rule = RULES.get(DecisionRule(name)) if name in list(DecisionRule) else None
    if rule is None:
        *first, last = (known.value for known in RULES)
        raise refuse(
            f"{pointer}/decision_rule",
            f"The decision rule {name[:40]} is not available. Use {', '.join(first)} or {last}.",
        )
    if rule.needs_factor and (factor is None or factor < 0):
        raise refuse(f"{pointer}/guard_band_factor", f"{name} needs a factor that is not negative.")
    if factor is not None and not rule.needs_factor:
        raise refuse(f"{pointer}/guard_band_factor", f"{name} takes no factor.")
    return rule


def decide(
    value: Fraction,
    limits: Limits,
    expanded_uncertainty: Decimal | None,
    rule: Rule,
    factor: Decimal | None = None,
) -> Decision:
    """Judge a value.

    Args:
        value: What is judged, exact, in the unit of the point.
        limits: Tolerance limits in the same unit.
        expanded_uncertainty: U in the same unit, not negative; None when it is unknown.
        rule: The decision rule.
        factor: Guard band factor, where the rule takes one.

    Returns:
        The verdict with the acceptance limits.

    >>> from calibrify_calibration.domain.limits import explicit_limits
    >>> limits = explicit_limits("9.9905", "10.0095")
    >>> simple, guarded = rule_named("simple_acceptance"), rule_named("guard_band_u")
    >>> decide(Fraction("10.0095"), limits, None, simple).result.value
    'pass'
    >>> decide(Fraction("10.0095"), limits, Decimal("0.0006"), guarded).result.value
    'fail'
    >>> decide(Fraction("10.0"), limits, None, guarded).result.value
    'not_evaluated'
    >>> decide(Fraction("10.0"), limits, Decimal("0.01"), guarded).result.value
    'indeterminate'
    """
    if limits.is_open or (rule.needs_uncertainty and expanded_uncertainty is None):
        return Decision(Result.NOT_EVALUATED)
    width = rule.guard_band(Fraction(expanded_uncertainty or 0), Fraction(factor or 0))
    acceptance = limits.shrunk(width, _places(rule, expanded_uncertainty, factor))
    if acceptance.is_empty:
        return Decision(Result.INDETERMINATE, acceptance)
    if acceptance.contains(value):
        return Decision(Result.PASS, acceptance)
    if not rule.is_binary:
        if limits.contains(value):
            return Decision(Result.CONDITIONAL_PASS, acceptance)
        if limits.shrunk(-width).contains(value):
            return Decision(Result.CONDITIONAL_FAIL, acceptance)
    return Decision(Result.FAIL, acceptance)


def _places(rule: Rule, expanded_uncertainty: Decimal | None, factor: Decimal | None) -> int:
    """Count the decimal places that a guard band was written with."""
    if not rule.needs_uncertainty or expanded_uncertainty is None:
        return 0
    return places_of(expanded_uncertainty) + (0 if factor is None else places_of(factor))


def uncertainty_ratio(limits: Limits, expanded_uncertainty: Decimal | None) -> Fraction | None:
    """Return the exact test uncertainty ratio, (upper - lower) / (2 * U), without unit.

    Args:
        limits: Tolerance limits.
        expanded_uncertainty: U, in the unit of the limits.

    Returns:
        None where it has no meaning: one-sided limits, U unknown or zero.

    >>> from calibrify_calibration.domain.limits import explicit_limits
    >>> uncertainty_ratio(explicit_limits("9.9", "10.1"), Decimal("0.025"))
    Fraction(4, 1)
    """
    span = limits.span
    if span is None or not expanded_uncertainty:
        return None
    return span / (2 * Fraction(expanded_uncertainty))


def ratio_decimal(ratio: Fraction | None) -> Decimal | None:
    """Write a test uncertainty ratio, to be stored or shown.

    Args:
        ratio: Exact ratio, or None.

    >>> ratio_decimal(Fraction(4))
    Decimal('4')
    """
    return None if ratio is None else decimal_of(ratio)
