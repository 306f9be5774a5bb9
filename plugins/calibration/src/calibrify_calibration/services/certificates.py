"""Certificates: numbered at approval, frozen, printed once, and found again by their code."""

from __future__ import annotations

import io
import secrets
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.certificate import checklist
from calibrify_calibration.domain.certificate_data import (
    data_digest,
    snapshot_to_data,
    superseded,
    voided,
)
from calibrify_calibration.domain.codes import CODE_BYTES, normal_code, verification_code
from calibrify_calibration.domain.statements import statements_of
from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.certificate import Certificate
from calibrify_calibration.permissions import CERTIFICATE_VIEW, VIEW
from calibrify_calibration.services.calibrations import find
from calibrify_calibration.services.snapshots import snapshot_of
from calibrify_core.exchange.documents import render_pdf
from calibrify_core.kernel.errors import FieldError, Invalid, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.work.organisation import Organisation
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork

SERIES = "calibration.certificate"
RENDER = "calibration.render_certificate"
TEMPLATE = files("calibrify_calibration") / "templates" / "calibration" / "certificate.typ"
POINTERS: Mapping[str, str] = {
    "place of calibration": "/place",
    "customer name": "/customer_id",
    "customer contact": "/customer_id",
    "method": "/method",
    "condition of the item": "/condition_received",
    "date of receipt": "/received_on",
    "performer": "/performed_by_id",
    "environmental conditions": "/environment",
    "reference standards": "/standards",
    "statement of traceability": "/standards",
    "decision rule": "/decision_rule",
    "external provider": "/provider/supplier_id",
    "external certificate number": "/provider/certificate_number",
    "external certificate date": "/provider/certificate_date",
    "reported result": "/reported_result",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate as a file.

    Attributes:
        name: as it is offered for saving.
        content: the PDF.
    """

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What anybody learns who holds a certificate and asks whether it is genuine.

    Attributes:
        number: of the certificate.
        state: ``issued``, ``void`` or ``replaced``.
        issued_on: when it was issued.
        laboratory: who issued it.
        item: tag and name of the instrument.
        sha256: digest of the paper, None until it was made.
        replaced_by: number of the certificate that took its place.
    """

    number: str
    state: str
    issued_on: date
    laboratory: str
    item: str
    sha256: str | None
    replaced_by: str


def draw_number(unit: UnitOfWork, record: Calibration) -> None:
    """Draws the number of the certificate of a record that is being approved."""
    record.issued_number = unit.next_number(SERIES)


def issue(unit: UnitOfWork, record: Calibration) -> Certificate:
    """Issues the certificate of a record that was just approved, and has it printed.

    Raises:
        Invalid: the organisation is accredited, and a mandatory particular is missing.
    """
    replaced = None if record.amends_id is None else of_record(unit, record.amends_id)
    issued_at = unit.trade_now()
    certificate = Certificate(
        id=new_id(),
        organisation_id=unit.organisation.id,
        record_id=record.id,
        equipment_id=record.equipment_id,
        number=record.issued_number,
        revision=record.revision,
        replaces_id=None if replaced is None else replaced.id,
        issued_at=issued_at,
        issued_on=unit.local_date(issued_at),
        authorised_by=record.approved_by,
        verification_code=verification_code(secrets.token_bytes(CODE_BYTES)),
    )
    snapshot = snapshot_of(unit, record, certificate)
    missing = checklist(snapshot)
    if missing and unit.policy("accredited"):
        raise Invalid(
            [
                FieldError(POINTERS.get(name, "/points"), f"The certificate lacks this: {name}.")
                for name in missing
            ]
        )
    certificate.snapshot = snapshot_to_data(snapshot)
    certificate.snapshot_hash = data_digest(certificate.snapshot)
    unit.add(certificate)
    if replaced is not None:
        _finish(replaced, "replaced", superseded(replaced.snapshot, certificate.number))
    unit.session.flush()
    unit.enqueue(RENDER, {"certificate_id": str(certificate.id)})
    return certificate


def withdraw(unit: UnitOfWork, record: Calibration, reason: str) -> None:
    """Declares the certificate of a record void; the paper as issued is kept beside."""
    certificate = of_record(unit, record.id)
    if certificate is not None:
        _finish(certificate, "void", voided(certificate.snapshot, reason, unit.today()))
        unit.session.flush()
        unit.enqueue(RENDER, {"certificate_id": str(certificate.id)})


def supersede(unit: UnitOfWork, record: Calibration) -> None:
    """Marks the certificate of a record as replaced, by one that has no number yet."""
    certificate = of_record(unit, record.id)
    if certificate is not None:
        _finish(certificate, "replaced", superseded(certificate.snapshot, ""))
        unit.session.flush()


def _finish(certificate: Certificate, state: str, data: dict[str, Any]) -> None:
    """Gives a certificate the last state that it has."""
    certificate.state = state
    certificate.final_snapshot = data
    certificate.final_sha256 = None


def of_record(unit: UnitOfWork, record_id: uuid.UUID) -> Certificate | None:
    """Returns the certificate of a record, None before its approval."""
    statement = unit.select(Certificate, VIEW).where(Certificate.record_id == record_id)
    return unit.session.scalars(statement).one_or_none()


def find_certificate(unit: UnitOfWork, certificate_id: uuid.UUID) -> Certificate:
    """Returns a certificate.

    Raises:
        NotFound: it does not exist, or lies outside of what the author may see.
    """
    return unit.find(Certificate, certificate_id, CERTIFICATE_VIEW)


def paper_of(unit: UnitOfWork, record_id: uuid.UUID) -> Paper:
    """Returns the paper on a record: the same bytes ever after once it was issued.

    A draft is printed as it stands, marked as such and without a number. The unit may be one
    that only reads: what has to be kept is written by a unit of its own.

    Raises:
        NotFound: the record does not exist for the author, or was imported without readings.
    """
    record = find(unit, record_id, VIEW)
    if record.is_historical:
        raise NotFound("This calibration was imported without readings: there is no paper on it.")
    certificate = of_record(unit, record.id)
    if certificate is None:
        data = snapshot_to_data(snapshot_of(unit, record))
        name = f"{record.number or record.id} draft.pdf"
        return Paper(name, _print(data, record.updated_at))
    final = certificate.final_snapshot is not None
    digest = certificate.final_sha256 if final else certificate.sha256
    if digest is None:
        with unit.platform.unit(unit.organisation.id) as own:
            digest = print_certificate(own, certificate.id)
    with closing(unit.platform.storage.open(digest)) as stream:
        return Paper(f"{certificate.number}.pdf", stream.read())


def print_certificate(unit: UnitOfWork, certificate_id: uuid.UUID) -> str:
    """Prints a certificate unless that was done already, and keeps the paper.

    Returns:
        The digest of the paper as it stands now.

    Raises:
        NotFound: there is no such certificate.
    """
    statement = sa.select(Certificate).where(Certificate.id == certificate_id)
    statement = statement.with_for_update(of=Certificate)
    certificate = unit.session.scalars(
        unscoped(statement, Certificate, because="the system prints what was issued")
    ).one_or_none()
    if certificate is None:
        raise NotFound("This certificate does not exist.")
    if certificate.sha256 is None:
        certificate.sha256 = _keep(unit, certificate.snapshot, certificate.issued_at)
    if certificate.final_snapshot is None:
        return certificate.sha256
    if certificate.final_sha256 is None:
        certificate.final_sha256 = _keep(unit, certificate.final_snapshot, certificate.issued_at)
    return certificate.final_sha256


def _keep(unit: UnitOfWork, data: Mapping[str, Any], created: datetime) -> str:
    """Prints data and stores the paper."""
    return unit.platform.storage.put(io.BytesIO(_print(data, created))).sha256


def _print(data: Mapping[str, Any], created: datetime) -> bytes:
    """Lays the paper out."""
    return render_pdf(TEMPLATE, {**data, "statements": statements_of(data)}, created=created)


def verify(platform: Platform, code: str) -> Verified | None:
    """Returns what a verification code stands for, None if it stands for nothing.

    Whoever holds the paper may ask, whoever they are; the code is 60 random bits.

    Args:
        platform: the application's shared services.
        code: as it was read off the paper.
    """
    normal = normal_code(code)
    if normal is None:
        return None
    statement = sa.select(Certificate, Organisation.title, Organisation.name).join(
        Organisation, Organisation.id == Certificate.organisation_id
    )
    statement = unscoped(
        statement.where(Certificate.verification_code == normal),
        Certificate,
        because="whoever holds the paper may ask whether it is genuine",
    )
    with platform.session(write=False) as session:
        found = session.execute(statement).one_or_none()
    if found is None:
        return None
    certificate, title, name = found
    item = certificate.snapshot["item"]
    data = certificate.final_snapshot or certificate.snapshot
    return Verified(
        certificate.number,
        certificate.state,
        certificate.issued_on,
        title or name,
        " ".join(part for part in (item["asset_tag"], item["name"]) if part),
        certificate.sha256,
        str(data["replaced_by"]),
    )
