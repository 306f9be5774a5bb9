"""What a certificate says: the frozen snapshot, and what ISO/IEC 17025:2017 misses in it.

Clauses named in comments are those of ISO/IEC 17025:2017. Every number is text, exactly as it is
printed: readings as they were recorded, means and uncertainties rounded for it. An empty text means
"not recorded" and is printed as such, never as a zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from calibrify_calibration.domain.decimals import number_of
from calibrify_calibration.domain.problems import RuleError


class State(StrEnum):
    """Where the document stands; everything but ``ISSUED`` is printed across the page."""

    DRAFT = "draft"
    ISSUED = "issued"
    SUPERSEDED = "superseded"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Party:
    """The laboratory or the customer.

    Attributes:
        name: as it stands on letters.
        address: lines separated by a line feed.
        contact: telephone, e-mail or person.
        accreditation: number and body of the accreditation, if the work is under it.
    """

    name: str
    address: str = ""
    contact: str = ""
    accreditation: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """The instrument that was calibrated (7.8.2.1 g)."""

    name: str
    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    asset_tag: str = ""
    condition_received: str = ""
    condition_returned: str = ""


@dataclass(frozen=True, slots=True)
class Standard:
    """A reference standard as it stood on the day of the measurement (6.5, 7.8.4.1 c)."""

    asset_tag: str
    name: str
    serial_number: str = ""
    certificate_number: str = ""
    provider: str = ""
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One environmental condition (7.8.4.1 b), for example ``Temperature``, ``20.1 °C``."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class PrintedReading:
    """One reading as entered; ``excluded`` holds the reason why it does not count, if any."""

    text: str
    reference: str = ""
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """The readings of one phase (as found or as left) at one point, and what came of them.

    Attributes:
        readings: in the order taken.
        value: what is compared with the limits: the mean, or the only reading.
        error: of the indication, in the unit of the point.
        result: ``pass``, ``conditional_pass``, ``conditional_fail``, ``fail``,
            ``indeterminate``, ``not_evaluated`` or ``not_tested``.
        tur: test uncertainty ratio.
        acceptance_lower: lower limit less the guard band, if the decision rule has one.
        acceptance_upper: upper limit less the guard band.
    """

    readings: tuple[PrintedReading, ...]
    value: str = ""
    error: str = ""
    result: str = "not_evaluated"
    tur: str = ""
    acceptance_lower: str = ""
    acceptance_upper: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One test point; points with the same ``section`` and heading form one table.

    Attributes:
        unit: of all values of the point.
        condition: what else was set, for example ``1 kHz``, ``rising``, ``channel 2``.
        as_found: ``None`` where there is none.
        as_left: ``None`` if nothing was adjusted: as left is then as found.
        not_tested_reason: why an agreed point has no readings.
    """

    parameter: str
    unit: str
    nominal: str
    section: str = ""
    range: str = ""
    condition: str = ""
    reference_value: str = ""
    lower_limit: str = ""
    upper_limit: str = ""
    expanded_uncertainty: str = ""
    coverage_factor: str = ""
    as_found: Findings | None = None
    as_left: Findings | None = None
    in_scope: bool = True
    not_tested_reason: str = ""
    standards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """Who answers for what (performed, reviewed, approved).

    ``at``: when they signed for it (aware); None where nobody was asked to sign.
    """

    name: str
    meaning: str
    at: datetime | None = None
    role: str = ""


@dataclass(frozen=True, slots=True)
class ExternalReport:
    """What a supplier's certificate says (7.8.2.1 p); ``result``: pass, fail or limited."""

    supplier: str
    certificate_number: str
    certificate_date: date | None
    result: str
    accreditation: str = ""
    file_name: str = ""
    file_sha256: str = ""


@dataclass(frozen=True, slots=True)
class CertificateSnapshot:
    """All that a certificate prints, frozen at approval.

    Attributes:
        record_id: identifies a draft, which has no number yet.
        number: drawn at approval; never printed on a draft.
        revision: 0 for the first issue.
        replaces: number of the certificate that this one replaces (7.8.8).
        replaced_by: number of its successor, for ``State.SUPERSEDED``.
        qr_svg: the verification URL as an SVG image.
        method: identification of the method or procedure; ``method_version`` its version.
        decision_rule: in words (7.8.6), for example "Simple acceptance (w = 0)".
        traceability: the statement; empty prints "No statement of traceability."
        coverage_probability: of the expanded uncertainties, for example ``95 %``.
        as_found_result: over all points in scope; ``as_left_result`` likewise.
        next_due_on: printed only if ``interval_agreed`` (7.8.4.3).
        deviations: additions to, deviations and exclusions from the method (7.8.2.1 n).
        time_zone: name of the zone in which dates are meant, for example ``Europe/Berlin``.
        void_reason: why it was declared void; ``void_on`` the day.
    """

    record_id: str
    state: State
    laboratory: Party
    item: Item
    performed_on: date
    number: str = ""
    revision: int = 0
    replaces: str = ""
    replaced_by: str = ""
    kind: str = ""
    verification_code: str = ""
    verification_url: str = ""
    qr_svg: str = ""
    place: str = ""
    customer: Party | None = None
    received_on: date | None = None
    issued_on: date | None = None
    method: str = ""
    method_version: str = ""
    environment: tuple[Condition, ...] = ()
    standards: tuple[Standard, ...] = ()
    decision_rule: str = ""
    decision_rule_agreed: bool = False
    conformity_requested: bool = True
    points: tuple[Point, ...] = ()
    adjusted: bool = False
    as_found_na_reason: str = ""
    as_found_result: str = "not_evaluated"
    as_left_result: str = "not_evaluated"
    traceability: str = ""
    coverage_probability: str = ""
    interval_agreed: bool = False
    next_due_on: date | None = None
    performed_by: Signature | None = None
    approved_by: Signature | None = None
    external: ExternalReport | None = None
    notes: str = ""
    deviations: str = ""
    limitation: str = ""
    time_zone: str = "UTC"
    void_reason: str = ""
    void_on: date | None = None


