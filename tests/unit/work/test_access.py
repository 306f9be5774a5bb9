"""Rights: a union of what was granted, each part where it holds, and nothing else."""

from __future__ import annotations

import uuid

import pytest

from calibrify_core.kernel.errors import Forbidden
from calibrify_core.persistence.scoping import Scope
from calibrify_core.work.access import Access, Reach

HOUSE, NORTH, SOUTH, GAUGES = (uuid.UUID(int=number) for number in range(1, 5))
SEE, EDIT, SIGN = "thing:view", "thing:change", "thing:sign"

VIEWER_NORTH = Reach(frozenset({SEE}), "location", NORTH)
EDITOR_SOUTH = Reach(frozenset({SEE, EDIT}), "location", SOUTH)
VIEWER_GAUGES = Reach(frozenset({SEE}), "category", GAUGES)
SIGNER = Reach(frozenset({SIGN}))
ALL = (VIEWER_NORTH, EDITOR_SOUTH, VIEWER_GAUGES, SIGNER)


def test_who_was_granted_nothing_reaches_nothing() -> None:
    access = Access(HOUSE)
    assert not access.permits(SEE)
    assert access.permissions == frozenset()
    assert access.scope(SEE) == Scope(HOUSE, limits={})


@pytest.mark.parametrize(
    ("permission", "limits"),
    [
        (SEE, {"location": (NORTH, SOUTH), "category": (GAUGES,)}),
        (EDIT, {"location": (SOUTH,)}),
        ("thing:melt", {}),
    ],
)
def test_each_permission_reaches_where_it_was_granted(
    permission: str, limits: dict[str, tuple[uuid.UUID, ...]]
) -> None:
    assert Access(HOUSE, ALL).scope(permission) == Scope(HOUSE, limits=limits)


def test_a_grant_for_the_whole_organisation_takes_in_the_narrow_ones() -> None:
    access = Access(HOUSE, (VIEWER_NORTH, Reach(frozenset({SEE}))))
    assert access.scope(SEE) == Scope(HOUSE, everything=True)
    assert Access(HOUSE, ALL).scope(SIGN) == Scope(HOUSE, everything=True)


def test_the_permissions_are_those_that_hold_anywhere() -> None:
    assert Access(HOUSE, ALL).permissions == {SEE, EDIT, SIGN}


def test_a_token_holds_what_it_was_cut_down_to_and_its_owner_holds_too() -> None:
    access = Access(HOUSE, ALL, only=frozenset({SEE, "thing:melt"}))
    assert access.permissions == {SEE}
    assert access.permits(SEE)
    assert access.scope(SEE) == Access(HOUSE, ALL).scope(SEE)
    for refused in (EDIT, SIGN, "thing:melt"):
        assert not access.permits(refused)
        assert access.scope(refused) == Scope(HOUSE, limits={})


def test_a_token_for_nothing_does_nothing() -> None:
    access = Access(HOUSE, ALL, only=frozenset())
    assert access.permissions == frozenset()
    assert not access.permits(SEE)


def test_the_system_reaches_everything_in_its_organisation_and_nothing_beyond() -> None:
    access = Access(HOUSE, unlimited=True)
    access.require_everywhere("any:thing")
    assert access.scope("any:thing") == Scope(HOUSE, everything=True)


def test_what_is_needed_anywhere_is_not_thereby_held_everywhere() -> None:
    access = Access(HOUSE, ALL)
    access.require(SEE)
    access.require_everywhere(SIGN)
    with pytest.raises(Forbidden, match=f"needs the permission {SEE} for the whole organisation"):
        access.require_everywhere(SEE)
    with pytest.raises(Forbidden, match="needs the permission thing:melt"):
        access.require("thing:melt")
    with pytest.raises(Forbidden):
        Access(HOUSE, ALL, only=frozenset({SEE})).require_everywhere(SIGN)
