"""Readings of a test point: what was written down, its mean and its error.

A reading is an indication, with its own reference where the reference moves with each reading. A
reading that was set aside stays in the record with its reason and counts for nothing. The text as
entered is kept beside the number: ``1E+2`` does not become ``100``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from calibrify_calibration.domain.decimals import decimal_of, number_of, places_of
from calibrify_calibration.domain.problems import Problem, RuleError, refuse

MAX_READINGS = 1000
"""Most readings that one test point may have in one phase."""

MAX_REASON = 500
"""Most characters of the reason why a reading was set aside."""


class ReadingOf(StrEnum):
    """Whose reading it is, and so how the error is taken.

    Attributes:
        UUT: The instrument under test reads a known reference: error = indication - reference.
        STANDARD: The instrument is set to the nominal and the standard reads (torque):
            error = nominal - reading of the standard.
        ARTEFACT: A material measure (weight, gauge block, resistor): error = measured - nominal.
    """

    UUT = "uut"
    STANDARD = "standard"
    ARTEFACT = "artefact"


@dataclass(frozen=True)
class Reading:
    """One reading.

    Attributes:
        indication: What was read, in the unit of the point.
        text: The indication as it was entered.
        reference: The reference at this reading, in the unit of the point; None where the
            reference stands still.
        reference_text: The reference as it was entered.
        excluded: Why the reading was set aside; None when it counts.
    """

    indication: Decimal
    text: str
    reference: Decimal | None = None
    reference_text: str | None = None
    excluded: str | None = None

    def as_entered(self) -> str | dict[str, object]:
        """Give the reading back in the form in which it came.

        >>> reading_from("1.0010").as_entered()
        '1.0010'
        >>> reading_from({"indication": "1", "excluded": {"reason": "bumped"}}).as_entered()
        {'indication': '1', 'excluded': {'reason': 'bumped'}}
        """
        if self.reference_text is None and self.excluded is None:
            return self.text
        entered: dict[str, object] = {"indication": self.text}
        if self.reference_text is not None:
            entered["reference"] = self.reference_text
        if self.excluded is not None:
            entered["excluded"] = {"reason": self.excluded}
        return entered


@dataclass(frozen=True)
class Summary:
    """What the readings of one point say together, in the unit of the point.

    Attributes:
        mean: Exact mean of the indications that count; limits apply to it.
        error: Exact error of the mean.
        reference: Exact mean of the references that belong to those indications.
        mean_places: Decimal places that the indications were written with.
        error_places: The same with what they are compared with.
    """

    mean: Fraction
    error: Fraction
    reference: Fraction
    mean_places: int
    error_places: int

    @property
    def mean_decimal(self) -> Decimal:
        """The mean, to be stored or shown."""
        return decimal_of(self.mean, self.mean_places)

    @property
    def error_decimal(self) -> Decimal:
        """The error, to be stored or shown."""
        return decimal_of(self.error, self.error_places)


def same_readings(found: Sequence[Reading], left: Sequence[Reading]) -> bool:
    """Tell whether two phases say the same, number for number, however they were written.

    Args:
        found: Readings of one phase.
        left: Readings of the other.

    >>> same_readings([reading_from("10.0")], [reading_from("10.00")])
    True
    """

    def numbers(readings: Sequence[Reading]) -> list[tuple[Decimal, Decimal | None, bool]]:
        return [(one.indication, one.reference, one.excluded is None) for one in readings]

    return numbers(found) == numbers(left)


def reading_from(entered: object, pointer: str = "") -> Reading:
    """Read one reading exactly.

    Args:
        entered: The indication as text (or an exact number), or a mapping with ``indication`` and,
            if wanted, ``reference`` and ``excluded`` (``{"reason": text}``).
        pointer: JSON pointer of the reading, for the error.

    Raises:
        RuleError: With every problem of this reading.

    >>> reading_from({"indication": "10.0012", "reference": "10.00003"}).reference
    Decimal('10.00003')
    """
    if not isinstance(entered, Mapping):
        number = number_of(entered, pointer)
        return Reading(number, _text_of(entered))
    problems = [
        Problem(f"{pointer}/{member}", "This member is not known.")
        for member in entered
        if member not in ("indication", "reference", "excluded")
    ]
    indication: Decimal | None = None
    reference: Decimal | None = None
    excluded: str | None = None
    try:
        indication = number_of(entered.get("indication"), f"{pointer}/indication")
    except RuleError as error:
        problems.extend(error.problems)
    entered_reference = entered.get("reference")
    if entered_reference is not None:
        try:
            reference = number_of(entered_reference, f"{pointer}/reference")
        except RuleError as error:
            problems.extend(error.problems)
    if entered.get("excluded") is not None:
        try:
            excluded = _reason_of(entered["excluded"], f"{pointer}/excluded")
        except RuleError as error:
            problems.extend(error.problems)
    if problems or indication is None:
        raise RuleError(problems)
    return Reading(
        indication,
        _text_of(entered["indication"]),
        reference,
        None if reference is None else _text_of(entered_reference),
        excluded,
    )


def _text_of(entered: object) -> str:
    """Return the digits as entered; a number that came without quotes is written out."""
    return entered if isinstance(entered, str) else str(entered)


def _reason_of(entered: object, pointer: str) -> str:
    """Return why a reading was set aside."""
    reason = entered.get("reason") if isinstance(entered, Mapping) else None
    if not isinstance(entered, Mapping) or set(entered) != {"reason"}:
        raise refuse(pointer, 'Give the reason as {"reason": "..."}.')
    if not isinstance(reason, str) or not reason.strip():
        raise refuse(f"{pointer}/reason", "Say why the reading was set aside.")
    if len(reason) > MAX_REASON:
        raise refuse(f"{pointer}/reason", f"Use at most {MAX_REASON} characters.")
    return reason


def readings_from(entered: Sequence[object], pointer: str = "") -> tuple[Reading, ...]:
    """Read all readings of a point in one phase.

    Args:
        entered: The readings in the order in which they were taken.
        pointer: JSON pointer of the list (``/as_found``), for the errors.

    Raises:
        RuleError: With every problem of every reading.

    >>> [reading.text for reading in readings_from(["1.0", "1.10"])]
    ['1.0', '1.10']
    """
    if len(entered) > MAX_READINGS:
        raise refuse(pointer, f"Give at most {MAX_READINGS} readings.")
    readings: list[Reading] = []
    problems: list[Problem] = []
    for index, item in enumerate(entered):
        try:
            readings.append(reading_from(item, f"{pointer}/{index}"))
        except RuleError as error:
            problems.extend(error.problems)
    if problems:
        raise RuleError(problems)
    return tuple(readings)


def summarise(
    readings: Sequence[Reading],
    reading_of: ReadingOf,
    nominal: Decimal,
    reference_value: Decimal | None = None,
) -> Summary | None:
    """Take the mean and the error of the readings that count.

    The reference of a reading is its own, else the reference value of the point, else the nominal.
    It enters the error for `ReadingOf.UUT` only; for the two others the error is taken against the
    nominal.

    Args:
        readings: The readings, in any order.
        reading_of: Whose readings they are.
        nominal: Nominal value, in the unit of the point.
        reference_value: Reference of the point where it stands still, in the same unit.

    Returns:
        None when no reading counts.

    >>> ten = Decimal("10")
    >>> summarise(readings_from(["10.0012"]), ReadingOf.UUT, ten, Decimal("10.00000")).error_decimal
    Decimal('0.00120')
    >>> summarise(readings_from(["98.5", "98.6"]), ReadingOf.STANDARD, Decimal(100)).error_decimal
    Decimal('1.45')
    """
    counted = [reading for reading in readings if reading.excluded is None]
    if not counted:
        return None
    still = nominal if reference_value is None else reference_value
    mean = _mean([reading.indication for reading in counted])
    references = [still if reading.reference is None else reading.reference for reading in counted]
    reference = _mean(references)
    match reading_of:
        case ReadingOf.UUT:
            error = mean - reference
            against = references
        case ReadingOf.STANDARD:
            error = Fraction(nominal) - mean
            against = [nominal]
        case ReadingOf.ARTEFACT:
            error = mean - Fraction(nominal)
            against = [nominal]
    mean_places = max(places_of(reading.indication) for reading in counted)
    error_places = max(mean_places, *(places_of(number) for number in against))
    return Summary(mean, error, reference, mean_places, error_places)


def _mean(numbers: Sequence[Decimal]) -> Fraction:
    """Return the exact mean."""
    return sum((Fraction(number) for number in numbers), Fraction(0)) / len(numbers)
