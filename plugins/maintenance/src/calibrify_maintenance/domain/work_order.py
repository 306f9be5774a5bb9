"""Work orders: their states, which may follow which, and the words that sort them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """How far a work order is.

    Attributes:
        REQUESTED: Somebody asked for it; nobody said when.
        SCHEDULED: It has a day.
        IN_PROGRESS: Somebody works on it.
        ON_HOLD: It waits for something.
        COMPLETED: Done; it does not change any more.
        CANCELLED: Not going to be done; it does not change any more.
    """

    REQUESTED = "requested"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Type(StrEnum):
    """Why the work is done.

    Attributes:
        PREVENTIVE: Before something breaks.
        CORRECTIVE: Since something broke.
        INSPECTION: To see how it is.
        CLEANING: To have it clean.
    """

    PREVENTIVE = "preventive"
    CORRECTIVE = "corrective"
    INSPECTION = "inspection"
    CLEANING = "cleaning"


class Priority(StrEnum):
    """How much it matters that the work is done soon."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


FOLLOWING: Mapping[Status, tuple[Status, ...]] = MappingProxyType(
    {
        Status.REQUESTED: (Status.SCHEDULED, Status.IN_PROGRESS, Status.CANCELLED),
        Status.SCHEDULED: (Status.IN_PROGRESS, Status.ON_HOLD, Status.CANCELLED),
        Status.IN_PROGRESS: (Status.ON_HOLD, Status.COMPLETED, Status.CANCELLED),
        Status.ON_HOLD: (Status.SCHEDULED, Status.IN_PROGRESS, Status.CANCELLED),
        Status.COMPLETED: (),
        Status.CANCELLED: (),
    }
)
"""What may follow each state."""

OPEN = (Status.REQUESTED, Status.SCHEDULED, Status.IN_PROGRESS, Status.ON_HOLD)
"""States in which there is still something to do."""

BEGUN = (Status.IN_PROGRESS, Status.ON_HOLD)
"""States in which the checklist is filled in."""


def allowed(status: str) -> tuple[str, ...]:
    """Return the states that may follow a state.

    >>> allowed("in_progress")
    ('on_hold', 'completed', 'cancelled')
    """
    return tuple(str(following) for following in FOLLOWING[Status(status)])


def may_become(status: str, following: str) -> bool:
    """Tell whether one state may follow another.

    >>> may_become("scheduled", "in_progress"), may_become("requested", "completed")
    (True, False)
    """
    return following in allowed(status)


def is_open(status: str) -> bool:
    """Tell whether there is still something to do.

    >>> is_open("on_hold"), is_open("completed")
    (True, False)
    """
    return status in OPEN
