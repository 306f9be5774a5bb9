"""Electronic signatures: who signed, what it means, and the digest of what was signed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from calibrify_calibration.domain.states import RecordState
from calibrify_calibration.models.calibration import Calibration, Signature
from calibrify_calibration.permissions import VIEW
from calibrify_calibration.services.calibrations import find
from calibrify_calibration.services.entries import record_hash
from calibrify_calibration.services.problems import check_step
from calibrify_core.auth import confirmation
from calibrify_core.auth.confirmation import Confirmed
from calibrify_core.work.unit import UnitOfWork


def precheck(
    unit: UnitOfWork, record_id: uuid.UUID, permission: str, wanted: RecordState
) -> Calibration:
    """Checks that a record can take a step, before anybody is asked for a password.

    Args:
        unit: a unit that only reads.
        record_id: which record.
        permission: what the step needs.
        wanted: the state it leads to.

    Raises:
        NotFound: the record does not exist, or lies outside of what the permission reaches.
        Conflict: its state does not allow the step.
    """
    calibration = find(unit, record_id, permission)
    check_step(calibration.state, wanted)
    return calibration


def sign(unit: UnitOfWork, calibration: Calibration, confirmed: Confirmed) -> Signature:
    """Signs a record as it stands.

    Raises:
        Forbidden: it was not the author who gave the password.
    """
    digest = record_hash(calibration)
    return confirmation.sign(
        unit, confirmed, Signature, calibration, digest, record_id=calibration.id
    )


def signatures_of(unit: UnitOfWork, calibration: Calibration) -> list[dict[str, Any]]:
    """Returns who signed a record, in order; ``valid``: it still is what was signed."""
    present = record_hash(calibration)
    rows: Iterable[Signature] = unit.session.scalars(
        unit.select(Signature, VIEW)
        .where(Signature.record_id == calibration.id)
        .order_by(Signature.at, Signature.id)
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
