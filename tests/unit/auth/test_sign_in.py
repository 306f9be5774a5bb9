"""Signing in: what works, what is refused alike, and what outlasts a refusal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from calibrify_core.auth import recognition, throttle
from calibrify_core.auth.secret import digest
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.auth.signed_in import SESSION_IDLE, SESSION_LIFE, BrowserSession
from calibrify_core.auth.throttle import ACCOUNT_FREE, Throttle
from calibrify_core.auth.users import Users
from calibrify_core.kernel.errors import TooManyRequests, Unauthenticated


def recognised(laboratory, secret, later=timedelta(0)):
    with laboratory.platform.database.reader.connect() as connection:
        return recognition.recognise_session(
            connection, digest(secret), laboratory.platform.clock.now() + later, laboratory.visit
        )


@pytest.mark.parametrize("name", ["anna", "ANNA", "anna.berg@EXAMPLE.com"])
def test_sign_in_by_username_or_email_whatever_the_case(laboratory, name):
    secret = SignIn(laboratory.platform).open_session(name, laboratory.password, laboratory.visit)

    principal = recognised(laboratory, secret)

    assert principal is not None
    assert principal.user_id == laboratory.admin.id
    assert principal.actor.name == "Anna Berg"
    assert principal.actor.address == "192.0.2.7"
    assert principal.organisation == laboratory.facts
    assert principal.access.permits("core.user:manage")
    assert ("sign_in", "Anna Berg", {"address": [None, "192.0.2.7"]}) in laboratory.trail()


def test_the_database_holds_no_secret_of_a_session(laboratory):
    secret = SignIn(laboratory.platform).open_session("anna", laboratory.password, laboratory.visit)

    with laboratory.platform.session(write=False) as session:
        row = session.scalars(sa.select(BrowserSession)).one()

    assert secret not in str(vars(row))
    assert row.digest == digest(secret)


def test_a_new_sign_in_ends_the_session_that_the_browser_had(laboratory):
    sign_in = SignIn(laboratory.platform)
    first = sign_in.open_session("anna", laboratory.password, laboratory.visit)

    second = sign_in.open_session("anna", laboratory.password, laboratory.visit, previous=first)

    assert first != second
    assert recognised(laboratory, first) is None
    assert recognised(laboratory, second) is not None


def test_a_session_ends_idle_and_at_its_age(laboratory):
    secret = SignIn(laboratory.platform).open_session("anna", laboratory.password, laboratory.visit)
    with laboratory.platform.session(write=True) as session, session.begin():
        moment = laboratory.platform.clock.now()
        session.execute(sa.update(BrowserSession).values(last_seen_at=moment + SESSION_LIFE))

    assert recognised(laboratory, secret, SESSION_LIFE - timedelta(minutes=1)) is not None
    assert recognised(laboratory, secret, SESSION_LIFE + timedelta(minutes=1)) is None
    with laboratory.platform.session(write=True) as session, session.begin():
        session.execute(sa.update(BrowserSession).values(last_seen_at=moment))
    assert recognised(laboratory, secret, SESSION_IDLE - timedelta(minutes=1)) is not None
    assert recognised(laboratory, secret, SESSION_IDLE + timedelta(minutes=1)) is None


def test_signing_out_works_at_once(laboratory):
    sign_in = SignIn(laboratory.platform)
    secret = sign_in.open_session("anna", laboratory.password, laboratory.visit)
    principal = recognised(laboratory, secret)

    sign_in.sign_out(principal)

    assert recognised(laboratory, secret) is None
    assert laboratory.trail()[-1][0] == "sign_out"


def test_unknown_wrong_disabled_and_passwordless_are_refused_alike(laboratory):
    closed = laboratory.hire("closed", password="a long enough passphrase")
    laboratory.hire("blank")
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        users = Users(unit)
        users.disable(users.get(closed.id))
    sign_in = SignIn(laboratory.platform)
    said = set()

    for name, password in (
        ("nobody", "whatever it may be, long"),
        ("anna", "not the password of Anna"),
        ("closed", "a long enough passphrase"),
        ("blank", ""),
        ("a\ud800b@", "lone surrogate passphrase"),
    ):
        with pytest.raises(Unauthenticated) as refused:
            sign_in.open_session(name, password, laboratory.visit)
        said.add(str(refused.value))

    assert len(said) == 1
    failures = [entry for entry in laboratory.trail() if entry[0] == "sign_in_failed"]
    assert [label for _, label, _ in failures] == [
        "unknown account",
        "Anna Berg",
        "closed",
        "blank",
        "unknown account",
    ]
    assert "nobody" not in str(failures)


def test_wrong_passwords_lock_the_account_and_the_right_one_does_not_help(laboratory):
    sign_in = SignIn(laboratory.platform)
    for _ in range(ACCOUNT_FREE):
        with pytest.raises(Unauthenticated):
            sign_in.open_session("anna", "not the password at all", laboratory.visit)

    with pytest.raises(TooManyRequests):
        sign_in.open_session("anna.berg@example.com", laboratory.password, laboratory.visit)
    with pytest.raises(TooManyRequests) as refused:
        sign_in.open_session("anna", laboratory.password, laboratory.visit)

    assert 1 <= refused.value.retry_after <= 31
    actions = [action for action, _, _ in laboratory.trail()]
    assert actions.count("sign_in_failed") >= ACCOUNT_FREE
    assert actions.count("sign_in_locked") == 1


def test_the_lock_opens_and_the_next_failure_waits_twice_as_long(laboratory):
    sign_in = SignIn(laboratory.platform)
    for _ in range(ACCOUNT_FREE):
        with pytest.raises(Unauthenticated):
            sign_in.open_session("anna", "not the password at all", laboratory.visit)
    past = laboratory.platform.clock.now() - timedelta(seconds=1)
    with laboratory.platform.session(write=True) as session, session.begin():
        session.execute(sa.update(Throttle).values(blocked_until=past))

    with pytest.raises(Unauthenticated):
        sign_in.open_session("anna", "not the password at all", laboratory.visit)
    with pytest.raises(TooManyRequests) as refused:
        sign_in.open_session("anna", laboratory.password, laboratory.visit)
    assert 31 < refused.value.retry_after <= 61

    with laboratory.platform.session(write=True) as session, session.begin():
        session.execute(sa.update(Throttle).values(blocked_until=past))
    sign_in.open_session("anna", laboratory.password, laboratory.visit)
    with laboratory.platform.session(write=False) as session:
        keys = session.scalars(sa.select(Throttle.key).where(Throttle.key.like("account:%")))
        assert keys.all() == []


def test_attempts_at_the_same_moment_do_not_slip_by_the_throttle(laboratory):
    sign_in = SignIn(laboratory.platform)

    def attempt(_):
        try:
            sign_in.open_session("anna", "not the password at all", laboratory.visit)
        except (Unauthenticated, TooManyRequests) as error:
            return type(error)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(12)))

    assert outcomes.count(Unauthenticated) == ACCOUNT_FREE
    assert outcomes.count(TooManyRequests) == 12 - ACCOUNT_FREE


def test_an_address_that_tries_many_accounts_has_to_wait(laboratory):

    now = laboratory.platform.clock.now()
    for attempt in range(throttle.ADDRESS_FREE):
        with laboratory.platform.session(write=True) as session, session.begin():
            throttle.claim(session, f"guess{attempt}", "2001:db8::1", now)

    with laboratory.platform.session(write=True) as session, pytest.raises(TooManyRequests):
        throttle.claim(session, "guess", "2001:db8::ffff", now)
    with laboratory.platform.session(write=True) as session, session.begin():
        throttle.claim(session, "guess", "2001:db8:1::1", now)


def test_an_account_whose_password_is_changed_meanwhile_is_refused(laboratory):
    sign_in = SignIn(laboratory.platform)

    def change_password(unit, account):
        raise AssertionError("the outcome must not be written")

    with laboratory.platform.unit(laboratory.facts.id) as unit:
        users = Users(unit)
        users.set_password(users.get(laboratory.admin.id), "another long passphrase here")

    with pytest.raises(Unauthenticated):
        sign_in.authenticate("anna", laboratory.password, laboratory.visit, change_password)
