"""The server-side charts: what they say, where they draw, what they escape."""

import re
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
import segno
from markupsafe import Markup

from calibrify_core.web.chart_data import Bar, Drift, DriftPoint, Forecast, Gauge, Part, Projected
from calibrify_core.web.chart_scale import (
    DateScale,
    Frame,
    ValueScale,
    date_ticks,
    percent,
    pixels,
    signed,
    ticks,
)
from calibrify_core.web.charts import (
    bar_forecast,
    drift_chart,
    qr_svg,
    stacked_bar,
    tolerance_gauge,
)

D = Decimal
FRAME = Frame(200, 100, 20, 20, 10, 10, compact=False)
POINTS = (
    DriftPoint(date(2021, 12, 11), D("2.10"), None, D("4.5")),
    DriftPoint(date(2022, 12, 11), D("26.8"), D("1.2"), D("4.5"), failed=True),
    DriftPoint(date(2023, 12, 11), D("-3.5"), None, None),
)
DRIFT = Drift(POINTS, "µV", "Drift <of> 10 V", D(-24), D(24), D("-19.5"), D("19.5"))


def tree(markup: Markup) -> ET.Element:
    return ET.fromstring(str(markup))


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [item for item in root.iter() if name in item.get("class", "").split()]


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        ("1.19", "+119\u202f%"),
        ("-0.333", "−33\u202f%"),
        ("0", "0\u202f%"),
        ("1", "+100\u202f%"),
        ("1.004", "+100.4\u202f%"),
        ("-1.0004", "−100.04\u202f%"),
        ("1.0000001", "+100.0000100\u202f%"),
        ("0.9999", "+100\u202f%"),
    ],
)
def test_percent_never_rounds_a_failure_onto_the_limit(fraction: str, text: str):
    assert percent(D(fraction)) == text


def test_signed_numbers_keep_their_digits():
    assert signed(D("2.50")) == "+2.50"
    assert signed(D("-1E+2")) == "−100"
    assert signed(D("0")) == "0"


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        ("0", "27.6", 5, ["0", "10", "20"]),
        ("-30", "30", 6, ["-30", "-20", "-10", "0", "10", "20", "30"]),
        ("0.0001", "0.0009", 4, ["0.0002", "0.0004", "0.0006", "0.0008"]),
        ("0", "400000", 4, ["0", "100000", "200000", "300000", "400000"]),
        ("1", "1", 5, []),
    ],
)
def test_ticks_are_round_and_exact(low: str, high: str, most: int, expected: list[str]):
    assert [f"{value:f}" for value in ticks(D(low), D(high), most)] == expected


def test_date_ticks_go_from_years_to_months():
    years = date_ticks(date(2019, 6, 1), date(2029, 3, 1), 5)
    assert years == [(date(y, 1, 1), str(y)) for y in (2020, 2022, 2024, 2026, 2028)]
    months = date_ticks(date(2026, 1, 20), date(2026, 12, 20), 5)
    assert [label for _, label in months] == ["2026-04", "2026-07", "2026-10"]


def test_scales_hit_both_ends():
    values = ValueScale(FRAME, D(-1), D(1))
    assert [values.at(D(v)) for v in (1, 0, -1)] == [10, 50, 90]
    days = DateScale(FRAME, date(2026, 1, 1), date(2026, 1, 11))
    assert [days.at(date(2026, 1, d)) for d in (1, 6, 11)] == [20, 100, 180]


def test_a_single_day_gets_an_axis():
    days = DateScale.around(FRAME, [date(2026, 6, 1)])
    assert days.at(date(2026, 6, 1)) == pytest.approx(100)


def test_pixels_are_short():
    assert [pixels(v) for v in (12.0, 12.54, -0.01)] == ["12", "12.5", "0"]


def test_gauge_says_and_shows_both_readings():
    root = tree(tolerance_gauge(Gauge(D("1.19"), D("0.11"), D("0.1"), D("0.85"), "oot")))
    assert root.get("aria-label") == "As found +119\u202f% of tolerance, as left +11\u202f%"
    assert root.get("class") == "tol st-oot"
    assert of_class(root, "found")[0].get("cx") == "107.6"
    assert of_class(root, "left")[0].get("cx") == "64.4"
    assert of_class(root, "zone")[0].get("width") == "68"


def test_gauge_keeps_a_far_value_on_the_drawing_but_not_in_the_words():
    root = tree(tolerance_gauge(Gauge(D("-40"))))
    assert of_class(root, "left")[0].get("cx") == "2"
    assert root.get("aria-label") == "As found −4000\u202f% of tolerance"
    assert of_class(root, "found") == []
    assert of_class(root, "u") == []


