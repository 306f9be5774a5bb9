"""States of a calibration record and the steps between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class RecordState(StrEnum):
    """State of a calibration record.

    Attributes:
        DRAFT: Being written; the only state in which its content changes.
        SUBMITTED: Handed in for review.
        APPROVED: Reviewed and in force; immutable from here on.
        REJECTED: Sent back by the reviewer; its readings are kept.
        VOID: Withdrawn for a stated reason; it stays readable.
        SUPERSEDED: Replaced by an amendment; it stays readable.
    """

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    VOID = "void"
    SUPERSEDED = "superseded"


TRANSITIONS: Mapping[RecordState, tuple[RecordState, ...]] = MappingProxyType(
    {
        RecordState.DRAFT: (RecordState.SUBMITTED,),
        RecordState.SUBMITTED: (RecordState.APPROVED, RecordState.REJECTED),
        RecordState.REJECTED: (RecordState.DRAFT,),
        RecordState.APPROVED: (RecordState.VOID, RecordState.SUPERSEDED),
        RecordState.VOID: (),
        RecordState.SUPERSEDED: (),
    }
)
"""Where a record may go from each state."""

EDITABLE = frozenset({RecordState.DRAFT})
"""States in which the content of a record may change."""

NEEDS_REASON = frozenset({RecordState.REJECTED, RecordState.VOID, RecordState.SUPERSEDED})
"""States that are entered only with a reason."""


class IllegalStep(ValueError):
    """A step that the state of a record does not allow.

    Attributes:
        current: State of the record.
        wanted: State it should have gone to.
        allowed: States it may go to.

    >>> error = IllegalStep(RecordState.DRAFT, RecordState.VOID)
    >>> str(error)
    'A draft record cannot become void.'
    >>> [state.value for state in error.allowed]
    ['submitted']
    """

    def __init__(self, current: RecordState, wanted: RecordState) -> None:
        """Keep what was wanted and what is allowed.

        Args:
            current: State of the record.
            wanted: State it should have gone to.
        """
        self.current = current
        self.wanted = wanted
        self.allowed = allowed_from(current)
        article = "An" if current is RecordState.APPROVED else "A"
        super().__init__(f"{article} {current.value} record cannot become {wanted.value}.")


def allowed_from(current: RecordState) -> tuple[RecordState, ...]:
    """Return the states that a record may go to.

    Args:
        current: State of the record.

    >>> [state.value for state in allowed_from(RecordState.SUBMITTED)]
    ['approved', 'rejected']
    """
    return TRANSITIONS[current]


def check_step(current: RecordState, wanted: RecordState) -> None:
    """Refuse a step that the state of a record does not allow.

    Args:
        current: State of the record.
        wanted: State it shall go to.

    Raises:
        IllegalStep: The step is not allowed.

    >>> check_step(RecordState.REJECTED, RecordState.DRAFT)
    """
    if wanted not in TRANSITIONS[current]:
        raise IllegalStep(current, wanted)


def is_editable(current: RecordState) -> bool:
    """Tell whether the content of a record may change.

    Args:
        current: State of the record.

    >>> is_editable(RecordState.APPROVED)
    False
    """
    return current in EDITABLE
