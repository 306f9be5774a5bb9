"""What values a policy can have, by its default and its choices."""

from __future__ import annotations

from typing import Any

import pytest

from calibrify_core.hooks.policies import GREATEST, OrganisationPolicy

SWITCH = OrganisationPolicy("a", "A", default=False)
NUMBER = OrganisationPolicy("b", "B", default=3)
CHOICE = OrganisationPolicy("c", "C", default="low", choices=[("low", "Low"), ("high", "High")])


@pytest.mark.parametrize(
    ("policy", "value", "taken"),
    [
        (SWITCH, True, True),
        (SWITCH, 1, False),
        (NUMBER, 0, True),
        (NUMBER, True, False),
        (NUMBER, -1, False),
        (NUMBER, GREATEST + 1, False),
        (CHOICE, "high", True),
        (CHOICE, "middle", False),
        (CHOICE, None, False),
    ],
)
def test_a_policy_takes_what_its_default_says(
    policy: OrganisationPolicy, value: Any, taken: bool
) -> None:
    assert policy.takes(value) is taken