def test_drift_comes_in_two_sizes_with_every_point_in_reach():
    root = tree(drift_chart(DRIFT))
    wide, narrow = list(root)
    assert (wide.get("class"), narrow.get("class")) == ("chart wide", "chart narrow")
    for drawing in (wide, narrow):
        points = [item for item in drawing.iter() if item.get("data-tip")]
        assert [item.get("tabindex") for item in points] == ["0", "0", "0"]
        assert points[0].get("aria-label") == "11 Dec 2021: as found +2.10 µV\nU = 4.5 µV"
        assert "as left +1.2 µV" in points[1].get("data-tip")
        assert points[1].get("class") == "bad"
        assert len(of_class(drawing, "lim")) == 2
        assert len(of_class(drawing, "guard")) == 2
        assert len(of_class(drawing, "adj")) == 1
        assert len(of_class(drawing, "err")) == 2


def test_drift_line_starts_again_from_the_as_left_value():
    wide = next(iter(tree(drift_chart(DRIFT))))
    lines = [item.get("d") for item in of_class(wide, "line")]
    left = of_class(wide, "left")[0].get("cy")
    found = of_class(wide, "pt")[1].get("cy")
    assert lines[0].endswith(found)
    assert lines[1].split("L")[0].endswith(f" {left}")


def test_drift_puts_larger_errors_higher_and_stays_inside():
    wide = next(iter(tree(drift_chart(DRIFT))))
    heights = [
        float(item.get("cy")) for item in of_class(wide, "pt") if "left" not in item.get("class")
    ]
    assert heights[1] < heights[0] < heights[2]
    assert all(16 <= height <= 260 for height in heights)


def test_drift_with_projection_and_due_day():
    ahead = Projected(date(2025, 12, 11), D(5), D(1), D(9))
    chart = Drift(
        POINTS, "V", "x", upper=D(24), due=date(2024, 12, 11), due_label="Due", projection=(ahead,)
    )
    wide = next(iter(tree(drift_chart(chart))))
    assert (
        len(of_class(wide, "cone"))
        == len(of_class(wide, "proj"))
        == len(of_class(wide, "now"))
        == 1
    )
    assert len(of_class(wide, "lim")) == 1
    assert "Due" in "".join(wide.itertext())


def test_nothing_to_draw_draws_nothing():
    assert drift_chart(Drift((), "V", "x")) == ""
    assert bar_forecast(Forecast((), "x")) == ""


def test_a_point_without_limits_still_has_an_axis():
    one = Drift((DriftPoint(date(2026, 1, 1), D(0)),), "V", "x")
    assert len(of_class(next(iter(tree(drift_chart(one)))), "pt")) == 1


def test_text_of_users_is_escaped():
    evil = '"><script>alert(1)</script>'
    chart = Drift((DriftPoint(date(2026, 1, 1), D(1), tip=evil),), evil, evil, due_label=evil)
    bars = Forecast((Bar(evil, (Part("ok", 1, evil),)),), evil)
    markup = drift_chart(chart) + bar_forecast(bars) + stacked_bar([Part("ok", 1, evil)])
    assert "<script" not in markup
    assert 'data-tip="&#34;&gt;&lt;script' in markup


def test_forecast_stacks_to_the_total():
    bars = (Bar("W1", (Part("soon", 3, "due"), Part("incal", 2, "booked"))), Bar("W2", ()))
    wide = next(iter(tree(bar_forecast(Forecast(bars, "Work", 4)))))
    lower, upper = of_class(wide, "bar-soon")[0], of_class(wide, "bar-incal")[0]
    assert float(upper.get("y")) + float(upper.get("height")) == pytest.approx(
        float(lower.get("y")), abs=0.11
    )
    assert [item.text for item in of_class(wide, "strong")] == ["5", "0"]
    tips = [item.get("data-tip") for item in wide.iter() if item.get("data-tip")]
    assert tips == ["W1: 5\n3 due\n2 booked", "W2: 0"]
    assert len(of_class(wide, "cap")) == 1


def test_stacked_bar_fills_the_width_in_order():
    root = tree(
        stacked_bar([Part("ok", 3, "in tolerance"), Part("late", 0, "x"), Part("oot", 1, "out")])
    )
    assert root.get("aria-label") == "3 in tolerance, 1 out"
    assert [(item.get("class"), item.get("x")) for item in root] == [
        ("bar-ok", "0.00"),
        ("bar-oot", "75.00"),
    ]
    assert list(tree(stacked_bar([]))) == []


def test_qr_code_draws_the_modules_that_segno_computes():

    root = tree(qr_svg("https://lab.test/q/EQ-1"))
    matrix = segno.make("https://lab.test/q/EQ-1", error="m", micro=False).matrix
    assert root.get("viewBox") == f"0 0 {len(matrix) + 8} {len(matrix) + 8}"
    dark = set()
    for x, y, run in re.findall(r"M(\d+) (\d+)\.5h(\d+)", root[0].get("d")):
        dark |= {(int(x) - 4 + step, int(y) - 4) for step in range(int(run))}
    assert dark == {(x, y) for y, row in enumerate(matrix) for x, bit in enumerate(row) if bit}


def test_drawings_name_no_colour():
    markup = drift_chart(DRIFT) + tolerance_gauge(Gauge(D(1))) + qr_svg("x")
    assert not re.search(r"#[0-9a-f]{3}|rgb|oklch|style=", markup)
