"""Records and certificates as the API shows them."""

from __future__ import annotations

from typing import Any

from calibrify_calibration.domain.decisions import Result


def calibration_out(row: Any, points: Any, instrument: Any) -> dict[str, Any]:
    """Returns a record as the API shows it.

    Args:
        row: a record, or a row with its columns.
        points: its points: as stored, or as JSON that is passed on as it is.
        instrument: with ``id``, ``asset_tag`` and ``name``.
    """
    not_tested = Result.NOT_TESTED.value
    return {
        "id": row.id,
        "number": row.number,
        "state": row.state,
        "state_reason": row.state_reason,
        "revision": row.revision,
        "amends_id": row.amends_id,
        "equipment_id": row.equipment_id,
        "equipment": {
            "id": row.equipment_id,
            "asset_tag": instrument.asset_tag,
            "name": instrument.name,
        },
        "schedule_id": row.schedule_id,
        "procedure_id": None,
        "method": row.method,
        "kind": row.kind,
        "is_historical": row.is_historical,
        "performed_at": row.performed_at,
        "performed_on": row.performed_on,
        "performed_by_id": row.performed_by_id,
        "performed_by": row.performed_by,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "received_on": row.received_on,
        "condition_received": row.condition_received,
        "condition_returned": row.condition_returned,
        "place": row.place,
        "location_id": row.location_id,
        "customer_id": row.customer_id,
        "work_order_ref": row.work_order_ref,
        "provider": {
            "type": row.provider_type,
            "supplier_id": row.supplier_id,
            "certificate_number": row.certificate_number,
            "certificate_date": row.certificate_date,
            "file_id": row.file_id,
        },
        "reported_result": row.reported_result,
        "decision_rule": row.decision_rule,
        "guard_band_factor": row.guard_band_factor,
        "decision_rule_agreed": row.decision_rule_agreed,
        "conformity_requested": row.conformity_requested,
        "interval_agreed": row.interval_agreed,
        "environment": row.environment,
        "deviation_reason": row.deviation_reason,
        "standards": row.standards,
        "points": points,
        "adjusted": row.adjusted,
        "as_found_na_reason": row.as_found_na_reason,
        "limitation": row.limitation,
        "notes": row.notes,
        "as_found_result": row.as_found_result or not_tested,
        "as_left_result": row.as_left_result or not_tested,
        "next_due_on": row.next_due_on,
        "certificate_number": row.issued_number or None,
        "submitted_at": row.submitted_at,
        "approved_at": row.approved_at,
        "approved_by": row.approved_by,
        "engine_version": row.engine_version,
        "inputs_hash": row.inputs_hash,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


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
