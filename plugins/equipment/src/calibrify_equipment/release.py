"""The front door to release: what other plugins may import to put an instrument back in use."""

from __future__ import annotations

import uuid

from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain.lifecycle import Status
from calibrify_equipment.services.lifecycle import transition


def return_to_service(
    unit: UnitOfWork, equipment_id: uuid.UUID, reason: str, override_reason: str = ""
) -> None:
    """Puts an instrument back in service, as a transition by a person does.

    Args:
        unit: the unit of work.
        equipment_id: which one.
        reason: why; it goes into the audit trail.
        override_reason: why it is put to use although something speaks against it.

    Raises:
        NotFound: it does not exist, or lies outside of the scope of who may change it.
        Conflict: its state does not allow it, or something speaks against its use.
        Forbidden: an override is given without the permission for it.
    """
    transition(unit, equipment_id, Status.IN_SERVICE, reason, override_reason)
