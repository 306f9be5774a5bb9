from __future__ import annotations

from itertools import product

import pytest

from calibrify_calibration.domain.states import (
    TRANSITIONS,
    IllegalStep,
    RecordState,
    allowed_from,
    check_step,
    is_editable,
)

LEGAL = {
    ("draft", "submitted"),
    ("submitted", "approved"),
    ("submitted", "rejected"),
    ("rejected", "draft"),
    ("approved", "void"),
    ("approved", "superseded"),
}


@pytest.mark.parametrize(("current", "wanted"), list(product(RecordState, RecordState)))
def test_exactly_the_known_steps_are_legal(current: RecordState, wanted: RecordState) -> None:
    if (current.value, wanted.value) in LEGAL:
        check_step(current, wanted)
    else:
        with pytest.raises(IllegalStep) as caught:
            check_step(current, wanted)
        assert caught.value.allowed == allowed_from(current)
        assert caught.value.wanted is wanted


def test_every_state_is_known_and_only_drafts_change() -> None:
    assert set(TRANSITIONS) == set(RecordState)
    assert [state for state in RecordState if is_editable(state)] == [RecordState.DRAFT]


def test_the_sentence_reads() -> None:
    assert str(IllegalStep(RecordState.APPROVED, RecordState.DRAFT)) == (
        "An approved record cannot become draft."
    )
