"""Passwords: what is refused, what is taken, and that verification holds no surprises."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher

from calibrify_core.auth import passwords
from calibrify_core.kernel.errors import Invalid, Unavailable

ANNA = ("anna", "anna.berg@example.com", "Anna Berg", "main", "Main laboratory")


@pytest.fixture(autouse=True)
def full_cost():
    with passwords.costing(passwords.COST):
        yield


@pytest.mark.parametrize(
    "password",
    [
        "seven gauges on a green bench",
        "x7f#kQ2m!vR9pLz",
        "ночью все кошки серы",
        "校正実験室の合言葉は長くて秘密なのです",
        " leading and trailing white space ",
        "🦊🐢🐝🦉🐙🦊🐝🐢🦉🐙🦊🐝🦉🐢🐙",
        "a sentence about annabelle and her torque wrench",
        "y" + "ab cd ef gh ij kl" * 14,
    ],
)
def test_long_ones_are_taken_whatever_they_are_made_of(password):
    passwords.check(password, ANNA)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "fourteen chars",
        "x" * 257,
        "with a control\x00character",
        "with a lone surrogate \ud800",
        "passwordpassword",
        "PasswordPassword",
        "password-password-1234",
        "qwertyuiopasdfgh",
        "aaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "1234567890123456",
        "abcdefghijklmnopqrs",
        "anna.berg.calibrify",
        "calibrifycalibrify1",
        "main laboratory anna",
        "e\u0301" * 10,
    ],
)
def test_short_common_and_guessable_ones_are_refused(password):
    with pytest.raises(Invalid) as refused:
        passwords.check(password, ANNA, "new_password")
    assert refused.value.errors[0].pointer == "/new_password"


def test_a_hash_verifies_its_password_alone_on_all_keyboards():
    stored = passwords.hash_password("Grüße aus der Prüfstelle")

    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.verify(stored, "Grüße aus der Prüfstelle")
    assert passwords.verify(stored, "Gru\u0308ße aus der Pru\u0308fstelle")
    assert not passwords.verify(stored, "Grüsse aus der Prüfstelle")
    assert not passwords.needs_rehash(stored)


def test_nothing_verifies_against_no_hash_or_a_broken_one():
    for stored in (None, "", "no hash at all", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"):
        assert not passwords.verify(stored, "seven gauges on a green bench")
        assert not passwords.verify(stored, "\ud800")


def test_a_hash_with_weaker_parameters_is_made_anew():
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("a passphrase")

    assert passwords.verify(weak, "a passphrase")
    assert passwords.needs_rehash(weak)


def test_a_password_far_too_long_costs_no_more_than_another():
    stored = passwords.hash_password("seven gauges on a green bench")

    assert not passwords.verify(stored, "seven gauges on a green bench" * 100_000)


def test_no_more_than_a_few_are_verified_at_once():
    stored = passwords.hash_password("seven gauges on a green bench")
    released = threading.Event()

    def hold():
        with passwords.turn():
            released.wait(60)

    holders = [threading.Thread(target=hold) for _ in range(passwords.AT_ONCE)]
    for holder in holders:
        holder.start()
    try:
        with pytest.raises(Unavailable) as refused:
            passwords.verify(stored, "seven gauges on a green bench")
        assert refused.value.retry_after > 0
    finally:
        released.set()
        for holder in holders:
            holder.join()
    assert passwords.verify(stored, "seven gauges on a green bench")
