"""Drift: what happened to an instrument between its calibrations, test point by test point."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.decimals import decimal_of, number_of
from calibrify_calibration.domain.problems import RuleError
from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.domain.trend import TrendPoint, drift_steps, slope_per_year
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.permissions import VIEW
from calibrify_calibration.services.points import text_of
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import find_equipment

MOST_RECORDS = 200
KEY = ("section", "parameter", "unit", "nominal", "range", "direction", "channel")
"""Members that make a test point the same from one calibration to the next."""


def drift_of(unit: UnitOfWork, equipment_id: uuid.UUID) -> dict[str, Any]:
    """Returns the drift of an instrument, one series for each test point that was measured.

    Approved calibrations count, at most the latest 200. Errors and limits are in the unit of
    the point; limits are given as errors, that is relative to what the error is taken from.

    Raises:
        NotFound: the instrument does not exist, or lies outside of the scope.
    """
    find_equipment(unit, equipment_id, VIEW)
    statement = (
        sa.select(
            Calibration.id, Calibration.performed_on, Calibration.adjusted, Calibration.points
        )
        .where(
            Calibration.equipment_id == equipment_id,
            Calibration.state == RecordState.APPROVED.value,
            Calibration.is_historical.is_(False),
        )
        .order_by(Calibration.performed_at.desc(), Calibration.id.desc())
        .limit(MOST_RECORDS)
    )
    rows = list(unit.session.execute(unit.restrict(statement, Calibration, VIEW)))
    series: dict[tuple[Any, ...], list[tuple[Any, Mapping[str, Any]]]] = {}
    for row in reversed(rows):
        for point in row.points:
            series.setdefault(tuple(point[name] for name in KEY), []).append((row, point))
    return {
        "equipment_id": equipment_id,
        "series": [_series(key, found) for key, found in series.items()],
    }


def _series(key: tuple[Any, ...], found: Iterable[tuple[Any, Mapping[str, Any]]]) -> dict[str, Any]:
    """Returns the history of one test point."""
    points = []
    trend = []
    for row, point in found:
        before, after = point["as_found_evaluation"], point["as_left_evaluation"]
        points.append(_point(row, point))
        trend.append(TrendPoint(row.performed_on, _exact(before["error"]), _exact(after["error"])))
    steps = drift_steps(trend)
    slope = slope_per_year(steps)
    names = dict(zip(KEY, key, strict=True))
    return {
        "key": "|".join(str(part or "") for part in key),
        **names,
        "points": points,
        "steps": [
            {
                "since": step.since,
                "until": step.until,
                "drift": text_of(decimal_of(step.drift)),
                "cumulative": text_of(decimal_of(step.cumulative)),
            }
            for step in steps
        ],
        "slope_per_year": None if slope is None else f"{slope:.6g}",
    }


def _point(row: Any, point: Mapping[str, Any]) -> dict[str, Any]:
    """Returns one calibration of a test point."""
    before, after = point["as_found_evaluation"], point["as_left_evaluation"]
    measured = before if before["mean"] is not None else after
    turned = point["reading_of"] == "standard"
    return {
        "calibration_id": row.id,
        "performed_on": row.performed_on,
        "as_found_error": before["error"],
        "as_left_error": after["error"],
        "as_found_result": before["result"],
        "as_left_result": after["result"],
        "adjusted": row.adjusted,
        "expanded_uncertainty": point["expanded_uncertainty"],
        "lower_error": _limit(point, "upper" if turned else "lower", measured),
        "upper_error": _limit(point, "lower" if turned else "upper", measured),
    }


def _limit(point: Mapping[str, Any], side: str, measured: Mapping[str, Any]) -> str | None:
    """Returns a limit of the indication as one of the error.

    Where the standard reads, the error is nominal − reading: what bounds the reading above
    bounds the error below.
    """
    limit = _exact(point["limits"][side])
    mean, error = _exact(measured["mean"]), _exact(measured["error"])
    if limit is None or mean is None or error is None:
        return None
    sign = -1 if point["reading_of"] == "standard" else 1
    return text_of(decimal_of(error + sign * (limit - mean)))


def _exact(text: str | None) -> Fraction | None:
    """Returns the exact number that a stored text denotes."""
    if text is None:
        return None
    try:
        return Fraction(number_of(text))
    except RuleError:
        return Fraction(text)
