"""The drift of test points, shaped for the chart."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from calibrify_calibration.pages.drift import series_of


def measured(error: str, left: str | None = None, **more: Any) -> dict[str, Any]:
    point: dict[str, Any] = {
        "parameter": "DC voltage", "unit": "V", "nominal": "10", "expanded_uncertainty": "0.000004",
        "lower_limit": "9.99998", "upper_limit": "10.00002",
        "as_found": ["x"], "as_left": [] if left is None else ["x"],
        "as_found_evaluation": {"error": error, "result": "pass"},
        "as_left_evaluation": {"error": left or error, "acceptance_upper": "10.000016",
                               "acceptance_lower": "9.999984", "result": "pass"},
    }  # fmt: skip
    return point | more


def record(year: int, *points: dict[str, Any]) -> Any:
    return SimpleNamespace(performed_on=date(year, 2, 1), points=list(points))


def test_small_errors_are_drawn_in_a_smaller_unit_with_their_limits():
    records = [record(2024, measured("0.000002")), record(2025, measured("0.000004"))]
    (series,) = series_of(records, date(2026, 2, 1), "Due 1 Feb")
    chart = series.chart
    assert chart.unit == "µV"
    assert (chart.lower, chart.upper) == (Decimal(-20), Decimal(20))
    assert (chart.guard_lower, chart.guard_upper) == (Decimal(-16), Decimal(16))
    assert [one.found for one in chart.points] == [Decimal(2), Decimal(4)]
    assert chart.points[0].uncertainty == Decimal(4)
    assert (chart.due, chart.due_label) == (date(2026, 2, 1), "Due 1 Feb")


def test_a_steady_drift_is_projected_and_told_and_an_adjustment_is_no_drift():
    records = [
        record(2022, measured("0.000008", left="0.000000")),
        record(2023, measured("0.000002")),
        record(2024, measured("0.000004")),
        record(2025, measured("0.000006")),
    ]
    (series,) = series_of(records, None, "")
    last = series.chart.projection[-1]
    assert series.chart.points[0].adjusted
    assert series.chart.projection[0].value == Decimal(6)
    assert last.value > 6
    assert last.low <= last.value <= last.high
    assert series.trend.startswith("Trend +2.0\xa0µV a year, reaches the limit in 203")


def test_two_calibrations_say_nothing_about_the_future():
    records = [record(2024, measured("0.1")), record(2025, measured("0.2"))]
    (series,) = series_of(records, None, "")
    assert (series.chart.unit, series.chart.projection, series.trend) == ("V", (), "")


def test_only_points_of_the_latest_record_with_readings_have_a_series():
    old = measured("0.1", nominal="20")
    empty = measured("0.1", as_found_evaluation={}, as_left_evaluation={}, nominal="30")
    records = [record(2024, old), record(2025, measured("0.1"), empty)]
    assert [one.label for one in series_of(records, None, "")] == ["10\xa0V"]
    assert series_of([], None, "") == []


def test_points_of_the_same_nominal_are_told_apart():
    records = [record(2025, measured("0.1", range="20 V"), measured("0.1", range="200 V"))]
    labels = [one.label for one in series_of(records, None, "")]
    assert labels == ["10\xa0V 20 V", "10\xa0V 200 V"]
    sections = [measured("0.1", section="Rising"), measured("0.1", section="Falling")]
    labels = [one.label for one in series_of([record(2025, *sections)], None, "")]
    assert labels == ["10\xa0V Rising DC voltage", "10\xa0V Falling DC voltage"]
