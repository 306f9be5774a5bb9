"""The lifecycle of an instrument: its states, and which may follow which."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where an instrument stands in its life; its calibration is another matter.

    Attributes:
        DRAFT: Entered and not released yet.
        IN_SERVICE: For use, as far as its calibration allows.
        IN_CALIBRATION: On the bench or at a laboratory.
        IN_MAINTENANCE: Being repaired or serviced.
        QUARANTINED: Held back; nobody may use it, whatever the dates say.
        OUT_OF_SERVICE: Put aside for now.
        LOST: Nobody knows where it is.
        RETIRED: Gone for good; its history stays.
    """

    DRAFT = "draft"
    IN_SERVICE = "in_service"
    IN_CALIBRATION = "in_calibration"
    IN_MAINTENANCE = "in_maintenance"
    QUARANTINED = "quarantined"
    OUT_OF_SERVICE = "out_of_service"
    LOST = "lost"
    RETIRED = "retired"


WORDS = {
    Status.DRAFT: "Draft",
    Status.IN_SERVICE: "In service",
    Status.IN_CALIBRATION: "In calibration",
    Status.IN_MAINTENANCE: "In maintenance",
    Status.QUARANTINED: "Quarantined",
    Status.OUT_OF_SERVICE: "Out of service",
    Status.LOST: "Lost",
    Status.RETIRED: "Retired",
}
"""Each state as people read it."""

_WORKING = (
    Status.IN_CALIBRATION,
    Status.IN_MAINTENANCE,
    Status.QUARANTINED,
    Status.OUT_OF_SERVICE,
    Status.LOST,
    Status.RETIRED,
)

FOLLOWING: dict[Status, tuple[Status, ...]] = {
    Status.DRAFT: (Status.IN_SERVICE, Status.OUT_OF_SERVICE, Status.RETIRED),
    Status.IN_SERVICE: _WORKING,
    Status.IN_CALIBRATION: (
        Status.IN_SERVICE,
        Status.IN_MAINTENANCE,
        Status.QUARANTINED,
        Status.OUT_OF_SERVICE,
        Status.LOST,
        Status.RETIRED,
    ),
    Status.IN_MAINTENANCE: (
        Status.IN_SERVICE,
        Status.IN_CALIBRATION,
        Status.QUARANTINED,
        Status.OUT_OF_SERVICE,
        Status.LOST,
        Status.RETIRED,
    ),
    Status.QUARANTINED: (
        Status.IN_SERVICE,
        Status.IN_CALIBRATION,
        Status.IN_MAINTENANCE,
        Status.OUT_OF_SERVICE,
        Status.LOST,
        Status.RETIRED,
    ),
    Status.OUT_OF_SERVICE: (
        Status.IN_SERVICE,
        Status.IN_CALIBRATION,
        Status.IN_MAINTENANCE,
        Status.QUARANTINED,
        Status.LOST,
        Status.RETIRED,
    ),
    Status.LOST: (Status.QUARANTINED, Status.OUT_OF_SERVICE, Status.RETIRED),
    Status.RETIRED: (Status.OUT_OF_SERVICE,),
}
"""What may follow each state. What was lost comes back by way of quarantine, never at once."""

SUSPENDED = frozenset({Status.DRAFT, Status.OUT_OF_SERVICE, Status.LOST, Status.RETIRED})
"""States in which schedules rest: such instruments are in no due list and no headline count."""


def allowed(status: str) -> tuple[str, ...]:
    """Return the states that may follow a state.

    >>> allowed("retired")
    ('out_of_service',)
    """
    return tuple(str(following) for following in FOLLOWING[Status(status)])


def may_become(status: str, following: str) -> bool:
    """Tell whether one state may follow another.

    >>> may_become("in_service", "retired"), may_become("retired", "in_service")
    (True, False)
    """
    return following in allowed(status)
