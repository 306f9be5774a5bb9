"""The lifecycle as a graph."""

from __future__ import annotations

import itertools

from calibrify_equipment.domain.lifecycle import FOLLOWING, SUSPENDED, WORDS, Status, allowed


def test_every_state_has_a_word_and_followers() -> None:
    assert set(FOLLOWING) == set(WORDS) == set(Status)


def test_no_state_follows_itself_and_nothing_returns_to_draft() -> None:
    for status, following in FOLLOWING.items():
        assert status not in following
        assert Status.DRAFT not in following


def test_whatever_is_in_use_can_be_retired_and_put_back() -> None:
    for status in set(Status) - {Status.RETIRED}:
        assert "retired" in allowed(status)
    assert allowed("retired") == ("out_of_service",)


def test_what_was_lost_is_looked_at_before_it_is_used() -> None:
    assert "in_service" not in allowed("lost")
    assert "in_service" not in allowed("retired")


def test_every_state_but_draft_is_reached_from_service() -> None:
    reached = {Status.IN_SERVICE}
    for _ in itertools.repeat(None, len(Status)):
        reached |= {following for status in reached for following in FOLLOWING[status]}
    assert reached == set(Status) - {Status.DRAFT}


def test_schedules_rest_where_nothing_can_be_used() -> None:
    assert Status.IN_SERVICE not in SUSPENDED
    assert Status.QUARANTINED not in SUSPENDED
    assert set(Status) > SUSPENDED
