"""Test points as they are stored: what was entered, with the verdicts of the rules beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from calibrify_calibration.domain.decimals import number_of, places_of
from calibrify_calibration.domain.decisions import Result, rule_named
from calibrify_calibration.domain.display import mean_places, rounded, rounded_beside
from calibrify_calibration.domain.evaluations import Evaluation, Point, evaluate_record
from calibrify_calibration.domain.limits import NO_LIMITS, Limits, explicit_limits
from calibrify_calibration.domain.problems import Problem, RuleError
from calibrify_calibration.domain.readings import (
    Reading,
    ReadingOf,
    readings_from,
    same_readings,
)
from calibrify_calibration.domain.tolerances import Tolerance, tolerance_from
from calibrify_calibration.services.problems import field_errors, invalid
from calibrify_core.kernel.errors import FieldError, Invalid

ENGINE_VERSION = "1"
"""Version of the rules by which points are judged; stored with every record."""

ENTERED = (
    "section",
    "parameter",
    "unit",
    "nominal",
    "reference_value",
    "range",
    "direction",
    "channel",
    "test_condition",
    "lower_limit",
    "upper_limit",
    "tolerance",
    "resolution",
    "expanded_uncertainty",
    "coverage_factor",
    "reading_of",
    "in_scope",
    "not_tested_reason",
    "as_found",
    "as_left",
    "standard_ids",
)
"""Members of a stored point that were entered, besides its id."""

_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(ENTERED),
    "section": "",
    "range": "",
    "reading_of": "uut",
    "in_scope": True,
}

LEFT_OTHERWISE = (
    'Tick "It was adjusted", or clear the as-left readings: without an adjustment, as left is as '
    "found."
)

_LISTS = frozenset({"as_found", "as_left", "standard_ids"})


@dataclass(frozen=True, slots=True)
class Judged:
    """Test points with their verdicts.

    Attributes:
        points: as they are stored and shown.
        as_found_result: worst in scope as found.
        as_left_result: worst in scope as left.
        inputs_hash: SHA-256 over all that the verdicts depend on.
    """

    points: list[dict[str, Any]]
    as_found_result: Result
    as_left_result: Result
    inputs_hash: str


def judge(
    points: Sequence[Mapping[str, Any]],
    *,
    rule: str,
    factor: str | None = None,
    adjusted: bool = False,
    as_found_na_reason: str | None = None,
    conformity: bool = True,
) -> Judged:
    """Judges test points on their exact values.

    Args:
        points: as `schemas.calibration.PointIn` names their members, numbers as text.
        rule: name of the decision rule.
        factor: guard band factor, where the rule takes one.
        adjusted: whether the instrument was adjusted between as found and as left.
        as_found_na_reason: why there are no as-found readings.
        conformity: whether a statement of conformity is wanted; only then limits are needed.

    Raises:
        Invalid: with every problem of every point.
    """
    errors: list[FieldError] = []
    plain = [_plain(point) for point in points]
    _name(plain, errors)
    guard: Decimal | None = None
    try:
        guard = None if factor is None else number_of(factor, "/guard_band_factor")
        rule_named(rule, guard)
    except RuleError as error:
        errors += field_errors(error)
    ready: list[tuple[Point, Sequence[Reading], Sequence[Reading]]] = []
    for index, point in enumerate(plain):
        try:
            ready.append(_prepared(point, conformity))
        except RuleError as error:
            errors += field_errors(error, f"/points/{index}")
    if errors:
        raise Invalid(errors)
    try:
        verdicts = evaluate_record(
            ready,
            rule_name=rule,
            factor=guard,
            adjusted=adjusted,
            as_found_na_reason=as_found_na_reason,
        )
    except RuleError as error:
        raise invalid(error) from error
    inputs = hash_of([plain, rule, factor, adjusted, as_found_na_reason, ENGINE_VERSION])
    for point, found in zip(plain, verdicts.points, strict=True):
        point["limits"] = _limits(found.as_found, found.as_left)
        point["as_found_evaluation"] = evaluation_out(found.as_found)
        point["as_left_evaluation"] = (
            dict(point["as_found_evaluation"])
            if found.as_left.inherited
            else evaluation_out(found.as_left)
        )
    return Judged(plain, verdicts.as_found_result, verdicts.as_left_result, inputs)


def unadjusted_problems(
    points: Sequence[Mapping[str, Any]], adjusted: bool, as_found_na_reason: str | None
) -> Iterator[FieldError]:
    """Yields where points of an instrument that was not adjusted were left other than found.

    Without an adjustment the results as found are the results as left, and the certificate says so
    in as many words.

    Args:
        points: as they are stored.
        adjusted: whether the instrument was adjusted between as found and as left.
        as_found_na_reason: why there are no as-found readings.
    """
    for index, point in enumerate(points):
        if adjusted or not point["as_left"]:
            continue
        found, left = (readings_from(point[phase]) for phase in ("as_found", "as_left"))
        if found and not same_readings(found, left):
            yield FieldError(f"/points/{index}/as_left", LEFT_OTHERWISE)
        elif not found and not as_found_na_reason:
            yield FieldError(
                f"/points/{index}/as_found", "Give the as-found reading, or say why there is none."
            )


def hash_of(value: Any) -> str:
    """Returns the SHA-256 (hexadecimal) of JSON values, with sorted keys and no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(point: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the entered members of a point as JSON values, in their order."""
    found: dict[str, Any] = {"id": point.get("id")}
    for name in ENTERED:
        value = point.get(name, _DEFAULTS[name])
        found[name] = value
    for name in ("as_found", "as_left"):
        found[name] = [_reading(item) for item in found[name] or ()]
    found["standard_ids"] = [str(item) for item in found["standard_ids"] or ()]
    if found["tolerance"] is not None:
        found["tolerance"] = _texts(found["tolerance"])
    return found


def _reading(item: Any) -> Any:
    """Returns a reading without the members that it does not use."""
    if not isinstance(item, Mapping):
        return item
    return {name: value for name, value in item.items() if value is not None}


def _texts(value: Any) -> Any:
    """Returns a tolerance with its numbers as the text that was entered."""
    if isinstance(value, Mapping):
        return {str(name): _texts(item) for name, item in value.items()}
    if isinstance(value, Decimal):
        return getattr(value, "text", str(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _name(points: Iterable[dict[str, Any]], errors: list[FieldError]) -> None:
    """Gives an id to each point that has none; two must not share one."""
    points = list(points)
    taken = {point["id"] for point in points if point["id"]}
    seen: set[str] = set()
    number = 0
    for index, point in enumerate(points):
        if point["id"] in seen:
            errors.append(FieldError(f"/points/{index}/id", "Another point has this id."))
        while not point["id"]:
            number += 1
            if str(number) not in taken:
                point["id"] = str(number)
                taken.add(point["id"])
        seen.add(point["id"])


def _prepared(
    point: Mapping[str, Any], conformity: bool
) -> tuple[Point, Sequence[Reading], Sequence[Reading]]:
    """Reads the numbers of a point, with every problem that they have."""
    problems: list[Problem] = []
    numbers: dict[str, Decimal] = {}
    for name in ("nominal", "reference_value", "expanded_uncertainty", "resolution",
                 "coverage_factor"):  # fmt: skip
        if point[name] is not None:
            try:
                numbers[name] = number_of(point[name], f"/{name}")
            except RuleError as error:
                problems += error.problems
    for name in ("expanded_uncertainty", "resolution", "coverage_factor"):
        if name in numbers and numbers[name] <= 0:
            problems.append(Problem(f"/{name}", "Use a number above zero."))
    reading_of = ReadingOf(point["reading_of"])
    limits: Limits = NO_LIMITS
    tolerance: Tolerance | None = None
    readings: list[Sequence[Reading]] = []
    try:
        limits, tolerance = _bounds(point, numbers.get("resolution"), reading_of, conformity)
    except RuleError as error:
        problems += error.problems
    for phase in ("as_found", "as_left"):
        try:
            readings.append(readings_from(point[phase], f"/{phase}"))
        except RuleError as error:
            problems += error.problems
    if problems:
        raise RuleError(problems)
    prepared = Point(
        nominal=numbers["nominal"],
        limits=limits,
        tolerance=tolerance,
        reference_value=numbers.get("reference_value"),
        reading_of=reading_of,
        expanded_uncertainty=numbers.get("expanded_uncertainty"),
        in_scope=point["in_scope"],
        not_tested_reason=point["not_tested_reason"],
    )
    return prepared, readings[0], readings[1]


def _bounds(
    point: Mapping[str, Any],
    resolution: Decimal | None,
    reading_of: ReadingOf,
    conformity: bool,
) -> tuple[Limits, Tolerance | None]:
    """Reads limits or the tolerance of a point."""
    given = point["lower_limit"] is not None or point["upper_limit"] is not None
    if point["tolerance"] is not None:
        if given:
            raise RuleError([Problem("/tolerance", "Give limits or a tolerance, not both.")])
        entered = point["tolerance"]
        return NO_LIMITS, tolerance_from(entered, resolution=resolution, reading_of=reading_of)
    if given or conformity:
        return explicit_limits(point["lower_limit"], point["upper_limit"]), None
    return NO_LIMITS, None


def evaluation_out(evaluation: Evaluation) -> dict[str, Any]:
    """Returns a verdict as the API shows it, numbers as text."""
    return {
        "mean": text_of(evaluation.mean),
        "error": text_of(evaluation.error),
        "tur": text_of(evaluation.tur),
        "acceptance_lower": text_of(evaluation.acceptance_lower),
        "acceptance_upper": text_of(evaluation.acceptance_upper),
        "result": evaluation.result.value,
    }


def _limits(found: Evaluation, left: Evaluation) -> dict[str, Any]:
    """Returns the tolerance limits of a point: those that applied as found, else as left."""
    limits = left.limits if found.limits.is_open else found.limits
    return {"lower": text_of(limits.lower_decimal), "upper": text_of(limits.upper_decimal)}


def text_of(number: Decimal | None) -> str | None:
    """Writes a number with all its digits, without inventing any."""
    if number is None:
        return None
    exponent = number.as_tuple().exponent
    return str(number) if isinstance(exponent, int) and exponent > 0 else format(number, "f")


def shown_figures(point: Mapping[str, Any], phase: str) -> tuple[str, str]:
    """Returns mean and error of a phase, rounded for people where several readings count.

    Verdicts were made before, on the exact values, which stay beside them in the record.

    Args:
        point: as it is stored.
        phase: ``as_found`` or ``as_left``; without readings of its own, as left is as found.
    """
    verdict = point.get(f"{phase}_evaluation") or {}
    mean, error = verdict.get("mean") or "", verdict.get("error") or ""
    readings = readings_from(point.get(phase) or point.get("as_found") or ())
    counted = [one.indication for one in readings if one.excluded is None]
    if not mean or len(counted) < 2:
        return mean, error
    resolution, uncertainty = (
        number_of(point[name]) if point.get(name) else None
        for name in ("resolution", "expanded_uncertainty")
    )
    places = mean_places(max(map(places_of, counted)), resolution, uncertainty)
    bounds: Mapping[str, Any] = point.get("limits") or {}
    lower, upper = bounds.get("lower"), bounds.get("upper")
    limits = explicit_limits(lower, upper) if lower or upper else NO_LIMITS
    shown = rounded_beside(number_of(mean), places, limits)
    if error:
        exact = number_of(error)
        error = text_of(rounded(exact, min(places_of(shown), places_of(exact)))) or ""
    return text_of(shown) or "", error


def entered_points(points: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns stored points as they were entered, without verdicts."""
    return [{name: point[name] for name in ("id", *ENTERED)} for point in points]


def point_changes(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> dict[str, list[Any]]:
    """Returns old and new of each entered member of a point that is different.

    Args:
        before: stored points.
        after: stored points that take their place.
    """
    old = {point["id"]: point for point in before}
    new = {point["id"]: point for point in after}
    changes: dict[str, list[Any]] = {}
    for key in dict.fromkeys([*old, *new]):
        if key not in old or key not in new:
            whole = [entered_points([side[key]])[0] if key in side else None for side in (old, new)]
            changes[f"point {key}"] = whole
            continue
        for name in ENTERED:
            if old[key][name] != new[key][name]:
                changes[f"point {key} {name}"] = [old[key][name], new[key][name]]
    return changes
