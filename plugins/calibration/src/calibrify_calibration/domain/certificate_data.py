"""The snapshot of a certificate as JSON: what is stored, hashed and handed to the template.

The data is complete (the template needs nothing else), holds no float and is the same for the
same snapshot, so that its digest identifies what was signed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import TypeAlias

from calibrify_calibration.domain.certificate import (
    CertificateSnapshot,
    ExternalReport,
    Findings,
    Point,
    PrintedReading,
    Signature,
    State,
    checklist,
    number,
    stated_uncertainty,
    tested,
    title,
)

Data: TypeAlias = "bool | int | str | list[Data] | dict[str, Data] | None"

FORMAT = 1
"""Version of the layout of the data; a template prints every version up to its own."""

GAUGE_ENDS = (-250, 1250)
"""How far a gauge reaches, in thousandths of the span between the limits."""


def _verification(snapshot: CertificateSnapshot) -> dict[str, Data]:
    """Returns how a reader checks the paper; a draft cannot be checked."""
    if snapshot.state is State.DRAFT:
        return {"code": "", "url": "", "qr_svg": ""}
    return {
        "code": snapshot.verification_code,
        "url": snapshot.verification_url,
        "qr_svg": snapshot.qr_svg,
    }


def snapshot_to_data(snapshot: CertificateSnapshot) -> dict[str, Data]:
    """Returns the snapshot as JSON for storage and printing.

    Dates are ISO 8601, points in scope and out of it stay in order, grouped by section, parameter,
    range and unit. A draft carries no number and no date of issue, whatever the snapshot says.

    Args:
        snapshot: what to print.
    """
    draft = snapshot.state is State.DRAFT
    return {
        "format": FORMAT,
        "state": snapshot.state.value,
        "title": title(snapshot),
        "missing": list[Data](checklist(snapshot)),
        "record_id": snapshot.record_id,
        "number": "" if draft else snapshot.number,
        "revision": snapshot.revision,
        "replaces": snapshot.replaces,
        "replaced_by": snapshot.replaced_by,
        "kind": snapshot.kind,
        "verification": _verification(snapshot),
        "laboratory": _plain(asdict(snapshot.laboratory)),
        "customer": _plain(asdict(snapshot.customer)) if snapshot.customer else None,
        "place": snapshot.place,
        "item": _plain(asdict(snapshot.item)),
        "received_on": _day(snapshot.received_on),
        "performed_on": _day(snapshot.performed_on),
        "issued_on": "" if draft else _day(snapshot.issued_on),
        "time_zone": snapshot.time_zone,
        "method": snapshot.method,
        "method_version": snapshot.method_version,
        "environment": [_plain(asdict(condition)) for condition in snapshot.environment],
        "standards": [_plain(asdict(standard)) for standard in snapshot.standards],
        "decision_rule": snapshot.decision_rule,
        "decision_rule_agreed": snapshot.decision_rule_agreed,
        "conformity_requested": snapshot.conformity_requested,
        "adjusted": snapshot.adjusted,
        "as_found_na_reason": snapshot.as_found_na_reason,
        "as_found_result": snapshot.as_found_result,
        "as_left_result": snapshot.as_left_result,
        "tables": _tables(snapshot.points),
        "any_uncertainty": any(map(stated_uncertainty, snapshot.points)),
        "any_out_of_scope": any(not point.in_scope for point in snapshot.points),
        "traceability": snapshot.traceability,
        "coverage_probability": snapshot.coverage_probability,
        "next_due_on": _day(snapshot.next_due_on) if snapshot.interval_agreed else "",
        "performed_by": _signature(snapshot.performed_by),
        "approved_by": None if draft else _signature(snapshot.approved_by),
        "external": _external(snapshot.external),
        "notes": snapshot.notes,
        "deviations": snapshot.deviations,
        "limitation": snapshot.limitation,
        "void_reason": snapshot.void_reason,
        "void_on": _day(snapshot.void_on),
    }


def digest(snapshot: CertificateSnapshot) -> str:
    """Returns the SHA-256 (hexadecimal) of the snapshot's canonical JSON."""
    return data_digest(snapshot_to_data(snapshot))