def title(snapshot: CertificateSnapshot) -> str:
    """Returns ``Calibration certificate`` or, if it misses something, ``Calibration record``.

    The report on a supplier's certificate is always a record: the certificate is the supplier's.
    """
    if snapshot.external is not None or checklist(snapshot):
        return "Calibration record"
    return "Calibration certificate"


def stated_uncertainty(point: Point) -> str:
    """Returns the expanded uncertainty as recorded, or ``""`` if there is none.

    A zero is no evaluated uncertainty and counts as none.
    """
    value = number(point.expanded_uncertainty)
    return point.expanded_uncertainty if value is not None and value > 0 else ""


def coverage_probability(points: Iterable[Point]) -> str:
    """Returns what k = 2 stands for, or ``""`` where an uncertainty has another factor or none.

    >>> coverage_probability([Point("U", "V", "1", expanded_uncertainty="1", coverage_factor="2")])
    '95 %'
    """
    factors = {number(point.coverage_factor) for point in points if stated_uncertainty(point)}
    return "95 %" if factors == {Decimal(2)} else ""


def number(text: str) -> Decimal | None:
    """Returns the number that a text denotes, or ``None`` if it denotes none."""
    try:
        return number_of(text)
    except RuleError:
        return None


def tested(point: Point) -> bool:
    """Tells whether there are readings at the point."""
    return any(phase and phase.readings for phase in (point.as_found, point.as_left))


def traceability_statement(snapshot: CertificateSnapshot) -> str:
    """Returns the usual statement, or ``""`` if the standards used do not support it.

    They do if there is at least one, and each has a certificate number, a provider and was not
    overdue on the day of the measurement. Whether the chain is unbroken is not decided here.
    """
    supported = bool(snapshot.standards) and all(
        standard.certificate_number
        and standard.provider
        and (standard.due_on is None or standard.due_on >= snapshot.performed_on)
        for standard in snapshot.standards
    )
    if not supported:
        return ""
    return (
        "The results are traceable to the International System of Units (SI) through the "
        "reference standards and certificates listed above."
    )


def checklist(snapshot: CertificateSnapshot) -> list[str]:
    """Returns the mandatory particulars that are missing, in the order of the standard.

    Number, date of issue and authoriser come with the approval, so a draft is not asked for them.

    Args:
        snapshot: as it is now.
    """
    missing = _external_gaps(snapshot) if snapshot.external else _gaps(snapshot)
    return [name for present, name in missing if not present]


def _identity(snapshot: CertificateSnapshot) -> Iterator[tuple[object, str]]:
    yield snapshot.laboratory.name, "laboratory name"
    yield snapshot.laboratory.address, "laboratory address"
    if snapshot.state is not State.DRAFT:
        yield snapshot.number, "certificate number"
    yield snapshot.item.name, "item description"
    yield snapshot.item.serial_number or snapshot.item.asset_tag, "item identification"


def _external_gaps(snapshot: CertificateSnapshot) -> Iterator[tuple[object, str]]:
    report = snapshot.external
    yield from _identity(snapshot)
    if report is not None:
        yield report.supplier, "external provider"
        yield report.certificate_number, "external certificate number"
        yield report.certificate_date, "external certificate date"
        yield report.result, "reported result"


def _gaps(snapshot: CertificateSnapshot) -> Iterator[tuple[object, str]]:
    points = [point for point in snapshot.points if point.in_scope and tested(point)]
    customer = snapshot.customer or Party("")
    yield from _identity(snapshot)
    yield snapshot.place, "place of calibration"
    yield customer.name, "customer name"
    yield customer.address or customer.contact, "customer contact"
    yield snapshot.method, "method"
    yield snapshot.item.condition_received, "condition of the item"
    yield snapshot.received_on, "date of receipt"
    if snapshot.state is not State.DRAFT:
        yield snapshot.issued_on, "date of issue"
        yield snapshot.approved_by, "authoriser"
    yield snapshot.performed_by, "performer"
    yield points, "results"
    yield all(point.unit for point in points), "unit of every result"
    yield all(map(stated_uncertainty, points)), "uncertainty of every result"
    yield all(point.coverage_factor for point in points), "coverage factor of every result"
    yield snapshot.environment, "environmental conditions"
    yield snapshot.standards, "reference standards"
    yield snapshot.traceability, "statement of traceability"
    yield _both_phases(snapshot, points), "results before and after adjustment"
    if snapshot.conformity_requested:
        yield snapshot.decision_rule, "decision rule"


def _both_phases(snapshot: CertificateSnapshot, points: list[Point]) -> bool:
    """7.8.4.1 d: both where an adjustment was made, or the reason why as found is missing."""
    if not snapshot.adjusted:
        return True
    left = any(point.as_left for point in points)
    found = any(point.as_found for point in points)
    return left and (found or bool(snapshot.as_found_na_reason))
