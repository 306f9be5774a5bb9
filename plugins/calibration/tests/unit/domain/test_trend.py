from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_calibration.domain.trend import (
    DriftStep,
    TrendPoint,
    drift_steps,
    slope_per_year,
)


def test_drift_goes_from_what_was_left_to_what_is_found() -> None:
    steps = drift_steps(
        [
            TrendPoint(date(2025, 1, 1), Fraction("0.3"), Fraction("0.05")),
            TrendPoint(date(2024, 1, 1), Fraction(5), Fraction("0.1")),
            TrendPoint(date(2026, 1, 1), Fraction("0.25"), None),
        ]
    )
    assert [step.drift for step in steps] == [Fraction("0.2"), Fraction("0.2")]
    assert steps[-1].cumulative == Fraction("0.4")
    assert steps[0].since == date(2024, 1, 1)


def test_gaps_yield_no_step() -> None:
    assert drift_steps([]) == []
    missing = [
        TrendPoint(date(2024, 1, 1), None, Fraction(0)),
        TrendPoint(date(2025, 1, 1), None, Fraction(0)),
        TrendPoint(date(2026, 1, 1), Fraction(1), None),
        TrendPoint(date(2027, 1, 1), Fraction(9), None),
    ]
    assert [step.drift for step in drift_steps(missing)] == [1]


def test_no_slope_without_time() -> None:
    assert slope_per_year([]) is None
    same = date(2024, 1, 1)
    assert slope_per_year([DriftStep(same, same, Fraction(1), Fraction(1))]) is None


@given(st.floats(-10, 10, allow_nan=False), st.integers(2, 10))
def test_a_steady_drift_has_its_slope(per_year: float, count: int) -> None:
    rate = Fraction(per_year) / Fraction("365.2425")
    points = [
        TrendPoint(date(2000 + year, 1, 1), found, Fraction(0))
        for year in range(count)
        for found in [rate * (date(2000 + year, 1, 1) - date(2000 + max(year - 1, 0), 1, 1)).days]
    ]
    assert slope_per_year(drift_steps(points)) == pytest.approx(per_year, abs=1e-9)