def data_digest(data: Mapping[str, Data]) -> str:
    """Returns the SHA-256 (hexadecimal) of data: sorted keys, no spaces, UTF-8.

    A lone surrogate, which UTF-8 lacks, is hashed as its JSON escape.
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def voided(data: Mapping[str, Data], reason: str, on: date) -> dict[str, Data]:
    """Returns stored data of an issued certificate as that of a void one."""
    return {**data, "state": State.VOID.value, "void_reason": reason, "void_on": _day(on)}


def superseded(data: Mapping[str, Data], by: str) -> dict[str, Data]:
    """Returns stored data of an issued certificate as that of one replaced by number ``by``."""
    return {**data, "state": State.SUPERSEDED.value, "replaced_by": by}


def _plain(members: Mapping[str, object]) -> dict[str, Data]:
    return {
        name: _day(value) if isinstance(value, date) else str(value or "")
        for name, value in members.items()
    }


def _day(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else ""


def _signature(signature: Signature | None) -> dict[str, Data] | None:
    if signature is None:
        return None
    return {
        "name": signature.name,
        "role": signature.role,
        "meaning": signature.meaning,
        "at": "" if signature.at is None else _moment(signature.at),
    }


def _moment(value: datetime) -> str:
    offset = value.strftime("%z")
    zone = "UTC" if offset in ("", "+0000") else f"UTC{offset[:3]}:{offset[3:5]}"
    return f"{value:%Y-%m-%d %H:%M:%S} {zone}"


def _external(report: ExternalReport | None) -> dict[str, Data] | None:
    return None if report is None else _plain(asdict(report))


def _tables(points: Iterable[Point]) -> list[Data]:
    def heading(point: Point) -> tuple[str, str, str, str]:
        return (point.section, point.parameter, point.range, point.unit)

    tables: list[Data] = []
    for (section, parameter, span, unit), group in groupby(points, heading):
        rows = list(group)
        tables.append(
            {
                "section": section,
                "parameter": parameter,
                "range": span,
                "unit": unit,
                "reference": any(point.reference_value for point in rows),
                "rows": [_row(point) for point in rows],
            }
        )
    return tables


def _row(point: Point) -> dict[str, Data]:
    phases = (("found", point.as_found), ("left", point.as_left))
    return {
        "nominal": point.nominal,
        "reference": point.reference_value,
        "condition": point.condition,
        "lower": point.lower_limit,
        "upper": point.upper_limit,
        "u": stated_uncertainty(point),
        "k": point.coverage_factor,
        "in_scope": point.in_scope,
        "tested": tested(point),
        "not_tested_reason": point.not_tested_reason,
        "standards": list[Data](point.standards),
        "phases": [_phase(name, point, findings) for name, findings in phases if findings],
    }


def _phase(name: str, point: Point, findings: Findings) -> dict[str, Data]:
    readings = findings.readings
    single = len(readings) == 1 and not readings[0].excluded and not readings[0].reference
    value = findings.value or (readings[0].text if single else "")
    return {
        "phase": name,
        "value": value,
        "error": findings.error,
        "result": findings.result,
        "tur": findings.tur,
        "readings": "" if single else "  ".join(map(_reading, readings)),
        "gauge": _gauge(point, value, findings),
    }


def _reading(reading: PrintedReading) -> str:
    reference = f" (reference {reading.reference})" if reading.reference else ""
    excluded = f" (excluded: {reading.excluded})" if reading.excluded else ""
    return f"{reading.text}{reference}{excluded}"


def _gauge(point: Point, value: str, findings: Findings) -> Data:
    """Where the value lies between the limits, in thousandths of their distance; for drawing only.

    The decision was made on the exact values; here they are cut to the width of a line.
    """
    lower, upper, at = number(point.lower_limit), number(point.upper_limit), number(value)
    if lower is None or upper is None or at is None or lower >= upper:
        return None

    def place(position: Decimal) -> int:
        low, high = GAUGE_ENDS
        return max(low, min(high, int(1000 * (position - lower) / (upper - lower))))

    uncertainty = number(stated_uncertainty(point)) or Decimal(0)
    guard_low, guard_high = (
        number(findings.acceptance_lower),
        number(findings.acceptance_upper),
    )
    return {
        "at": place(at),
        "from": place(at - uncertainty),
        "to": place(at + uncertainty),
        "accept_from": place(lower if guard_low is None else guard_low),
        "accept_to": place(upper if guard_high is None else guard_high),
    }
