"""Tolerances of a test point and the limits that follow from them.

A point has explicit limits, or a tolerance made of components (so much absolute, percent of
reading, percent of span, parts per million, counts) with a floor. Limits apply to the indication,
in the unit of the point. ``lower`` and ``upper`` always name the limit that they make, below and
above, whoever reads.

Basis *nominal* lays the tolerance around the nominal value. Basis *reference* lays it around the
reference: reference * (1 +/- p) where the instrument under test reads. Where the standard reads
(the instrument was set to the nominal), the reference is the very value that is judged, so that
|nominal - r| <= a + p * |r| is solved for r: nominal / (1 +/- p) for a pure percentage (ISO 6789
accepts 96.15 to 104.17 N m for 100 N m +/- 4 %, not 96 to 104).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from calibrify_calibration.domain.decimals import decimal_of, number_of, places_of
from calibrify_calibration.domain.limits import Limits
from calibrify_calibration.domain.problems import Problem, RuleError, refuse
from calibrify_calibration.domain.readings import ReadingOf

AMOUNTS = ("absolute", "percent_of_reading", "percent_of_span", "ppm", "counts", "floor")
"""Members of a tolerance that say how wide it is."""

SIZES = ("span", "resolution")
"""Members of a tolerance that amounts refer to."""

Words = TypeVar("Words", bound=StrEnum)
"""A vocabulary."""


class Basis(StrEnum):
    """What a tolerance lies around.

    Attributes:
        NOMINAL: The nominal value.
        REFERENCE: The reference value, that is what the standard says.
    """

    NOMINAL = "nominal"
    REFERENCE = "reference"


class Combine(StrEnum):
    """How the components of a tolerance make one width.

    Attributes:
        SUM: All of them together.
        MAX: The widest of them.
    """

    SUM = "sum"
    MAX = "max"


@dataclass(frozen=True)
class Side:
    """Width of a tolerance on one side.

    Attributes:
        absolute: Width in the unit of the point.
        percent_of_reading: Percent of the absolute value.
        percent_of_span: Percent of `span`.
        ppm: Millionths of the absolute value.
        counts: Multiples of `resolution`.
        floor: The width is never less than this, in the unit of the point.
        span: Span that a percentage refers to, in the unit of the point.
        resolution: Value of one count, in the unit of the point.
    """

    absolute: Decimal | None = None
    percent_of_reading: Decimal | None = None
    percent_of_span: Decimal | None = None
    ppm: Decimal | None = None
    counts: Decimal | None = None
    floor: Decimal | None = None
    span: Decimal | None = None
    resolution: Decimal | None = None

    def alternatives(self, combine: Combine) -> list[tuple[Fraction, Fraction]]:
        """Return the widths of which the widest holds: pairs of a constant and a share.

        Args:
            combine: Whether the components add up or compete.

        >>> side = Side(percent_of_reading=Decimal(2), counts=Decimal(1), resolution=Decimal("0.1"))
        >>> side.alternatives(Combine.SUM)
        [(Fraction(1, 10), Fraction(1, 50))]
        """
        zero = Fraction(0)
        parts = [
            (Fraction(self.absolute or 0), zero),
            (zero, Fraction(self.percent_of_reading or 0) / 100),
            (Fraction(self.percent_of_span or 0) * Fraction(self.span or 0) / 100, zero),
            (zero, Fraction(self.ppm or 0) / 1_000_000),
            (Fraction(self.counts or 0) * Fraction(self.resolution or 0), zero),
        ]
        if combine is Combine.SUM:
            parts = [(sum((p[0] for p in parts), zero), sum((p[1] for p in parts), zero))]
        if self.floor is not None:
            parts.append((Fraction(self.floor), zero))
        return parts


@dataclass(frozen=True)
class Tolerance:
    """A tolerance: one width for both sides, or a width for each.

    Attributes:
        lower: Width that makes the lower limit; None when that side is open.
        upper: Width that makes the upper limit; None when that side is open.
        basis: What the tolerance lies around.
        combine: How the components make one width.
    """

    lower: Side | None
    upper: Side | None
    basis: Basis = Basis.NOMINAL
    combine: Combine = Combine.SUM

    def limits(
        self,
        reading_of: ReadingOf,
        nominal: Decimal,
        reference: Fraction | Decimal | None = None,
    ) -> Limits:
        """Return the limits that apply to the indication.

        Args:
            reading_of: Whose readings are judged.
            nominal: Nominal value, in the unit of the point.
            reference: Reference value in the same unit, for basis reference with the instrument
                under test or an artefact; the nominal where there is none.

        Raises:
            RuleError: The share of the reading is 100 % or more where the standard reads and the
                basis is the reference: no upper limit exists.

        >>> torque = tolerance_from({"percent_of_reading": "4", "basis": "reference"})
        >>> limits = torque.limits(ReadingOf.STANDARD, Decimal("60"))
        >>> limits.upper_decimal, round(float(limits.lower), 2)
        (Decimal('62.5'), 57.69)
        """
        exact = Fraction(nominal)
        places = places_of(nominal)
        if self.basis is Basis.REFERENCE and reading_of is ReadingOf.STANDARD:
            lows = [_solve(exact, -a, -p) for a, p in self._alternatives(self.lower)]
            highs = [_solve(exact, a, p) for a, p in self._alternatives(self.upper)]
        else:
            if self.basis is Basis.REFERENCE and reference is not None:
                exact = Fraction(reference)
                places = max(places, places_of(decimal_of(exact)))
            lows = [exact - a - p * abs(exact) for a, p in self._alternatives(self.lower)]
            highs = [exact + a + p * abs(exact) for a, p in self._alternatives(self.upper)]
        return Limits(
            min(lows) if self.lower is not None else None,
            max(highs) if self.upper is not None else None,
            places,
        )

    def _alternatives(self, side: Side | None) -> list[tuple[Fraction, Fraction]]:
        """Return the widths of a side; none when it is open."""
        return [] if side is None else side.alternatives(self.combine)


def _solve(nominal: Fraction, constant: Fraction, share: Fraction) -> Fraction:
    """Solve r = nominal + constant + share * |r| for r, the limit where the standard reads.

    The sign of r is that of nominal + constant, because |share| < 1; either branch divides by
    1 - share or 1 + share, which has no finite decimal form in general: hence the fractions.
    """
    if abs(share) >= 1:
        raise refuse(
            "/tolerance/percent_of_reading",
            "Use less than 100 % of the reading where the standard reads.",
        )
    moved = nominal + constant
    return moved / (1 - share) if moved >= 0 else moved / (1 + share)


def tolerance_from(
    entered: Mapping[str, object],
    *,
    resolution: Decimal | None = None,
    reading_of: ReadingOf = ReadingOf.UUT,
    pointer: str = "/tolerance",
) -> Tolerance:
    """Read a tolerance from its members.

    Args:
        entered: Amounts beside each other for a +/- tolerance, or ``lower`` and ``upper`` objects
            with amounts of their own; ``span``, ``resolution``, ``basis`` and ``combine`` beside
            them. Numbers are text or exact numbers; a member that is None counts as absent.
        resolution: Resolution of the point, used for counts when the tolerance names none.
        reading_of: Whose readings are judged.
        pointer: JSON pointer of the tolerance, for the errors.

    Raises:
        RuleError: With every problem, each at its member.

    >>> ohms = tolerance_from({"percent_of_reading": "0.5", "counts": "2", "resolution": "0.1"})
    >>> ohms.limits(ReadingOf.UUT, Decimal("500")).upper_decimal
    Decimal('502.7')
    """
    given = {member: value for member, value in entered.items() if value is not None}
    known = {*AMOUNTS, *SIZES, "basis", "combine", "lower", "upper"}
    problems = _unknown(given, known, pointer)
    basis = _word(Basis, given.get("basis", Basis.NOMINAL), f"{pointer}/basis", problems)
    combine = _word(Combine, given.get("combine", Combine.SUM), f"{pointer}/combine", problems)
    sizes = {member: given[member] for member in SIZES if member in given}
    lower: Side | None = None
    upper: Side | None = None
    if "lower" in given or "upper" in given:
        problems += [
            Problem(f"{pointer}/{member}", "Give this inside lower and upper, or leave those out.")
            for member in AMOUNTS
            if member in given
        ]
        if "lower" in given:
            lower = _nested(given["lower"], sizes, resolution, f"{pointer}/lower", problems)
        if "upper" in given:
            upper = _nested(given["upper"], sizes, resolution, f"{pointer}/upper", problems)
    else:
        widths = {member: given[member] for member in AMOUNTS if member in given}
        lower = upper = _side({**sizes, **widths}, resolution, pointer, problems)
    if basis is Basis.REFERENCE and reading_of is ReadingOf.STANDARD:
        problems += _too_wide((lower, upper), combine, pointer)
    if problems:
        raise RuleError(dict.fromkeys(problems))
    return Tolerance(lower, upper, basis, combine)


def _too_wide(sides: Iterable[Side | None], combine: Combine, pointer: str) -> list[Problem]:
    """Refuse shares of the reading for which no limit exists (see `Tolerance.limits`)."""
    return [
        Problem(
            f"{pointer}/percent_of_reading",
            "Use less than 100 % of the reading where the standard reads.",
        )
        for side in sides
        if side is not None and any(share >= 1 for _, share in side.alternatives(combine))
    ]


def _unknown(given: Iterable[str], known: set[str], pointer: str) -> list[Problem]:
    """Name the members that no tolerance has."""
    return [
        Problem(f"{pointer}/{member}", "This member is not known.")
        for member in given
        if member not in known
    ]


def _word(words: type[Words], entered: object, pointer: str, problems: list[Problem]) -> Words:
    """Return one word of a vocabulary, noting a problem when it is none of them."""
    choices = list(words)
    for choice in choices:
        if entered == choice.value:
            return choice
    listed = " or ".join(choice.value for choice in choices)
    problems.append(Problem(pointer, f"Use {listed}."))
    return choices[0]


def _nested(
    entered: object,
    sizes: Mapping[str, object],
    resolution: Decimal | None,
    pointer: str,
    problems: list[Problem],
) -> Side:
    """Return the width of one side from its own object."""
    if not isinstance(entered, Mapping):
        problems.append(Problem(pointer, 'Give an object such as {"absolute": "0.1"}.'))
        return Side()
    given = {str(member): value for member, value in entered.items() if value is not None}
    problems += _unknown(given, {*AMOUNTS, *SIZES}, pointer)
    return _side({**sizes, **given}, resolution, pointer, problems)


def _side(
    given: Mapping[str, object],
    resolution: Decimal | None,
    pointer: str,
    problems: list[Problem],
) -> Side:
    """Return a width from its members, noting every problem."""
    numbers: dict[str, Decimal] = {}
    for member in (*AMOUNTS, *SIZES):
        if member not in given:
            continue
        try:
            number = number_of(given[member], f"{pointer}/{member}")
        except RuleError as error:
            problems.extend(error.problems)
            continue
        numbers[member] = number
        if number < 0 or (number == 0 and member in SIZES):
            allowed = "above zero" if member in SIZES else "that is not negative"
            problems.append(Problem(f"{pointer}/{member}", f"Use a number {allowed}."))
    if not any(member in given for member in AMOUNTS):
        problems.append(Problem(pointer, f"Give at least one of {', '.join(AMOUNTS)}."))
    if resolution is not None:
        numbers.setdefault("resolution", resolution)
    if "percent_of_span" in given and "span" not in given:
        problems.append(Problem(f"{pointer}/span", "Give the span that the percentage refers to."))
    if "counts" in given and "resolution" not in numbers and "resolution" not in given:
        problems.append(Problem(f"{pointer}/resolution", "Give the resolution: one count's value."))
    return Side(**numbers)
