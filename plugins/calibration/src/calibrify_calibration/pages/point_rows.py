"""Test points as tables and gauges show them; decisions were made before, on exact values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from calibrify_calibration.domain.decimals import decimal_of, number_of
from calibrify_calibration.domain.display import (
    format_number,
    format_reading,
    percent_of_tolerance,
    printed_ratio,
    rounded,
    short_limit,
    two_digits,
)
from calibrify_calibration.domain.limits import NO_LIMITS, Limits, explicit_limits
from calibrify_calibration.domain.problems import RuleError
from calibrify_calibration.domain.readings import ReadingOf
from calibrify_calibration.domain.tolerances import tolerance_from
from calibrify_calibration.pages.wording import RESULTS
from calibrify_calibration.services.points import shown_figures
from calibrify_core.web.chart_data import Gauge

BAD = frozenset({"fail", "conditional_fail"})
ADJUSTED = "Found out, adjusted"
NO_BREAK = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class PointRow:
    """A test point as a row of a table.

    Attributes:
        group: section that it stands in, for a heading.
        label: nominal value with unit.
        detail: what else tells it from others.
        nominal: nominal value with its digits.
        unit: unit of all numbers of the row.
        limits: tolerance limits in words.
        found: as-found value; left: as-left value.
        counts: how many readings stand behind the values, when more than one.
        uncertainty: expanded uncertainty.
        factor: its coverage factor.
        ratio: test uncertainty ratio; absent without two limits or an uncertainty.
        percent: as-found error in percent of the tolerance, signed.
        gauge: both errors against the tolerance; absent without limits or readings.
        tone: of the verdict; icon and word: of its chip.
        in_scope: whether the point counts.
        inherited: whether as-left is as-found by reference.
    """

    group: str
    label: str
    detail: str
    nominal: str
    unit: str
    limits: str
    found: str
    left: str
    counts: str
    uncertainty: str
    factor: str
    ratio: str
    percent: str
    gauge: Gauge | None
    tone: str
    icon: str
    word: str
    in_scope: bool
    inherited: bool


def rows_of(points: Iterable[Mapping[str, Any]], adjusted: bool = True) -> list[PointRow]:
    """Returns stored points, with their evaluations, as rows.

    Args:
        points: as the API shows them.
        adjusted: whether the record says that the instrument was adjusted.
    """
    return [row_of(point, adjusted) for point in points]


def grouped(rows: Sequence[PointRow]) -> list[tuple[str, list[PointRow]]]:
    """Returns rows under their headings, in their order.

    Args:
        rows: of one record.
    """
    found: list[tuple[str, list[PointRow]]] = []
    for row in rows:
        if not found or found[-1][0] != row.group:
            found.append((row.group, []))
        found[-1][1].append(row)
    return found


def row_of(point: Mapping[str, Any], adjusted: bool = True) -> PointRow:
    """Returns one stored point as a row.

    Args:
        point: as the API shows it.
        adjusted: whether the record says that the instrument was adjusted.
    """
    limits = limits_of(point)
    found = point.get("as_found_evaluation") or {}
    left = point.get("as_left_evaluation") or {}
    measured_again = bool(point.get("as_left"))
    shares = (_share(point, limits, found), _share(point, limits, left))
    tone, icon, word = verdict_of(str(found.get("result")), str(left.get("result")), adjusted)
    unit = str(point.get("unit") or "")
    spread = _number(point.get("expanded_uncertainty"))
    group, label, detail = name_of(point)
    return PointRow(
        group=group,
        label=label,
        detail=detail,
        nominal=format_reading(str(point.get("nominal") or "")),
        unit=unit,
        limits=limits_text(point, limits),
        found=_value(point, "as_found"),
        left=_value(point, "as_left"),
        counts=_counts(point),
        uncertainty="" if spread is None else format_number(two_digits(spread)),
        factor=str(point.get("coverage_factor") or ""),
        ratio=printed_ratio(left.get("tur") or found.get("tur")),
        percent=percent_text(shares[0] if shares[0] is not None else shares[1]),
        gauge=_gauge(point, limits, shares, tone, measured_again),
        tone=tone,
        icon=icon,
        word=word,
        in_scope=bool(point.get("in_scope", True)),
        inherited=not measured_again,
    )


def name_of(point: Mapping[str, Any]) -> tuple[str, str, str]:
    r"""Returns heading, label and detail of a point.

    >>> name_of({"section": "DC", "parameter": "DC voltage", "nominal": "-10", "unit": "V"})
    ('DC', '−10\xa0V', 'DC voltage')
    """
    section, parameter = str(point.get("section") or ""), str(point.get("parameter") or "")
    nominal = format_reading(str(point.get("nominal") or ""))
    label = f"{nominal}{NO_BREAK}{point.get('unit') or ''}".rstrip()
    more = [str(point.get(key) or "") for key in ("range", "test_condition", "channel")]
    if point.get("direction"):
        more.append(str(point["direction"]))
    parts = ([parameter] if section and parameter != section else []) + more
    return section or parameter, label, " · ".join(part for part in parts if part)


def key_of(point: Mapping[str, Any]) -> str:
    """Returns what a point is called in addresses and across calibrations.

    >>> key_of({"parameter": "DC voltage", "nominal": "10", "unit": "V", "range": "20 V"})
    'DC voltage 10 V 20 V'
    """
    keys = ("section", "parameter", "nominal", "unit", "range", "test_condition", "channel")
    words = [str(point.get(key) or "") for key in (*keys, "direction")]
    return " ".join(dict.fromkeys(word for word in words if word))


def limits_of(point: Mapping[str, Any]) -> Limits:
    """Returns the tolerance limits of a point, open where it has none or they cannot be read.

    Args:
        point: as the API shows it.
    """
    lower, upper = point.get("lower_limit"), point.get("upper_limit")
    try:
        if lower is not None or upper is not None:
            return explicit_limits(lower or None, upper or None)
        if point.get("tolerance"):
            reading_of = ReadingOf(point.get("reading_of") or "uut")
            tolerance = tolerance_from(point["tolerance"], reading_of=reading_of)
            reference = point.get("reference_value")
            return tolerance.limits(
                reading_of,
                number_of(point["nominal"]),
                None if reference is None else number_of(reference),
            )
    except (RuleError, ValueError, KeyError):
        return NO_LIMITS
    return NO_LIMITS


def limits_text(point: Mapping[str, Any], limits: Limits) -> str:
    """Returns tolerance limits in words, short where they lie evenly around the nominal value.

    Args:
        point: the point.
        limits: its limits.
    """
    unit = f"{NO_BREAK}{point.get('unit') or ''}".rstrip()
    lower, upper = (
        None if one is None else short_limit(one)
        for one in (limits.lower_decimal, limits.upper_decimal)
    )
    if lower is None:
        return "No limits" if upper is None else f"≤{NO_BREAK}{format_number(upper)}{unit}"
    if upper is None:
        return f"≥{NO_BREAK}{format_number(lower)}{unit}"
    nominal = _number(point.get("nominal"))
    if nominal is not None and limits.lower is not None and limits.upper is not None:
        width = limits.upper - Fraction(nominal)
        if width == Fraction(nominal) - limits.lower and width > 0:
            return f"±{format_number(trimmed(short_limit(decimal_of(width))))}{unit}"
    return f"{format_number(lower)} … {format_number(upper)}{unit}"


def trimmed(number: Decimal) -> Decimal:
    """Returns a number without the zeros at its end, never with an exponent.

    >>> trimmed(Decimal("0.0950")), trimmed(Decimal("100"))
    (Decimal('0.095'), Decimal('100'))
    """
    plain = format(number, "f")
    return Decimal(plain.rstrip("0").rstrip(".") if "." in plain else plain)


def percent_text(share: Decimal | None) -> str:
    r"""Returns an error as percent of the tolerance.

    >>> percent_text(Decimal("1.19")), percent_text(Decimal("-0.333"))
    ('+119\u202f%', '−33\u202f%')
    """
    if share is None:
        return ""
    return f"{format_number(rounded(share * 100, 0), signed=True)}{NARROW}%"


def verdict_of(found: str, left: str, adjusted: bool = True) -> tuple[str, str, str]:
    """Returns tone, icon and word of the verdict that speaks for both phases.

    >>> verdict_of("fail", "pass")
    ('oot', 'octagon-alert', 'Found out, adjusted')
    >>> verdict_of("pass", "pass")[2]
    'Pass'
    """
    if found in BAD and left not in BAD and left in RESULTS and left != "not_tested":
        return ("oot", "octagon-alert", ADJUSTED if adjusted else "Found out, left in")
    result = left if left in RESULTS and left != "not_tested" else found
    return RESULTS.get(result, RESULTS["not_tested"])


def _share(
    point: Mapping[str, Any], limits: Limits, evaluation: Mapping[str, Any]
) -> Decimal | None:
    """Returns the error of a phase in parts of the tolerance."""
    mean, nominal = _number(evaluation.get("mean")), _number(point.get("nominal"))
    if mean is None or nominal is None:
        return None
    percent = percent_of_tolerance(Fraction(mean), nominal, limits)
    return None if percent is None else percent / 100


def _gauge(
    point: Mapping[str, Any],
    limits: Limits,
    shares: tuple[Decimal | None, Decimal | None],
    tone: str,
    measured_again: bool,
) -> Gauge | None:
    """Returns the gauge of a point; only as left is shown where nothing was found."""
    found, left = shares
    if found is None and left is None:
        return None
    nominal = _number(point.get("nominal"))
    half = _half(nominal, limits)
    spread = _number(point.get("expanded_uncertainty"))
    evaluation = point.get("as_left_evaluation") or point.get("as_found_evaluation") or {}
    accept = _number(evaluation.get("acceptance_upper"))
    guard = None
    if half and accept is not None and nominal is not None and limits.upper is not None:
        zone = (Fraction(accept) - Fraction(nominal)) / half
        guard = max(Decimal(0), rounded(decimal_of(zone), 4))
    first = found if found is not None else left
    return Gauge(
        found=first if first is not None else Decimal(0),
        left=left if measured_again and found is not None else None,
        uncertainty=rounded(decimal_of(Fraction(spread) / half), 4) if half and spread else None,
        guard=guard if guard is not None and guard < 1 else None,
        tone=tone,
    )


def _half(nominal: Decimal | None, limits: Limits) -> Fraction | None:
    """Returns the width of the tolerance on its upper side, else on its lower one."""
    if nominal is None:
        return None
    if limits.upper is not None and limits.upper > Fraction(nominal):
        return limits.upper - Fraction(nominal)
    if limits.lower is not None and limits.lower < Fraction(nominal):
        return Fraction(nominal) - limits.lower
    return None


def _number(text: Any) -> Decimal | None:
    """Returns a stored number, None where there is none."""
    if text is None or text == "":
        return None
    try:
        return number_of(str(text))
    except RuleError:
        return None


def reading_text(reading: Any) -> str:
    """Returns one reading with its digits as entered.

    >>> reading_text({"indication": "10.0012"}), reading_text("-1.0")
    ('10.0012', '−1.0')
    """
    entered = reading.get("indication") if isinstance(reading, Mapping) else reading
    return format_reading(str(entered or ""))


def _value(point: Mapping[str, Any], phase: str) -> str:
    """Returns what a phase says: the reading as entered, or the mean of several."""
    readings: Sequence[Any] = point.get(phase) or ()
    if len(readings) == 1:
        return reading_text(readings[0])
    mean = _number(shown_figures(point, phase)[0])
    return "" if mean is None else format_number(mean)


def _counts(point: Mapping[str, Any]) -> str:
    """Returns how many readings stand behind the values, if that needs saying."""
    most = max(len(point.get("as_found") or ()), len(point.get("as_left") or ()))
    return f"mean of {most}" if most > 1 else ""
