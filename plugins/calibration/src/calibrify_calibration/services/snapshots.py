"""What a certificate says, gathered from the record, the instrument and the standards used."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import segno
import sqlalchemy as sa

from calibrify_calibration.domain import certificate as paper
from calibrify_calibration.domain.certificate import State
from calibrify_calibration.domain.decimals import number_of
from calibrify_calibration.domain.decisions import DecisionRule
from calibrify_calibration.domain.display import printed_ratio, short_limit, two_digits
from calibrify_calibration.models.calibration import Calibration, Signature
from calibrify_calibration.models.certificate import Certificate
from calibrify_calibration.permissions import VIEW
from calibrify_calibration.services.derivation import derive, latest, load
from calibrify_calibration.services.entries import record_hash
from calibrify_calibration.services.points import shown_figures
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.records.files import StoredFile
from calibrify_core.work.organisation import Organisation
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.parties import customer_facts, supplier_facts
from calibrify_equipment.public import equipment_by_id

RULES: Mapping[str, str] = {
    DecisionRule.SIMPLE_ACCEPTANCE: "Simple acceptance (w = 0)",
    DecisionRule.GUARD_BAND_U: "Guard band equal to the expanded uncertainty (w = U)",
    DecisionRule.GUARD_BAND_RU: "Guard band of r times the expanded uncertainty (w = r·U)",
    DecisionRule.NON_BINARY: "Non-binary statement with guard band w = U (ILAC-G8:09/2019, 4.2.3)",
}
CONDITIONS: Mapping[str, tuple[str, str]] = {
    "temperature_c": ("Temperature", "°C"),
    "relative_humidity_pct": ("Relative humidity", "%"),
    "pressure_hpa": ("Air pressure", "hPa"),
}
PERFORMED = "performed"
BECAUSE = "the certificate was drawn up for whoever may see its record"


def snapshot_of(
    unit: UnitOfWork, record: Calibration, certificate: Certificate | None = None
) -> paper.CertificateSnapshot:
    """Gathers all that a certificate prints.

    Args:
        unit: the unit of work.
        record: the record.
        certificate: with its number and verification code; None for a draft.
    """
    instrument = equipment_by_id(unit, [record.equipment_id], VIEW)[record.equipment_id]
    external = _external(unit, record)
    rule = RULES.get(record.decision_rule, record.decision_rule)
    if record.guard_band_factor is not None:
        rule = f"{rule}, r = {record.guard_band_factor}"
    points = tuple(_point(point, record.adjusted) for point in record.points)
    # An instrument of the house is calibrated for the house.
    laboratory = _laboratory(unit)
    snapshot = paper.CertificateSnapshot(
        record_id=str(record.id),
        state=State.DRAFT if certificate is None else State.ISSUED,
        laboratory=laboratory,
        item=paper.Item(
            name=instrument.name,
            manufacturer=instrument.manufacturer,
            model=instrument.model,
            serial_number=instrument.serial_number,
            asset_tag=instrument.asset_tag,
            condition_received=record.condition_received,
            condition_returned=record.condition_returned,
        ),
        performed_on=record.performed_on,
        kind=record.kind.replace("_", " ").capitalize(),
        place=record.place,
        customer=_customer(unit, record.customer_id or instrument.owner_id) or laboratory,
        received_on=record.received_on,
        method=record.method,
        environment=tuple(_environment(record.environment)),
        standards=tuple(_standards(unit, record)),
        decision_rule=rule if record.conformity_requested and record.points else "",
        decision_rule_agreed=record.decision_rule_agreed,
        conformity_requested=record.conformity_requested,
        points=points,
        coverage_probability=paper.coverage_probability(points),
        adjusted=record.adjusted,
        as_found_na_reason=record.as_found_na_reason or "",
        as_found_result=record.as_found_result or "not_tested",
        as_left_result=record.as_left_result or "not_tested",
        interval_agreed=record.interval_agreed,
        next_due_on=record.next_due_on,
        performed_by=_performer(unit, record),
        external=external,
        notes=record.notes,
        deviations=record.deviation_reason or "",
        limitation=record.limitation or "",
        time_zone=str(unit.organisation.zone),
    )
    if certificate is not None:
        snapshot = replace(snapshot, **_issued(unit, record, certificate))
    return replace(snapshot, traceability=paper.traceability_statement(snapshot))


def _issued(unit: UnitOfWork, record: Calibration, certificate: Certificate) -> dict[str, Any]:
    """Returns what comes with the approval."""
    base = str(unit.platform.settings.public_url or "").rstrip("/")
    url = f"{base}/verify/{certificate.verification_code}" if base else ""
    return {
        "number": certificate.number,
        "revision": certificate.revision,
        "replaces": _number_of(unit, certificate.replaces_id),
        "verification_code": certificate.verification_code,
        "verification_url": url,
        "qr_svg": _qr(url or certificate.verification_code),
        "issued_on": certificate.issued_on,
        "approved_by": paper.Signature(
            record.approved_by,
            "approved",
            _signed_at(unit, record, record.approved_by_id, as_performer=False),
        )
        if record.approved_by
        else None,
    }


def _performer(unit: UnitOfWork, record: Calibration) -> paper.Signature | None:
    """Returns who performed the work, or entered the result of another laboratory."""
    if not record.performed_by:
        return None
    at = _signed_at(unit, record, record.performed_by_id, as_performer=True)
    return paper.Signature(record.performed_by, PERFORMED, at)


def _signed_at(
    unit: UnitOfWork, record: Calibration, user_id: uuid.UUID | None, *, as_performer: bool
) -> datetime | None:
    """Returns when a person signed the record as it stands, None if they did not."""
    meaning = Signature.meaning
    statement = sa.select(sa.func.max(Signature.at)).where(
        Signature.record_id == record.id,
        Signature.user_id == user_id,
        Signature.record_hash == record_hash(record),
        meaning == PERFORMED if as_performer else meaning != PERFORMED,
    )
    at = unit.session.execute(unscoped(statement, Signature, because=BECAUSE)).scalar_one()
    return None if at is None else at.astimezone(UTC)


def _qr(text: str) -> str:
    """Draws a QR code as an SVG image."""
    stream = io.BytesIO()
    # One mask for all: trying all eight for the prettiest takes most of the time.
    code = segno.make(text, error="m", boost_error=False, mask=2, micro=False)
    code.save(stream, kind="svg", xmldecl=False, border=0)
    return stream.getvalue().decode()


def _number_of(unit: UnitOfWork, certificate_id: uuid.UUID | None) -> str:
    """Returns the number of the certificate that is replaced."""
    if certificate_id is None:
        return ""
    statement = sa.select(Certificate.number).where(Certificate.id == certificate_id)
    return unit.session.execute(unscoped(statement, Certificate, because=BECAUSE)).scalar_one()


def _laboratory(unit: UnitOfWork) -> paper.Party:
    """Returns the own organisation as it stands on letters."""
    statement = sa.select(Organisation.address).where(Organisation.id == unit.organisation.id)
    address = unit.session.execute(statement).scalar_one()
    return paper.Party(unit.organisation.title or unit.organisation.name, address)


def _customer(unit: UnitOfWork, customer_id: uuid.UUID | None) -> paper.Party | None:
    """Returns the customer of a record, or the owner of its instrument."""
    found = None if customer_id is None else customer_facts(unit, customer_id)
    return None if found is None else paper.Party(found.name, found.address, found.contact)


def _environment(environment: Mapping[str, str]) -> Iterable[paper.Condition]:
    """Yields the conditions in words."""
    for name, value in environment.items():
        title, unit = CONDITIONS.get(name, (name.replace("_", " ").capitalize(), ""))
        yield paper.Condition(title, f"{value} {unit}".strip())


def _standards(unit: UnitOfWork, record: Calibration) -> Iterable[paper.Standard]:
    """Yields the standards as they stood on the day of the measurement."""
    wanted = dict.fromkeys(
        uuid.UUID(str(identifier))
        for identifier in (
            *(one["equipment_id"] for one in record.standards),
            *(one for point in record.points for one in point["standard_ids"]),
        )
    )
    if not wanted:
        return
    facts = equipment_by_id(unit, list(wanted), VIEW)
    stored = load(unit, list(wanted))
    for identifier in wanted:
        found, known = facts.get(identifier), stored.get(identifier)
        if found is None:
            continue
        due_on: date | None = None
        number = provider = ""
        if known is not None:
            due_on = derive(unit, known, until=record.performed_at).state.due_on
            last = latest(
                known, (one for one in known.facts if one.performed_at <= record.performed_at)
            )
            if last is not None:
                number, provider = _origin(unit, last)
        yield paper.Standard(
            found.asset_tag, found.name, found.serial_number, number, provider, due_on
        )


def _origin(unit: UnitOfWork, row: Any) -> tuple[str, str]:
    """Returns number and issuer of the certificate of a record."""
    if row.provider_type == "external":
        supplier = None if row.supplier_id is None else supplier_facts(unit, row.supplier_id)
        return row.certificate_number, "" if supplier is None else supplier.name
    if row.issued_number:
        return row.issued_number, unit.organisation.title or unit.organisation.name
    return row.certificate_number, ""


def _external(unit: UnitOfWork, record: Calibration) -> paper.ExternalReport | None:
    """Returns what the certificate of an outside laboratory says."""
    if record.provider_type != "external":
        return None
    supplier = None if record.supplier_id is None else supplier_facts(unit, record.supplier_id)
    file = None
    if record.file_id is not None:
        statement = sa.select(StoredFile).where(StoredFile.id == record.file_id)
        file = unit.session.scalars(unscoped(statement, StoredFile, because=BECAUSE)).one_or_none()
    return paper.ExternalReport(
        supplier="" if supplier is None else supplier.name,
        certificate_number=record.certificate_number,
        certificate_date=record.certificate_date,
        result=record.reported_result or record.outcome,
        accreditation="" if supplier is None else supplier.accreditation_number,
        file_name="" if file is None else file.name,
        file_sha256="" if file is None else file.sha256,
    )


def _point(point: Mapping[str, Any], adjusted: bool) -> paper.Point:
    """Returns a test point as it is printed."""
    condition = (point["test_condition"], point["direction"], point["channel"])
    measured_again = bool(point["as_left"]) or adjusted
    return paper.Point(
        parameter=point["parameter"],
        unit=point["unit"],
        nominal=point["nominal"],
        section=point["section"],
        range=point["range"],
        condition=", ".join(text for text in condition if text),
        reference_value=point["reference_value"] or "",
        lower_limit=_printed(point["limits"]["lower"], short_limit),
        upper_limit=_printed(point["limits"]["upper"], short_limit),
        expanded_uncertainty=_printed(point["expanded_uncertainty"], two_digits),
        coverage_factor=point["coverage_factor"] or "",
        as_found=_findings(point, "as_found") if point["as_found"] else None,
        as_left=_findings(point, "as_left") if measured_again and point["as_left"] else None,
        in_scope=point["in_scope"],
        not_tested_reason=point["not_tested_reason"] or "",
    )


def _printed(text: str | None, shorten: Callable[[Decimal], Decimal]) -> str:
    """Returns a number as it was written, or shorter where it has more digits than are printed."""
    if not text:
        return ""
    exact = number_of(text)
    short = shorten(exact)
    return text if short == exact else format(short, "f")


def _findings(point: Mapping[str, Any], phase: str) -> paper.Findings:
    """Returns the readings of one phase with their verdict."""
    verdict = point[f"{phase}_evaluation"]
    value, error = shown_figures(point, phase)
    return paper.Findings(
        readings=tuple(_reading(one) for one in point[phase]),
        value=value,
        error=error,
        result=verdict["result"],
        tur=printed_ratio(verdict["tur"]),
        acceptance_lower=verdict["acceptance_lower"] or "",
        acceptance_upper=verdict["acceptance_upper"] or "",
    )


def _reading(entered: Any) -> paper.PrintedReading:
    """Returns a reading as it is printed."""
    if isinstance(entered, str):
        return paper.PrintedReading(entered)
    excluded = entered.get("excluded") or {}
    return paper.PrintedReading(
        entered["indication"], entered.get("reference") or "", excluded.get("reason", "")
    )
