"""The drift of test points over the years, shaped for the chart; nothing is decided by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from calibrify_calibration.domain.decimals import decimal_of, number_of
from calibrify_calibration.domain.display import format_number, rounded
from calibrify_calibration.domain.problems import RuleError
from calibrify_calibration.domain.trend import (
    DAYS_PER_YEAR,
    DriftStep,
    TrendPoint,
    drift_steps,
    slope_per_year,
)
from calibrify_calibration.pages.point_rows import BAD, NO_BREAK, key_of, limits_of, name_of
from calibrify_core.web.chart_data import Drift, DriftPoint, Projected

MOST_SERIES = 12
PLAIN_UNITS = frozenset({"V", "A", "Ω", "m", "g", "s", "F", "H", "Pa", "N", "W", "J", "Hz"})
PREFIXES = ((3, "m"), (6, "µ"), (9, "n"), (12, "p"))
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SMALL = Decimal("0.05")
LEAST_STEPS = 2
AHEAD_DAYS = 550


@dataclass(frozen=True, slots=True)
class Series:
    """The history of one test point.

    Attributes:
        key: what it is called in the address.
        label: what it is called on the page.
        name: the same, told from others of the same nominal value.
        full: the same, told from those of another section too.
        chart: for the drift chart.
        trend: what the slope says, empty while it says nothing.
    """

    key: str
    label: str
    name: str
    full: str
    chart: Drift
    trend: str


def series_of(records: Sequence[Any], due_on: date | None, due_text: str) -> list[Series]:
    """Returns the history of each point of the latest record.

    Args:
        records: approved records with points, oldest first.
        due_on: day of the next calibration.
        due_text: words at its marker.
    """
    if not records:
        return []
    found = []
    for point in records[-1].points[:MOST_SERIES]:
        key = key_of(point)
        made = _series(point, _history(records, key), due_on, due_text)
        if made is not None:
            found.append(made)
    for names in ([one.name for one in found], [one.full for one in found]):
        labels = [one.label for one in found]
        found = [
            replace(one, label=name) if labels.count(one.label) > 1 else one
            for one, name in zip(found, names, strict=True)
        ]
    return found


def _history(records: Sequence[Any], key: str) -> list[tuple[date, dict[str, Any]]]:
    """Returns each calibration of one point."""
    return [
        (record.performed_on, point)
        for record in records
        for point in record.points
        if key_of(point) == key
    ]


def _series(
    point: dict[str, Any],
    history: Sequence[tuple[date, dict[str, Any]]],
    due_on: date | None,
    due_text: str,
) -> Series | None:
    """Returns the history of one point, None while nothing was measured."""
    points = [made for day, item in history if (made := _chart_point(day, item)) is not None]
    if not points:
        return None
    unit = str(point.get("unit") or "")
    limits, nominal = limits_of(point), _number(point.get("nominal")) or Decimal(0)
    evaluation = point.get("as_left_evaluation") or {}
    lower = _less(limits.lower_decimal, nominal)
    upper = _less(limits.upper_decimal, nominal)
    guards = [_less(_number(evaluation.get(f"acceptance_{side}")), nominal)
              for side in ("lower", "upper")]  # fmt: skip
    guards = [None if guard in {lower, upper} else guard for guard in guards]
    power, scaled = scale_of(unit, [lower, upper, *(one.found for one in points)])
    points = [_scaled(one, power) for one in points]
    lower, upper, *guards = (_shifted(one, power) for one in (lower, upper, *guards))
    steps = [
        replace(step, drift=step.drift * 10**power, cumulative=step.cumulative * 10**power)
        for step in drift_steps([_trend_point(day, item) for day, item in history])
    ]
    slope = slope_per_year(steps) if len(steps) >= LEAST_STEPS else None
    heading, label, detail = name_of(point)
    chart = Drift(
        points=tuple(points),
        unit=scaled,
        label=f"Error of {label} over {len(points)} calibrations",
        lower=lower,
        upper=upper,
        guard_lower=guards[0],
        guard_upper=guards[1],
        due=due_on,
        due_label=due_text,
        projection=projection(points[-1], steps, slope, due_on),
    )
    told = trend_text(points[-1], slope, scaled, upper, lower)
    name, full = f"{label} {detail or heading}".strip(), f"{label} {heading} {detail}".strip()
    return Series(key_of(point), label, name, full, chart, told)


def scale_of(unit: str, numbers: Sequence[Decimal | None]) -> tuple[int, str]:
    """Returns by which power of ten small errors are drawn, and the unit that this makes.

    >>> scale_of("V", [Decimal("0.000024"), None])
    (6, 'µV')
    >>> scale_of("kΩ", [Decimal("0.00011")]), scale_of("mm", [Decimal("0.5")])
    ((3, '10⁻³ kΩ'), (0, 'mm'))
    """
    largest = max((abs(number) for number in numbers if number is not None), default=Decimal(0))
    if largest == 0 or largest >= SMALL:
        return 0, unit
    power, prefix = next(
        (pair for pair in PREFIXES if largest.scaleb(pair[0]) >= SMALL), PREFIXES[-1]
    )
    if unit in PLAIN_UNITS:
        return power, f"{prefix}{unit}"
    return power, f"10⁻{str(power).translate(SUPERSCRIPT)} {unit}"


def _shifted(number: Decimal | None, power: int) -> Decimal | None:
    """Returns a number in the unit of the chart, without an exponent."""
    return None if number is None else Decimal(format(number.scaleb(power), "f"))


def _scaled(point: DriftPoint, power: int) -> DriftPoint:
    """Returns a calibration in the unit of the chart."""
    found = _shifted(point.found, power)
    return replace(
        point,
        found=point.found if found is None else found,
        left=_shifted(point.left, power),
        uncertainty=_shifted(point.uncertainty, power),
    )


def _chart_point(day: date, point: dict[str, Any]) -> DriftPoint | None:
    """Returns one calibration of a point; what was only left counts as found."""
    found = _number((point.get("as_found_evaluation") or {}).get("error"))
    left = _number((point.get("as_left_evaluation") or {}).get("error"))
    first = left if found is None else found
    if first is None:
        return None
    return DriftPoint(
        on=day,
        found=first,
        left=left if point.get("as_left") and found is not None else None,
        uncertainty=_number(point.get("expanded_uncertainty")),
        failed=(point.get("as_found_evaluation") or {}).get("result") in BAD,
    )


def _trend_point(day: date, point: dict[str, Any]) -> TrendPoint:
    """Returns one calibration as the trend needs it."""
    errors = [
        _number((point.get(f"{phase}_evaluation") or {}).get("error"))
        for phase in ("as_found", "as_left")
    ]
    found, left = (None if error is None else Fraction(error) for error in errors)
    return TrendPoint(day, found, left)


def projection(
    last: DriftPoint, steps: Sequence[DriftStep], slope: float | None, due_on: date | None
) -> tuple[Projected, ...]:
    """Returns the expected course: the slope, within twice its standard error.

    Args:
        last: the latest calibration.
        steps: drifts between calibrations.
        slope: in units of the point per year; None: no projection.
        due_on: the course goes to a month behind it.
    """
    if slope is None:
        return ()
    end = max(due_on or last.on, last.on) + timedelta(days=30)
    end = min(end, last.on + timedelta(days=AHEAD_DAYS))
    spread, start = _standard_error(steps, slope), float(last.after)
    places = max(6, -_exponent(last.after) + 2)
    found = []
    for part in range(5):
        days = (end - last.on).days * part / 4
        value, width = slope * days / DAYS_PER_YEAR, 2 * spread * days / DAYS_PER_YEAR
        day = last.on + timedelta(days=round(days))
        numbers = (start + value, start + value - width, start + value + width)
        found.append(Projected(day, *(Decimal(f"{number:.{places}f}") for number in numbers)))
    return tuple(found)


def _exponent(number: Decimal) -> int:
    """Returns the power of ten of the last digit."""
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _standard_error(steps: Sequence[DriftStep], slope: float) -> float:
    """Returns the standard error of a slope, zero where too few points speak."""
    if len(steps) < LEAST_STEPS + 1:
        return 0.0
    times = [0.0] + [(step.until - steps[0].since).days / DAYS_PER_YEAR for step in steps]
    drifts = [0.0] + [float(step.cumulative) for step in steps]
    middle = sum(times) / len(times)
    level = sum(drifts) / len(drifts)
    spread = sum((time - middle) ** 2 for time in times)
    rest = sum(
        (drift - level - slope * (time - middle)) ** 2
        for time, drift in zip(times, drifts, strict=True)
    )
    return math.sqrt(rest / (len(times) - 2) / spread) if spread else 0.0


def trend_text(
    last: DriftPoint,
    slope: float | None,
    unit: str,
    upper: Decimal | None,
    lower: Decimal | None,
) -> str:
    """Returns what a slope says, with the year in which it would reach the limit.

    Args:
        last: the latest calibration.
        slope: in units of the point per year.
        unit: of the point.
        upper: upper limit of the error.
        lower: lower limit of the error.
    """
    if slope is None or slope == 0:
        return ""
    places = max(0, 2 - math.floor(math.log10(abs(slope))) - 1)
    rate = format_number(rounded(Decimal(slope), places), signed=True)
    told = f"Trend {rate}{NO_BREAK}{unit} a year"
    limit = upper if slope > 0 else lower
    if limit is None:
        return told
    years = float(limit - last.after) / slope
    if not 0 < years < 50:
        return told
    return f"{told}, reaches the limit in {last.on.year + round(last.on.month / 12 + years - 0.5)}"


def _less(value: Decimal | None, nominal: Decimal) -> Decimal | None:
    """Returns a limit as an error."""
    return None if value is None else decimal_of(Fraction(value) - Fraction(nominal))


def _number(text: Any) -> Decimal | None:
    """Returns a stored number, None where there is none."""
    try:
        return number_of(str(text)) if text not in (None, "") else None
    except RuleError:
        return None
