"""Evaluation of test points and of whole records: what was found, what was left, what it means.

The order of verdicts, worst first, is fail, conditional fail, indeterminate, not evaluated,
conditional pass, pass. A record is as good as its worst point in scope.

- A point out of scope is judged, but does not count.
- A point without readings that has a reason for it (``not_tested_reason``, or the record's
  ``as_found_na_reason``) does not count either.
- A point without readings and without a reason counts as not evaluated: a gap is no pass.
- Where no point counts, the record is not tested.

No as-left readings and no adjustment: as-left *is* as-found, by reference. After an adjustment the
readings that were found say nothing about what was left, so a point without as-left readings then
counts as not tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from calibrify_calibration.domain.decisions import (
    Decision,
    DecisionRule,
    Result,
    decide,
    ratio_decimal,
    rule_named,
    uncertainty_ratio,
)
from calibrify_calibration.domain.limits import NO_LIMITS, Limits
from calibrify_calibration.domain.problems import RuleError
from calibrify_calibration.domain.readings import Reading, ReadingOf, Summary, summarise
from calibrify_calibration.domain.tolerances import Tolerance

WORST_FIRST = (
    Result.FAIL,
    Result.CONDITIONAL_FAIL,
    Result.INDETERMINATE,
    Result.NOT_EVALUATED,
    Result.CONDITIONAL_PASS,
    Result.PASS,
    Result.NOT_TESTED,
)
"""Verdicts in the order in which one of them speaks for a whole record."""


@dataclass(frozen=True)
class Point:
    """What is known of a test point before it is judged; all values in the unit of the point.

    Attributes:
        nominal: Nominal value.
        limits: Explicit limits; `NO_LIMITS` when there are none.
        tolerance: Tolerance, where there are no explicit limits.
        reference_value: Reference where it stands still; the nominal where it is None.
        reading_of: Whose readings they are.
        expanded_uncertainty: U; None when it is unknown.
        in_scope: Whether the point counts for the record.
        not_tested_reason: Why nothing was measured here.
    """

    nominal: Decimal
    limits: Limits = NO_LIMITS
    tolerance: Tolerance | None = None
    reference_value: Decimal | None = None
    reading_of: ReadingOf = ReadingOf.UUT
    expanded_uncertainty: Decimal | None = None
    in_scope: bool = True
    not_tested_reason: str | None = None

    def limits_at(self, reference: Fraction | None = None) -> Limits:
        """Return the tolerance limits that apply to the indication.

        Args:
            reference: Mean of the references that belong to the readings; the reference value of
                the point where it is None.

        Raises:
            RuleError: No limits follow from the tolerance.

        >>> Point(Decimal("10")).limits_at().is_open
        True
        """
        if self.tolerance is None:
            return self.limits
        return self.tolerance.limits(
            self.reading_of,
            self.nominal,
            self.reference_value if reference is None else reference,
        )


@dataclass(frozen=True)
class Evaluation:
    """Verdict on a test point in one phase, with the figures behind it.

    Attributes:
        result: The verdict.
        summary: Exact mean and error; None when no reading counts.
        limits: Tolerance limits that applied.
        acceptance: Acceptance limits; open when nothing could be evaluated.
        ratio: Exact test uncertainty ratio; None where it has no meaning.
        inherited: Whether this is as-left taken from as-found by reference.
    """

    result: Result
    summary: Summary | None = None
    limits: Limits = NO_LIMITS
    acceptance: Limits = NO_LIMITS
    ratio: Fraction | None = None
    inherited: bool = False

    @property
    def mean(self) -> Decimal | None:
        """Mean of the indications, to be stored or shown."""
        return None if self.summary is None else self.summary.mean_decimal

    @property
    def error(self) -> Decimal | None:
        """Error of the mean, to be stored or shown."""
        return None if self.summary is None else self.summary.error_decimal

    @property
    def tur(self) -> Decimal | None:
        """Test uncertainty ratio, to be stored or shown."""
        return ratio_decimal(self.ratio)

    @property
    def acceptance_lower(self) -> Decimal | None:
        """Lower acceptance limit, to be stored or shown."""
        return self.acceptance.lower_decimal

    @property
    def acceptance_upper(self) -> Decimal | None:
        """Upper acceptance limit, to be stored or shown."""
        return self.acceptance.upper_decimal


@dataclass(frozen=True)
class PointVerdicts:
    """Both evaluations of a test point.

    Attributes:
        as_found: As the instrument came.
        as_left: As it went.
    """

    as_found: Evaluation
    as_left: Evaluation


@dataclass(frozen=True)
class RecordVerdicts:
    """Verdicts on a record.

    Attributes:
        points: Verdicts on its points, in their order.
        as_found_result: Worst in scope as found.
        as_left_result: Worst in scope as left.
    """

    points: tuple[PointVerdicts, ...]
    as_found_result: Result
    as_left_result: Result


def evaluate(
    point: Point,
    readings: Sequence[Reading],
    rule_name: str = DecisionRule.SIMPLE_ACCEPTANCE,
    factor: Decimal | None = None,
) -> Evaluation:
    """Judge one phase of a test point.

    Args:
        point: The point.
        readings: Its readings in this phase.
        rule_name: Value of `DecisionRule`.
        factor: Guard band factor, where the rule takes one.

    Raises:
        RuleError: The rule is not available, or no limits follow from the tolerance.

    >>> from calibrify_calibration.domain.limits import explicit_limits
    >>> from calibrify_calibration.domain.readings import readings_from
    >>> point = Point(
    ...     Decimal("10"), explicit_limits("9.9905", "10.0095"),
    ...     expanded_uncertainty=Decimal("0.0006"),
    ... )
    >>> evaluation = evaluate(point, readings_from(["10.0012"]), "guard_band_u")
    >>> evaluation.result.value, evaluation.error, evaluation.acceptance_upper
    ('pass', Decimal('0.0012'), Decimal('10.0089'))
    """
    rule = rule_named(rule_name, factor)
    summary = summarise(readings, point.reading_of, point.nominal, point.reference_value)
    limits = point.limits_at(None if summary is None else summary.reference)
    ratio = uncertainty_ratio(limits, point.expanded_uncertainty)
    if summary is None:
        decision = Decision(Result.NOT_TESTED)
    else:
        decision = decide(summary.mean, limits, point.expanded_uncertainty, rule, factor)
    return Evaluation(decision.result, summary, limits, decision.acceptance, ratio)


def inherit(as_found: Evaluation) -> Evaluation:
    """Return what was found as what was left, marked as such.

    Args:
        as_found: Evaluation of a point that was not adjusted and not measured again.

    >>> inherit(Evaluation(Result.PASS)).inherited
    True
    """
    return Evaluation(
        as_found.result,
        as_found.summary,
        as_found.limits,
        as_found.acceptance,
        as_found.ratio,
        inherited=True,
    )


def evaluate_record(
    points: Iterable[tuple[Point, Sequence[Reading], Sequence[Reading]]],
    *,
    rule_name: str = DecisionRule.SIMPLE_ACCEPTANCE,
    factor: Decimal | None = None,
    adjusted: bool = False,
    as_found_na_reason: str | None = None,
) -> RecordVerdicts:
    """Judge a whole record.

    Args:
        points: Each point with its as-found and as-left readings.
        rule_name: Value of `DecisionRule`.
        factor: Guard band factor, where the rule takes one.
        adjusted: Whether the instrument was adjusted between the two.
        as_found_na_reason: Why there are no as-found readings (an initial calibration).

    Raises:
        RuleError: The rule is not available, or no limits follow from a tolerance; its pointer
            then starts with ``/points/<index>``.

    >>> from calibrify_calibration.domain.limits import explicit_limits
    >>> from calibrify_calibration.domain.readings import readings_from
    >>> point = Point(Decimal("10"), explicit_limits("9.9", "10.1"))
    >>> found, left = readings_from(["10.2"]), readings_from(["10.0"])
    >>> verdicts = evaluate_record([(point, found, left)], adjusted=True)
    >>> verdicts.as_found_result.value, verdicts.as_left_result.value
    ('fail', 'pass')
    """
    verdicts: list[PointVerdicts] = []
    found_counts: list[Result] = []
    left_counts: list[Result] = []
    rule_named(rule_name, factor)
    for index, (point, found, left) in enumerate(points):
        try:
            as_found = evaluate(point, found, rule_name, factor)
            measured_again = bool(left) or adjusted
            as_left = (
                evaluate(point, left, rule_name, factor) if measured_again else inherit(as_found)
            )
        except RuleError as error:
            raise error.under(f"/points/{index}") from error
        verdicts.append(PointVerdicts(as_found, as_left))
        if point.in_scope:
            excuse = bool(point.not_tested_reason)
            found_counts += _counted(as_found.result, excuse or bool(as_found_na_reason))
            left_counts += _counted(as_left.result, excuse)
    return RecordVerdicts(tuple(verdicts), worst(found_counts), worst(left_counts))


def _counted(result: Result, excused: bool) -> list[Result]:
    """Return what a point in scope contributes to the verdict on its record."""
    if result is not Result.NOT_TESTED:
        return [result]
    return [] if excused else [Result.NOT_EVALUATED]


def worst(results: Iterable[Result]) -> Result:
    """Return the verdict that speaks for all.

    Args:
        results: Verdicts that count.

    >>> worst([Result.PASS, Result.NOT_EVALUATED, Result.CONDITIONAL_PASS]).value
    'not_evaluated'
    >>> worst([]).value
    'not_tested'
    """
    return min(results, key=WORST_FIRST.index, default=Result.NOT_TESTED)
