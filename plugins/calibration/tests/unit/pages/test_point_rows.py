"""Test points as rows: digits as entered, gauges in parts of the tolerance, plain verdicts."""

from decimal import Decimal
from typing import Any

import pytest

from calibrify_calibration.pages.point_rows import grouped, key_of, limits_of, row_of, rows_of


def point(**more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "section": "DC",
        "parameter": "DC voltage",
        "unit": "V",
        "nominal": "10",
        "lower_limit": "9.990",
        "upper_limit": "10.010",
        "expanded_uncertainty": "0.001",
        "coverage_factor": "2",
        "as_found": ["10.0119"],
        "as_left": ["10.0010"],
        "as_found_evaluation": {
            "mean": "10.0119", "acceptance_upper": "10.009", "result": "fail",
        },
        "as_left_evaluation": {
            "mean": "10.0010", "acceptance_upper": "10.009", "result": "pass",
        },
    }  # fmt: skip
    return made | more


def test_a_point_that_was_found_out_and_adjusted():
    row = row_of(point())
    assert (row.label, row.detail, row.limits) == ("10\xa0V", "DC voltage", "±0.01\xa0V")
    assert (row.found, row.left, row.percent) == ("10.0119", "10.0010", "+119\u202f%")
    assert (row.tone, row.word) == ("oot", "Found out, adjusted")
    assert row.gauge is not None
    assert (row.gauge.found, row.gauge.left) == (Decimal("1.190"), Decimal("0.100"))
    assert (row.gauge.uncertainty, row.gauge.guard) == (Decimal("0.1000"), Decimal("0.9000"))


@pytest.mark.parametrize(("tur", "shown"), [("15.8399", "15.83"), (None, "")])
def test_a_ratio_is_never_better_than_it_is(tur: str | None, shown: str):
    verdict = {"mean": "10.0010", "tur": tur, "result": "pass"}
    assert row_of(point(as_left_evaluation=verdict)).ratio == shown


def test_no_adjustment_is_told_of_where_the_record_denies_it():
    assert row_of(point(), adjusted=False).word == "Found out, left in"


def test_readings_keep_their_digits_and_several_show_their_mean():
    several = point(
        as_found=["10.0", {"indication": "10.002"}],
        as_left=[],
        as_found_evaluation={"mean": "10.001", "result": "pass"},
        as_left_evaluation={"mean": "10.001", "result": "pass"},
    )
    row = row_of(several)
    assert (row.found, row.counts, row.word, row.inherited) == ("10.001", "mean of 2", "Pass", True)
    assert row.gauge is not None
    assert row.gauge.left is None


THIRD = "10.00033333333333333333333333333333"


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({}, "10.0003"),
        ({"expanded_uncertainty": None}, "10.0003"),
        ({"expanded_uncertainty": None, "resolution": "0.001"}, "10.000"),
        ({"expanded_uncertainty": "0.01234"}, "10.000"),
        ({"expanded_uncertainty": "0.01234", "limits": {"lower": "9", "upper": "10"}}, "10.0003"),
    ],
)
def test_a_mean_has_at_most_one_digit_more_than_its_readings(facts: dict[str, Any], shown: str):
    verdict = {"mean": THIRD, "error": THIRD[3:], "result": "pass"}
    several = {
        "as_found": ["10.000", "10.000", "10.001"], "as_left": [],
        "expanded_uncertainty": "0.0006",
        "as_found_evaluation": verdict, "as_left_evaluation": verdict,
    }  # fmt: skip
    row = row_of(point(**several | facts))
    assert (row.found, row.left) == (shown, shown)
    assert len(row.uncertainty) <= len("0.0012")


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"lower_limit": None}, "≤\xa010.010\xa0V"),
        ({"upper_limit": None}, "≥\xa09.990\xa0V"),
        ({"lower_limit": None, "upper_limit": None}, "No limits"),
        ({"lower_limit": "9.985"}, "9.985 … 10.010\xa0V"),
        (
            {"lower_limit": None, "upper_limit": None, "tolerance": {"percent_of_reading": "0.5"}},
            "±0.05\xa0V",
        ),
    ],
)
def test_limits_in_words(limits: dict[str, Any], text: str):
    assert row_of(point(**limits)).limits == text


def test_what_cannot_be_read_has_no_limits_and_no_gauge():
    assert limits_of({"nominal": "ten", "tolerance": {"ppm": "x"}}).is_open
    assert row_of({"nominal": "10", "unit": "V"}).gauge is None


def test_rows_stand_under_their_sections_in_order():
    names = ("DC", "DC", "Resistance", "DC")
    groups = grouped(rows_of(point(section=name) for name in names))
    assert [(name, len(rows)) for name, rows in groups] == [
        ("DC", 2), ("Resistance", 1), ("DC", 1),
    ]  # fmt: skip


def test_a_point_is_told_from_others_of_the_same_nominal():
    assert key_of(point(range="20 V")) != key_of(point(range="200 V"))
