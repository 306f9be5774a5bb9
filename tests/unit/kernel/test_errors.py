"""Errors: each kind has a code, a title and a status of its own, and says all that is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from calibrify_core.kernel.actor import Actor
from calibrify_core.kernel.errors import (
    CalibrifyError,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    TooManyRequests,
    Unavailable,
    check_all,
)


def kinds(base: type[CalibrifyError] = CalibrifyError) -> Iterator[type[CalibrifyError]]:
    yield base
    for kind in base.__subclasses__():
        if kind.__module__ == CalibrifyError.__module__:
            yield from kinds(kind)


def test_each_kind_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in kinds()]

    assert len(codes) == len(set(codes))
    assert len(codes) >= 15


@pytest.mark.parametrize("kind", list(kinds()))
def test_each_kind_has_a_title_and_an_error_status(kind: type[CalibrifyError]) -> None:
    assert kind.title
    assert not kind.title.endswith(".")
    assert 400 <= kind.status <= 599


def test_an_error_says_what_it_was_told_or_else_its_title() -> None:
    assert str(NotFound()) == NotFound().detail == "Not found"
    assert str(Forbidden("Only a manager approves.")) == "Only a manager approves."


def test_further_members_travel_along() -> None:
    assert Conflict("It is retired.", allowed=["restore"]).extra == {"allowed": ["restore"]}


def test_invalid_names_every_member() -> None:
    errors = [FieldError("/name", "Is needed."), FieldError("/points/0/nominal", "Is no number.")]

    assert Invalid(errors).errors == tuple(errors)
    assert Invalid(errors).detail == "There are 2 problems."
    assert Invalid(errors[:1]).detail == "Is needed."
    assert Invalid(detail="All of it.").detail == "All of it."
    assert Invalid().detail == Invalid.title


def test_one_member_by_name_or_pointer() -> None:
    assert Invalid.field("name", "Is needed.").errors == (FieldError("/name", "Is needed."),)
    assert Invalid.field("/query/limit", "Is too large.").errors[0].pointer == "/query/limit"


def test_whoever_must_wait_is_told_how_long() -> None:
    assert TooManyRequests(7).retry_after == 7
    assert TooManyRequests(7).detail == "Try again in 7 seconds."
    assert Unavailable("The database does not answer.").retry_after == 5


def test_the_system_is_an_actor_with_a_name() -> None:
    actor = Actor.system("Reminders", request_id="outbox-1")

    assert (actor.kind, actor.name, actor.user_id) == ("system", "Reminders", None)
    assert actor.request_id == "outbox-1"
    assert Actor.system().name == "Calibrify"


def test_several_checks_are_answered_together() -> None:
    def short() -> None:
        raise Invalid.field("name", "It is too short.")

    def odd() -> None:
        raise Invalid(detail="It is odd.")

    def gone() -> None:
        raise NotFound

    check_all(list, dict)
    with pytest.raises(Invalid) as caught:
        check_all(short, list, odd)
    assert [(e.pointer, e.detail) for e in caught.value.errors] == [
        ("/name", "It is too short."),
        ("", "It is odd."),
    ]
    with pytest.raises(NotFound):
        check_all(short, gone)
