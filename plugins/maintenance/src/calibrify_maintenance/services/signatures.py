"""Signatures at the completion of work orders, and the digest of what was signed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from calibrify_core.audit.trail import plain
from calibrify_core.auth import confirmation
from calibrify_core.auth.confirmation import Confirmed
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.models.signature import WorkOrderSignature
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import VIEW

SIGNED = (
    "id",
    "number",
    "equipment_id",
    "plan_id",
    "type",
    "title",
    "description",
    "status",
    "started_at",
    "completed_at",
    "checklist",
    "work_done",
    "labour_minutes",
    "downtime_minutes",
    "failure_code",
    "affects_calibration",
)
"""Members that a signature is bound to."""


def record_hash(work_order: WorkOrder) -> str:
    """Returns the SHA-256 of all that a signature is bound to: any later change shows."""
    facts = {name: plain(getattr(work_order, name)) for name in SIGNED}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def sign(unit: UnitOfWork, work_order: WorkOrder, confirmed: Confirmed) -> WorkOrderSignature:
    """Signs a work order as it stands.

    Raises:
        Forbidden: it was not the author who gave the password.
    """
    digest = record_hash(work_order)
    return confirmation.sign(
        unit, confirmed, WorkOrderSignature, work_order, digest, work_order_id=work_order.id
    )


def signatures_of(unit: UnitOfWork, work_order: WorkOrder) -> list[dict[str, Any]]:
    """Returns who signed a work order, in order; ``valid``: it still is what was signed."""
    present = record_hash(work_order)
    rows = unit.session.scalars(
        unit.select(WorkOrderSignature, VIEW)
        .where(WorkOrderSignature.work_order_id == work_order.id)
        .order_by(WorkOrderSignature.at, WorkOrderSignature.id)
    )
    return [
        {
            "name": row.printed_name,
            "meaning": row.meaning,
            "at": row.at,
            "valid": row.record_hash == present,
        }
        for row in rows
    ]
