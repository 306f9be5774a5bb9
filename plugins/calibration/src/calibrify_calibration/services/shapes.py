"""Records and certificates as the API shows them."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from calibrify_calibration.domain.decisions import Result

PLAIN = (
    "id",
    "number",
    "state",
    "state_reason",
    "revision",
    "amends_id",
    "equipment_id",
    "schedule_id",
    "method",
    "kind",
    "is_historical",
    "performed_at",
    "performed_on",
    "performed_by_id",
    "performed_by",
    "started_at",
    "finished_at",
    "received_on",
    "condition_received",
    "condition_returned",
    "place",
    "location_id",
    "customer_id",
    "work_order_ref",
    "reported_result",
    "decision_rule",
    "guard_band_factor",
    "decision_rule_agreed",
    "conformity_requested",
    "interval_agreed",
    "environment",
    "deviation_reason",
    "standards",
    "adjusted",
    "as_found_na_reason",
    "limitation",
    "notes",
    "next_due_on",
    "submitted_at",
    "approved_at",
    "approved_by",
    "engine_version",
    "inputs_hash",
    "created_at",
    "updated_at",
)
"""Members that are shown as they are stored."""

_PLAIN = attrgetter(*PLAIN)


def calibration_out(row: Any, points: Any, instrument: Any) -> dict[str, Any]:
    """Returns a record as the API shows it.

    Args:
        row: a record, or a row with its columns.
        points: its points: as stored, or as JSON that is passed on as it is.
        instrument: with ``asset_tag`` and ``name``.
    """
    shown: dict[str, Any] = dict(zip(PLAIN, _PLAIN(row), strict=True))
    not_tested = Result.NOT_TESTED.value
    shown["equipment"] = {
        "id": row.equipment_id,
        "asset_tag": instrument.asset_tag,
        "name": instrument.name,
    }
    shown["procedure_id"] = None
    shown["provider"] = {
        "type": row.provider_type,
        "supplier_id": row.supplier_id,
        "certificate_number": row.certificate_number,
        "certificate_date": row.certificate_date,
        "file_id": row.file_id,
    }
    shown["points"] = points
    shown["as_found_result"] = row.as_found_result or not_tested
    shown["as_left_result"] = row.as_left_result or not_tested
    shown["certificate_number"] = row.issued_number or None
    return shown


def certificate_out(row: Any, _unit: Any = None) -> dict[str, Any]:
    """Returns a certificate as the API shows it."""
    return {
        "id": row.id,
        "calibration_id": row.record_id,
        "equipment_id": row.equipment_id,
        "number": row.number,
        "revision": row.revision,
        "replaces_id": row.replaces_id,
        "issued_on": row.issued_on,
        "authorised_by": row.authorised_by,
        "sha256": row.sha256,
        "state": row.state,
        "verification_code": row.verification_code,
    }
