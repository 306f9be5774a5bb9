"""Reference standards as pages show them: which there are, and whether they may be used today."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.domain.status import (
    CalibrationStatus,
    StatusFacts,
    calibration_status,
    is_usable,
)
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.pages.wording import TONES
from calibrify_calibration.permissions import VIEW
from calibrify_calibration.services.standards import QUARANTINED
from calibrify_core.web.formats import Formats
from calibrify_equipment.public import SUSPENDED

MOST = 300
HELD_BACK = SUSPENDED | {QUARANTINED}
_INSTRUMENTS = sa.table(
    "equipment_equipment",
    sa.column("id", sa.Uuid()),
    sa.column("asset_tag", sa.String()),
    sa.column("tag_key", sa.String()),
    sa.column("name", sa.String()),
    sa.column("status", sa.String()),
    sa.column("is_reference_standard", sa.Boolean()),
)
WORDS = {
    CalibrationStatus.NOT_REQUIRED: ("info", "Not required"),
    CalibrationStatus.NEVER_CALIBRATED: ("circle-dot", "Not calibrated"),
    CalibrationStatus.FAILED: ("octagon-alert", "Out of tolerance"),
    CalibrationStatus.OVERDUE: ("triangle-alert", "Overdue"),
    CalibrationStatus.EXTENDED: ("clock-alert", "Extended"),
    CalibrationStatus.DUE_SOON: ("clock-alert", "Due soon"),
    CalibrationStatus.LIMITED_USE: ("shield-check", "Limited use"),
    CalibrationStatus.CURRENT: ("circle-check", "Valid"),
}


@dataclass(frozen=True, slots=True)
class ShownStandard:
    """A reference standard.

    Attributes:
        id: the instrument.
        tag: its asset tag.
        name: what it is.
        until: until when it is valid, in words.
        tone: of its chip; icon and word: of it too.
        usable: whether it may be used today.
        href: its page.
    """

    id: str
    tag: str
    name: str
    until: str
    tone: str
    icon: str
    word: str
    usable: bool
    href: str


def find_standards(
    unit: Any,
    fmt: Formats,
    *,
    ids: Sequence[uuid.UUID] | None = None,
    tag: str | None = None,
) -> list[ShownStandard]:
    """Returns reference standards within reach, by tag.

    Args:
        unit: the unit of work.
        fmt: formats of the page.
        ids: only these instruments, whether or not they are reference standards.
        tag: only the one with this tag, likewise.
    """
    state = CalibrationState
    statement = (
        sa.select(
            _INSTRUMENTS.c.id,
            _INSTRUMENTS.c.asset_tag,
            _INSTRUMENTS.c.name,
            _INSTRUMENTS.c.status,
            state.required,
            state.failed,
            state.has_accepted,
            state.due_on,
            state.ordinary_due_on,
            state.due_soon_on,
            state.is_limited,
        )
        .join(_INSTRUMENTS, _INSTRUMENTS.c.id == state.equipment_id)
        .order_by(_INSTRUMENTS.c.tag_key)
        .limit(MOST)
    )
    if ids is not None:
        statement = statement.where(state.equipment_id.in_(ids))
    elif tag is not None:
        statement = statement.where(_INSTRUMENTS.c.asset_tag == tag)
    else:
        statement = statement.where(_INSTRUMENTS.c.is_reference_standard.is_(True))
    rows = unit.session.execute(unit.restrict(statement, CalibrationState, VIEW))
    return [_shown(row, unit.today(), fmt) for row in rows]


def _shown(row: Any, today: dt.date, fmt: Formats) -> ShownStandard:
    """Returns a row as the pages show it."""
    facts = StatusFacts(
        required=row.required,
        failed=row.failed,
        has_accepted=row.has_accepted,
        due_on=row.due_on,
        ordinary_due_on=row.ordinary_due_on,
        due_soon_on=row.due_soon_on,
        is_limited=row.is_limited,
    )
    status = calibration_status(facts, today)
    icon, word = WORDS[status]
    tone = TONES[status.value]
    usable = is_usable(status) or status is CalibrationStatus.NEVER_CALIBRATED
    if row.status in HELD_BACK:
        tone, icon, word, usable = "oot", "ban", row.status.replace("_", " ").capitalize(), False
    elif status is CalibrationStatus.DUE_SOON and row.due_on is not None:
        word = f"{(row.due_on - today).days} days"
    until = "" if row.due_on is None else f"Valid to {fmt.date(row.due_on)}"
    if row.due_on is not None and row.due_on < today:
        until = f"Was due {fmt.date(row.due_on)}"
    return ShownStandard(
        str(row.id),
        row.asset_tag,
        row.name,
        until,
        tone,
        icon,
        word,
        usable,
        f"/equipment/{row.id}",
    )
