"""Drift of a test point over the years, for charts.

Between two calibrations an instrument drifts from what was *left* to what is *found*; adjustments
are no drift. Steps and sums are exact. The slope is a least-squares line in floating point: it is
drawn and never decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

DAYS_PER_YEAR = 365.2425
"""Mean length of a year of the Gregorian calendar, in days."""


@dataclass(frozen=True)
class TrendPoint:
    """One calibration of a test point; errors in the unit of the point.

    Attributes:
        performed_on: Day of the calibration.
        as_found_error: Exact error as found; None when it was not measured.
        as_left_error: Exact error as left; None when it was not measured.
    """

    performed_on: date
    as_found_error: Fraction | None
    as_left_error: Fraction | None


@dataclass(frozen=True)
class DriftStep:
    """What happened between two calibrations.

    Attributes:
        since: Day of the earlier one.
        until: Day of the later one.
        drift: As-found error of the later minus as-left error of the earlier, in the unit of the
            point.
        cumulative: Sum of all drifts up to here, in the same unit.
    """

    since: date
    until: date
    drift: Fraction
    cumulative: Fraction


def drift_steps(points: Iterable[TrendPoint]) -> list[DriftStep]:
    """Return the drift from each calibration to the next, in the order of time.

    A calibration that lacks one of the two errors yields no step; the chain goes on at the next.

    Args:
        points: Calibrations of one test point, in any order.

    >>> steps = drift_steps([
    ...     TrendPoint(date(2024, 1, 1), Fraction(0), Fraction(1, 10)),
    ...     TrendPoint(date(2025, 1, 1), Fraction(3, 10), Fraction(0)),
    ... ])
    >>> steps[0].drift
    Fraction(1, 5)
    """
    ordered = sorted(points, key=lambda point: point.performed_on)
    steps: list[DriftStep] = []
    cumulative = Fraction(0)
    for earlier, later in pairwise(ordered):
        if earlier.as_left_error is None or later.as_found_error is None:
            continue
        drift = later.as_found_error - earlier.as_left_error
        cumulative += drift
        steps.append(DriftStep(earlier.performed_on, later.performed_on, drift, cumulative))
    return steps


def slope_per_year(steps: Sequence[DriftStep]) -> float | None:
    """Return the slope of the accumulated drift, in units of the point per year, for drawing.

    Ordinary least squares through the start of the first step and the end of each.

    Args:
        steps: What `drift_steps` returned.

    Returns:
        None with fewer than two different days.

    >>> step = DriftStep(date(2024, 1, 1), date(2025, 1, 1), Fraction(1), Fraction(1))
    >>> round(slope_per_year([step]), 2)
    1.0
    """
    if not steps:
        return None
    start = steps[0].since
    times = [0.0, *((step.until - start).days / DAYS_PER_YEAR for step in steps)]
    drifts = [0.0, *(float(step.cumulative) for step in steps)]
    mean_time = sum(times) / len(times)
    mean_drift = sum(drifts) / len(drifts)
    spread = sum((time - mean_time) ** 2 for time in times)
    if spread == 0:
        return None
    shared = sum(
        (time - mean_time) * (drift - mean_drift) for time, drift in zip(times, drifts, strict=True)
    )
    return shared / spread
