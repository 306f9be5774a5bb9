"""API tokens and devices: made, seen, ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from calibrify_core.auth import recognition
from calibrify_core.auth.api_tokens import ApiTokens
from calibrify_core.auth.secret import digest
from calibrify_core.auth.sessions import Sessions
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.auth.signed_in import BrowserSession
from calibrify_core.auth.sweep import sweep_sessions
from calibrify_core.auth.user import SERVICE
from calibrify_core.auth.users import Users
from calibrify_core.kernel.errors import Forbidden, Invalid, NotFound


def test_api_tokens_are_cut_to_their_scopes_and_end_when_revoked(laboratory):
    soon = laboratory.platform.clock.now() + timedelta(days=1)

    def make(unit):
        return ApiTokens(unit).create("Script", ["core.user:view"], soon)

    token, secret = laboratory.as_user(laboratory.admin, make)

    def recognised(later=timedelta(0)):
        with laboratory.platform.database.reader.connect() as connection:
            now = laboratory.platform.clock.now() + later
            return recognition.recognise_token(connection, digest(secret), now, laboratory.visit)

    principal = recognised()
    assert principal.actor.kind == "token"
    assert principal.access.permits("core.user:view")
    assert principal.access.permits("core.session:use")
    assert not principal.access.permits("core.user:manage")
    assert not principal.access.scope("core.user:manage").everything
    assert secret.startswith(token.prefix)
    assert recognised(timedelta(days=2)) is None

    laboratory.as_user(
        laboratory.admin, lambda unit: ApiTokens(unit).revoke(ApiTokens(unit).get(token.id))
    )
    assert recognised() is None


def test_api_tokens_of_others_are_neither_seen_nor_made(laboratory):
    soon = laboratory.platform.clock.now() + timedelta(days=1)
    manager = laboratory.hire("mia", "metrology_manager")
    token, _ = laboratory.as_user(
        laboratory.admin, lambda unit: ApiTokens(unit).create("Mine", ["core.user:view"], soon)
    )
    with pytest.raises(NotFound):
        laboratory.as_user(manager, lambda unit: ApiTokens(unit).get(token.id))
    with pytest.raises(Forbidden):
        laboratory.as_user(
            manager,
            lambda unit: ApiTokens(unit).create(
                "x", ["core.user:view"], soon, user_id=laboratory.admin.id
            ),
        )
    with pytest.raises(Invalid, match="People make their own"):
        laboratory.as_user(
            laboratory.admin,
            lambda unit: ApiTokens(unit).create("x", ["core.user:view"], soon, user_id=manager.id),
        )
    for scopes, expires_at in (
        ([], soon),
        (["no.such:thing"], soon),
        (["core.user:view"], soon + timedelta(days=400)),
        (["core.user:view"], soon - timedelta(days=2)),
    ):
        with pytest.raises(Invalid):
            laboratory.as_user(
                laboratory.admin,
                lambda unit, s=scopes, e=expires_at: ApiTokens(unit).create("x", s, e),
            )
    with laboratory.platform.unit(laboratory.facts.id) as unit:
        robot = Users(unit).create(username="robot", kind=SERVICE)
    made, _ = laboratory.as_user(
        laboratory.admin,
        lambda unit: ApiTokens(unit).create("Robot", ["core.user:view"], soon, user_id=robot.id),
    )
    assert made.user_id == robot.id


def test_people_see_and_end_their_own_devices(laboratory):
    sign_in = SignIn(laboratory.platform)
    laboratory.hire("tom", "viewer", "a long enough passphrase")
    sign_in.open_session("tom", "a long enough passphrase", laboratory.visit)
    for agent in ("Firefox", "Chromium"):
        sign_in.open_session("anna", laboratory.password, laboratory.visit, user_agent=agent)

    def end_one(unit):
        devices = Sessions(unit).mine()
        assert [device.user_agent for device in devices] == ["Chromium", "Firefox"]
        Sessions(unit).end(devices[0].id)
        return Sessions(unit).mine()

    assert [d.user_agent for d in laboratory.as_user(laboratory.admin, end_one)] == ["Firefox"]
    with laboratory.platform.session(write=False) as session:
        theirs = session.scalars(
            sa.select(BrowserSession.id).where(BrowserSession.user_id != laboratory.admin.id)
        ).one()
    with pytest.raises(NotFound):
        laboratory.as_user(laboratory.admin, lambda unit: Sessions(unit).end(theirs))


def test_the_sweep_deletes_what_is_over_and_nothing_else(laboratory):
    sign_in = SignIn(laboratory.platform)
    for _ in range(2):
        sign_in.open_session("anna", laboratory.password, laboratory.visit)
    with laboratory.platform.session(write=True) as session, session.begin():
        first = session.scalars(sa.select(BrowserSession.id).limit(1)).one()
        past = laboratory.platform.clock.now() - timedelta(days=2)
        session.execute(
            sa.update(BrowserSession).where(BrowserSession.id == first).values(last_seen_at=past)
        )

    class Context:
        unit = laboratory.platform.unit

    sweep_sessions(Context)

    assert laboratory.count(BrowserSession) == 1
