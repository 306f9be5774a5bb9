"""What the rules refuse, in the words of the doors."""

from __future__ import annotations

from calibrify_calibration.domain.problems import RuleError
from calibrify_calibration.domain.states import RecordState, allowed_from
from calibrify_core.kernel.errors import Conflict, FieldError, Invalid


def invalid(error: RuleError, under: str = "") -> Invalid:
    """Returns the error of the doors for one of the rules, with all its pointers.

    Args:
        error: from the domain.
        under: JSON pointer of the thing that the rules were given.
    """
    return Invalid(field_errors(error, under))


def field_errors(error: RuleError, under: str = "") -> list[FieldError]:
    """Returns the problems of a rule as errors of members."""
    return [FieldError(under + problem.pointer, problem.detail) for problem in error.problems]


def check_step(current: str, wanted: RecordState) -> None:
    """Refuses a step that the state of a record does not allow.

    Raises:
        Conflict: with the states that are ``allowed`` instead.
    """
    state = RecordState(current)
    allowed = allowed_from(state)
    if wanted not in allowed:
        article = "An" if state is RecordState.APPROVED else "A"
        raise Conflict(
            f"{article} {state.value} record cannot become {wanted.value}.",
            allowed=[step.value for step in allowed],
        )


def not_editable(current: str) -> Conflict:
    """Returns the error about a record whose content does not change any more."""
    state = RecordState(current)
    article = "An" if state is RecordState.APPROVED else "A"
    cure = {
        RecordState.APPROVED: " Declare it void or amend it instead.",
        RecordState.SUBMITTED: " Reject it first.",
    }.get(state, "")
    return Conflict(
        f"{article} {state.value} record does not change.{cure}",
        allowed=[step.value for step in allowed_from(state)],
    )
