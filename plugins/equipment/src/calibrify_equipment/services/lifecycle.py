"""Moving instruments on from state to state, with what speaks against it."""

from __future__ import annotations

import uuid

from calibrify_core.kernel.errors import Conflict, Forbidden
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain.lifecycle import Status, allowed, may_become
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.permissions import CHANGE, OVERRIDE
from calibrify_equipment.public import move_on
from calibrify_equipment.services.equipment import find
from calibrify_equipment.services.listing import read_record
from calibrify_equipment.services.usability import reasons_against


def transition(
    unit: UnitOfWork,
    equipment_id: uuid.UUID,
    to: str,
    reason: str = "",
    override_reason: str = "",
) -> Equipment:
    """Moves an instrument on to another state.

    Args:
        unit: the unit of work.
        equipment_id: which one.
        to: the state.
        reason: why; it goes into the audit trail.
        override_reason: why it is put to use although something speaks against it; needs the
            permission `OVERRIDE` where the instrument is.

    Raises:
        NotFound: it does not exist, or lies outside of the scope of `CHANGE`.
        Conflict: the state cannot follow (``allowed``), or something speaks against its use
            (``reasons``).
        Forbidden: an override is given without the permission for it.
    """
    equipment = find(unit, equipment_id, CHANGE)
    if not may_become(equipment.status, to):
        move_on(unit, equipment, to, reason)  # raises, with what is allowed
    if to == Status.IN_SERVICE:
        require_fitness(unit, equipment, to, override_reason, "put in service")
    said = "; ".join(text for text in (reason, override_reason) if text)
    move_on(unit, equipment, to, said)
    return equipment


def require_fitness(
    unit: UnitOfWork, equipment: Equipment, status: str, override_reason: str, what: str
) -> None:
    """Checks that nothing speaks against the use of an instrument, or that it is overridden.

    Args:
        unit: the unit of work.
        equipment: which one.
        status: the state in which it would be used.
        override_reason: why it happens all the same.
        what: what is about to be done with it, for the message.

    Raises:
        Conflict: something speaks against it, and nobody gave a reason.
        Forbidden: a reason is given, and not by somebody who may.
    """
    record, _ = read_record(unit, equipment.id)
    against = reasons_against(unit, record, status)
    if not against:
        return
    if not override_reason:
        gravest = max(against, key=lambda answer: answer.grave)
        raise Conflict(
            f"It cannot be {what}: {gravest.headline}. A permitted person may override this "
            f"with a reason.",
            allowed=list(allowed(equipment.status)),
            reasons=[{"key": answer.key, "detail": answer.headline} for answer in against],
        )
    if not _may_override(unit, equipment):
        raise Forbidden.without(OVERRIDE)


def _may_override(unit: UnitOfWork, equipment: Equipment) -> bool:
    """Tells whether the author may override where the instrument is."""
    statement = unit.select(Equipment, OVERRIDE).where(Equipment.id == equipment.id)
    return unit.session.scalars(statement).one_or_none() is not None
