"""Test points as they are stored: entered text beside exact verdicts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from calibrify_calibration.services.points import judge, point_changes, text_of
from calibrify_core.kernel.errors import Invalid


def _point(**values):
    return {
        "parameter": "Length",
        "unit": "mm",
        "nominal": "10",
        "lower_limit": "9.9",
        "upper_limit": "10.1",
        "as_found": ["10.05"],
        **values,
    }


def _judge(*points, **more):
    return judge(points, rule="simple_acceptance", **more)


def test_what_was_not_adjusted_is_left_as_it_was_found():
    judged = _judge(_point())
    assert judged.points[0]["as_left"] == []
    assert judged.points[0]["as_left_evaluation"] == judged.points[0]["as_found_evaluation"]
    assert (judged.as_found_result.value, judged.as_left_result.value) == ("pass", "pass")


def test_after_an_adjustment_silence_is_no_pass():
    judged = _judge(_point(), adjusted=True)
    assert judged.points[0]["as_left_evaluation"]["result"] == "not_tested"
    assert judged.as_left_result.value == "not_evaluated"


def test_ids_are_given_and_kept():
    judged = _judge(_point(id="2"), _point(), _point())
    assert [point["id"] for point in judged.points] == ["2", "1", "3"]
    again = _judge(*judged.points)
    assert [point["id"] for point in again.points] == ["2", "1", "3"]
    assert again.inputs_hash == judged.inputs_hash


def test_the_hash_follows_every_digit():
    assert _judge(_point()).inputs_hash != _judge(_point(as_found=["10.050"])).inputs_hash
    assert _judge(_point()).inputs_hash != _judge(_point(), adjusted=True).inputs_hash


def test_limits_of_a_tolerance_are_shown_beside_it():
    tolerance = {"percent_of_reading": "0.5", "counts": 2, "resolution": "0.1"}
    wide = _point(lower_limit=None, upper_limit=None, tolerance=tolerance, nominal="500")
    judged = _judge(wide)
    assert judged.points[0]["limits"] == {"lower": "497.3", "upper": "502.7"}
    assert judged.points[0]["tolerance"]["counts"] == "2"


def test_every_problem_is_named():
    with pytest.raises(Invalid) as refused:
        _judge(
            _point(nominal="x", resolution="0", as_found=["y", {"indication": "z"}]),
            _point(lower_limit="11", expanded_uncertainty="-1"),
        )
    assert {error.pointer for error in refused.value.errors} == {
        "/points/0/nominal",
        "/points/0/resolution",
        "/points/0/as_found/0",
        "/points/0/as_found/1/indication",
        "/points/1/upper_limit",
        "/points/1/expanded_uncertainty",
    }


def test_changes_name_the_point_and_the_member():
    before = _judge(_point(), _point()).points
    after = _judge(_point(as_found=["10.06"]), _point()).points
    assert point_changes(before, after) == {"point 1 as_found": [["10.05"], ["10.06"]]}
    assert list(point_changes(before, after[:1])) == ["point 1 as_found", "point 2"]


@pytest.mark.parametrize(
    ("number", "text"), [("1.0010", "1.0010"), ("1E+2", "1E+2"), ("1E-7", "0.0000001")]
)
def test_numbers_are_written_without_inventing_digits(number, text):
    assert text_of(Decimal(number)) == text
