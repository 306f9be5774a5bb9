"""What happens to calibrations, told to whoever wants to know."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class CalibrationRecorded:
    """A record was written down.

    Attributes:
        calibration_id: which one.
        equipment_id: of which instrument.
        number: its number.
        kind: why it was made.
    """

    calibration_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str
    kind: str


@dataclass(frozen=True, slots=True)
class CalibrationSubmitted:
    """A record was handed in for review.

    Attributes:
        calibration_id: which one.
        equipment_id: of which instrument.
        number: its number.
    """

    calibration_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str


@dataclass(frozen=True, slots=True)
class CalibrationApproved:
    """A record came into force.

    Attributes:
        calibration_id: which one.
        equipment_id: of which instrument.
        number: its number.
        outcome: its result as left, or as reported.
        certificate_id: the certificate that was issued.
    """

    calibration_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str
    outcome: str
    certificate_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class CalibrationRejected:
    """A record was sent back.

    Attributes:
        calibration_id: which one.
        equipment_id: of which instrument.
        number: its number.
        reason: why.
    """

    calibration_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class CalibrationVoided:
    """An approved record was withdrawn.

    Attributes:
        calibration_id: which one.
        equipment_id: of which instrument.
        number: its number.
        reason: why.
    """

    calibration_id: uuid.UUID
    equipment_id: uuid.UUID
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class CalibrationAmended:
    """An approved record gave way to a new one that amends it.

    Attributes:
        calibration_id: the record that is superseded.
        amendment_id: the new record.
        equipment_id: of which instrument.
        reason: why.
    """

    calibration_id: uuid.UUID
    amendment_id: uuid.UUID
    equipment_id: uuid.UUID
    reason: str


@dataclass(frozen=True, slots=True)
class OutOfToleranceFound:
    """An approved record says that the instrument came out of tolerance, or left so.

    Attributes:
        calibration_id: which record.
        equipment_id: of which instrument.
        phase: ``as_found`` or ``as_left``.
        performed_on: day of the measurement, in the organisation's zone.
    """

    calibration_id: uuid.UUID
    equipment_id: uuid.UUID
    phase: str
    performed_on: date


@dataclass(frozen=True, slots=True)
class DueDateChanged:
    """The due date of an instrument moved, appeared or went.

    Attributes:
        equipment_id: of which instrument.
        before: the due date until now.
        after: the due date from now on.
        failed: whether it is gone since the last outcome was bad.
    """

    equipment_id: uuid.UUID
    before: date | None
    after: date | None
    failed: bool
