from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from calibrify_calibration.domain.decisions import Result
from calibrify_calibration.domain.evaluations import (
    WORST_FIRST,
    Point,
    evaluate,
    evaluate_record,
    inherit,
    worst,
)
from calibrify_calibration.domain.limits import explicit_limits
from calibrify_calibration.domain.problems import RuleError
from calibrify_calibration.domain.readings import Reading, ReadingOf, readings_from
from calibrify_calibration.domain.tolerances import tolerance_from

TEN = Decimal(10)
POINT = Point(
    TEN,
    explicit_limits("9.9905", "10.0095"),
    reference_value=Decimal("10.00000"),
    expanded_uncertainty=Decimal("0.0006"),
)


def _readings(*texts: str) -> tuple[Reading, ...]:
    return readings_from(texts)


def test_a_point_with_everything() -> None:
    found = evaluate(POINT, _readings("10.0012"), "guard_band_u")
    assert found.result is Result.PASS
    assert str(found.mean) == "10.0012"
    assert str(found.error) == "0.00120"
    assert str(found.acceptance_lower) == "9.9911"
    assert str(found.acceptance_upper) == "10.0089"
    assert found.ratio == Fraction(95, 6)
    assert found.tur is not None
    assert str(found.tur).startswith("15.8333")


def test_the_verdict_is_on_the_unrounded_mean() -> None:
    point = Point(TEN, explicit_limits("9", "10.0003"))
    assert evaluate(point, _readings("10.0003", "10.0003", "10.0003")).result is Result.PASS
    assert evaluate(point, _readings("10.0003", "10.0003", "10.0004")).result is Result.FAIL
    third = Point(Decimal(0), explicit_limits("0", "0.3333333333333333333333333333333333"))
    assert evaluate(third, _readings("0", "0", "1")).result is Result.FAIL


def test_a_torque_wrench_is_judged_by_what_the_standard_reads() -> None:
    tolerance = tolerance_from({"percent_of_reading": "4", "basis": "reference"})
    point = Point(Decimal(100), tolerance=tolerance, reading_of=ReadingOf.STANDARD)
    verdicts = {
        text: evaluate(point, _readings(text)).result.value
        for text in ("96.15", "96.16", "104.16", "104.17")
    }
    assert verdicts == {"96.15": "fail", "96.16": "pass", "104.16": "pass", "104.17": "fail"}
    found = evaluate(point, _readings("96.16"))
    assert found.error == Decimal("3.84")
    assert str(found.acceptance_lower).startswith("96.1538461538")


def test_reference_basis_follows_a_moving_reference() -> None:
    tolerance = tolerance_from({"percent_of_reading": "1", "basis": "reference"})
    point = Point(Decimal(100), tolerance=tolerance, reference_value=Decimal(100))
    moved = readings_from([{"indication": "103", "reference": "102"}])
    assert evaluate(point, moved).result is Result.PASS
    assert evaluate(point, _readings("103")).result is Result.FAIL
    assert evaluate(point, moved).acceptance_upper == Decimal("103.02")


def test_a_point_without_limits_or_without_readings() -> None:
    assert evaluate(Point(TEN), _readings("10")).result is Result.NOT_EVALUATED
    empty = evaluate(POINT, ())
    assert empty.result is Result.NOT_TESTED
    assert empty.mean is None
    assert empty.error is None
    assert empty.acceptance_lower is None
    assert empty.tur is not None


def test_missing_uncertainty_is_not_zero() -> None:
    point = Point(TEN, explicit_limits("9", "11"))
    assert evaluate(point, _readings("10"), "guard_band_u").result is Result.NOT_EVALUATED
    assert evaluate(point, _readings("10")).result is Result.PASS


def test_as_left_is_as_found_by_reference() -> None:
    verdicts = evaluate_record([(POINT, _readings("10.0012"), ())])
    (point,) = verdicts.points
    assert point.as_left.inherited
    assert not point.as_found.inherited
    assert point.as_left == inherit(point.as_found)
    assert verdicts.as_left_result is Result.PASS


def test_after_an_adjustment_nothing_is_inherited() -> None:
    verdicts = evaluate_record([(POINT, _readings("10.0012"), ())], adjusted=True)
    assert verdicts.points[0].as_left.result is Result.NOT_TESTED
    assert verdicts.as_left_result is Result.NOT_EVALUATED
    assert verdicts.as_found_result is Result.PASS


def test_found_out_of_tolerance_and_left_good() -> None:
    verdicts = evaluate_record([(POINT, _readings("10.0100"), _readings("10.0001"))], adjusted=True)
    assert verdicts.as_found_result is Result.FAIL
    assert verdicts.as_left_result is Result.PASS


def test_points_measured_again_stand_beside_points_that_were_not() -> None:
    verdicts = evaluate_record(
        [
            (POINT, _readings("10.0100"), _readings("10.0001")),
            (POINT, _readings("10.0002"), ()),
        ]
    )
    assert [pair.as_left.inherited for pair in verdicts.points] == [False, True]
    assert verdicts.as_left_result is Result.PASS


def test_an_initial_calibration_has_no_as_found() -> None:
    verdicts = evaluate_record(
        [(POINT, (), _readings("10.0001"))], as_found_na_reason="new instrument"
    )
    assert verdicts.as_found_result is Result.NOT_TESTED
    assert verdicts.as_left_result is Result.PASS


def test_what_is_out_of_scope_does_not_count() -> None:
    outside = Point(TEN, explicit_limits("9", "10"), in_scope=False)
    verdicts = evaluate_record([(POINT, _readings("10.0012"), ()), (outside, _readings("12"), ())])
    assert verdicts.points[1].as_found.result is Result.FAIL
    assert verdicts.as_found_result is Result.PASS
    alone = evaluate_record([(outside, _readings("12"), ())])
    assert alone.as_found_result is Result.NOT_TESTED


def test_a_gap_is_no_pass_unless_it_has_a_reason() -> None:
    gap = Point(TEN, explicit_limits("9", "11"))
    excused = Point(TEN, explicit_limits("9", "11"), not_tested_reason="range not used")
    measured = (POINT, _readings("10.0012"), ())
    assert evaluate_record([measured, (gap, (), ())]).as_left_result is Result.NOT_EVALUATED
    assert evaluate_record([measured, (excused, (), ())]).as_left_result is Result.PASS
    assert evaluate_record([]).as_left_result is Result.NOT_TESTED


def test_worst_in_the_order_of_the_trade() -> None:
    assert [result.value for result in WORST_FIRST[:6]] == [
        "fail",
        "conditional_fail",
        "indeterminate",
        "not_evaluated",
        "conditional_pass",
        "pass",
    ]
    for worse, better in pairwise(WORST_FIRST):
        assert worst([better, worse, better]) is worse


def test_problems_name_the_point() -> None:
    tolerance = tolerance_from({"percent_of_reading": "100", "basis": "reference"})
    bad = Point(TEN, tolerance=tolerance, reading_of=ReadingOf.STANDARD)
    with pytest.raises(RuleError) as caught:
        evaluate_record([(POINT, _readings("10"), ()), (bad, _readings("10"), ())])
    assert caught.value.problems[0].pointer == "/points/1/tolerance/percent_of_reading"
    with pytest.raises(RuleError) as unknown:
        evaluate_record([], rule_name="z540_3_method_6")
    assert unknown.value.problems[0].pointer == "/decision_rule"
