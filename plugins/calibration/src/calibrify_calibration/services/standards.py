"""Reference standards: may they have been used on the day of the measurement?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.status import CalibrationStatus, calibration_status
from calibrify_calibration.models.calibration import StandardUse
from calibrify_calibration.permissions import VIEW
from calibrify_calibration.services.derivation import derive, load
from calibrify_core.kernel.errors import FieldError
from calibrify_core.persistence.bulk import insert_many
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import SUSPENDED, equipment_by_id

ABSENT = "This does not exist."
REFUSED = {
    CalibrationStatus.OVERDUE: "was overdue on the day of the measurement.",
    CalibrationStatus.FAILED: "was out of tolerance on the day of the measurement.",
}
QUARANTINED = "quarantined"
"""The state that speaks against any measurement; the others speak against one of today."""

_USES: Any = StandardUse.__table__

# A use of a standard: JSON pointer of where it is named, point (None: the whole record), its id.
Use = tuple[str, str | None, uuid.UUID]


def check_standards(
    unit: UnitOfWork,
    equipment_id: uuid.UUID,
    uses: Sequence[Use],
    performed_at: datetime,
    performed_on: date,
) -> list[FieldError]:
    """Returns an error for each standard that may not have been used.

    What was known of a standard is derived as of the measurement: a calibration of the standard
    that came later neither saves nor spoils it. Whether it is quarantined is asked as of now.

    Args:
        unit: the unit of work.
        equipment_id: the instrument under test, which is no standard for itself.
        uses: which standards, and where the body names them.
        performed_at: moment of the measurement.
        performed_on: the same as the organisation's local day.
    """
    wanted = sorted({identifier for _, _, identifier in uses})
    if not wanted:
        return []
    known = equipment_by_id(unit, wanted, VIEW)
    stored = load(unit, [identifier for identifier in wanted if identifier in known])
    verdicts: dict[uuid.UUID, str] = {}
    for identifier in wanted:
        facts = known.get(identifier)
        if facts is None:
            verdicts[identifier] = ABSENT
        elif identifier == equipment_id:
            verdicts[identifier] = "An instrument is no reference standard for itself."
        elif facts.status == QUARANTINED or (
            facts.status in SUSPENDED and performed_on >= unit.today()
        ):
            state = facts.status.replace("_", " ")
            verdicts[identifier] = f"The standard {facts.asset_tag} is {state}."
        elif identifier in stored:
            item = stored[identifier]
            due = derive(unit, item, until=performed_at)
            status = calibration_status(due.status_facts(item.state.required), performed_on)
            if status in REFUSED:
                verdicts[identifier] = f"The standard {facts.asset_tag} {REFUSED[status]}"
    return [
        FieldError(pointer, verdicts[identifier])
        for pointer, _, identifier in uses
        if identifier in verdicts
    ]


def keep_uses(unit: UnitOfWork, record_id: uuid.UUID, uses: Iterable[Use], *, new: bool) -> None:
    """Writes which standards a record used, in place of what was written before.

    Args:
        unit: the unit of work.
        record_id: which record; it is already inserted.
        uses: which standards.
        new: whether the record was just made.
    """
    if not new:
        unit.session.execute(sa.delete(StandardUse).where(StandardUse.record_id == record_id))
    rows = [
        {"record_id": record_id, "point_id": point, "equipment_id": identifier}
        for point, identifier in dict.fromkeys((point, identifier) for _, point, identifier in uses)
    ]
    insert_many(unit.connection, _USES, rows)
