"""Tokens of API clients: rotation, reuse, revocation, and what an access token must say."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import sqlalchemy as sa

from calibrify_core.auth import recognition
from calibrify_core.auth.access_token import ALGORITHM, AUDIENCE, ISSUER, AccessTokens
from calibrify_core.auth.signed_in import FAMILY_IDLE, FAMILY_LIFE, RefreshFamily
from calibrify_core.auth.tokens import Tokens
from calibrify_core.auth.users import Users
from calibrify_core.kernel.errors import Unauthenticated
from calibrify_core.work.keys import Keys

KEYS = Keys("k" * 64)


@pytest.fixture
def tokens(laboratory):
    return Tokens(laboratory.platform)


@pytest.fixture
def pair(laboratory, tokens):
    return tokens.issue("anna", laboratory.password, laboratory.visit)


def recognised(laboratory, pair, later=timedelta(0)):
    claims = AccessTokens(laboratory.platform.keys).read(pair.access_token)
    assert claims is not None
    with laboratory.platform.database.reader.connect() as connection:
        return recognition.recognise_family(
            connection,
            claims.family_id,
            claims.user_id,
            laboratory.platform.clock.now() + later,
            laboratory.visit,
        )


def test_a_pair_is_issued_and_recognised(laboratory, pair):
    principal = recognised(laboratory, pair)

    assert pair.expires_in == 600
    assert principal is not None
    assert (principal.user_id, principal.kind) == (laboratory.admin.id, "jwt")
    assert principal.access.permits("core.grant:manage")


def test_refreshing_gives_a_new_pair_and_kills_the_old_refresh_token(laboratory, tokens, pair):
    second = tokens.refresh(pair.refresh_token, laboratory.visit)
    third = tokens.refresh(second.refresh_token, laboratory.visit)

    assert len({pair.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert recognised(laboratory, third) is not None


def test_reuse_revokes_the_whole_family_at_the_next_request(laboratory, tokens, pair):
    second = tokens.refresh(pair.refresh_token, laboratory.visit)
    assert recognised(laboratory, second) is not None

    with pytest.raises(Unauthenticated):
        tokens.refresh(pair.refresh_token, laboratory.visit)

    assert recognised(laboratory, second) is None
    assert recognised(laboratory, pair) is None
    with pytest.raises(Unauthenticated):
        tokens.refresh(second.refresh_token, laboratory.visit)
    assert [entry[0] for entry in laboratory.trail()].count("refresh_token_reused") == 1


def test_reuse_does_not_touch_another_sign_in_of_the_same_person(laboratory, tokens, pair):
    other = tokens.issue("anna", laboratory.password, laboratory.visit)
    tokens.refresh(pair.refresh_token, laboratory.visit)
    with pytest.raises(Unauthenticated):
        tokens.refresh(pair.refresh_token, laboratory.visit)

    assert recognised(laboratory, other) is not None


def test_a_forged_refresh_token_revokes_nothing(laboratory, tokens, pair):
    claims = AccessTokens(laboratory.platform.keys).read(pair.access_token)
    forged = claims.family_id.bytes + (0).to_bytes(4) + b"\0" * 40
    for token in (
        "",
        "calr_",
        "calr_%%%",
        "calr_" + base64.urlsafe_b64encode(forged).decode(),
        pair.refresh_token[:-1],
        pair.refresh_token[:-2] + ("AA" if pair.refresh_token[-2:] != "AA" else "BB"),
        "calr_" + "A" * 100_000,
    ):
        with pytest.raises(Unauthenticated):
            tokens.refresh(token, laboratory.visit)

    assert recognised(laboratory, pair) is not None
    tokens.refresh(pair.refresh_token, laboratory.visit)


def test_revoking_works_at_once_and_an_unknown_token_is_none(laboratory, tokens, pair):
    tokens.revoke(pair.refresh_token, laboratory.visit)
    tokens.revoke(pair.refresh_token, laboratory.visit)
    tokens.revoke("calr_nothing", laboratory.visit)

    assert recognised(laboratory, pair) is None
    assert laboratory.count(RefreshFamily) == 0


@pytest.mark.parametrize("limit", [FAMILY_IDLE, FAMILY_LIFE])
def test_a_family_ends_idle_and_at_its_age(laboratory, tokens, pair, limit):
    past = laboratory.platform.clock.now() - limit - timedelta(minutes=1)
    values = {"last_seen_at": past} if limit is FAMILY_IDLE else {"expires_at": past + timedelta(0)}
    with laboratory.platform.session(write=True) as session, session.begin():
        session.execute(sa.update(RefreshFamily).values(**values))

    assert recognised(laboratory, pair) is None
    with pytest.raises(Unauthenticated):
        tokens.refresh(pair.refresh_token, laboratory.visit)
    assert "refresh_token_reused" not in [entry[0] for entry in laboratory.trail()]


def test_disabling_and_a_new_password_end_all_sign_ins(laboratory, tokens):
    user = laboratory.hire("tom", "technician", "a long enough passphrase")
    for change in ("password", "disable"):
        password = "a long enough passphrase" if change == "password" else "quite another one here"
        pair = tokens.issue("tom", password, laboratory.visit)
        assert recognised(laboratory, pair) is not None
        with laboratory.platform.unit(laboratory.facts.id) as unit:
            users = Users(unit)
            if change == "password":
                users.set_password(users.get(user.id), "quite another one here")
            else:
                users.disable(users.get(user.id))
        assert recognised(laboratory, pair) is None
        with pytest.raises(Unauthenticated):
            tokens.refresh(pair.refresh_token, laboratory.visit)


def claims(**changes):
    now = datetime.now(UTC)
    found = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(uuid.uuid4()),
        "sid": str(uuid.uuid4()),
        "jti": "1",
        "typ": "access",
        "kid": "1",
        "iat": now,
        "exp": now + timedelta(minutes=5),
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def signed(**changes):
    return jwt.encode(claims(**changes), KEYS.jwt("1"), algorithm=ALGORITHM)


def test_a_whole_token_is_read():
    assert AccessTokens(KEYS).read(signed()) is not None


@pytest.mark.parametrize(
    "changes",
    [{name: None} for name in ("iss", "aud", "sub", "sid", "jti", "typ", "kid", "iat", "exp")]
    + [
        {"iss": "somebody"},
        {"aud": "something"},
        {"typ": "refresh"},
        {"kid": "2"},
        {"kid": 1},
        {"sub": "42"},
        {"sid": "42"},
        pytest.param({"exp": datetime.now(UTC) - timedelta(minutes=1)}, id="expired"),
        pytest.param({"exp": datetime.now(UTC) + timedelta(days=1)}, id="too-long"),
    ],
    ids=str,
)
def test_a_token_that_lacks_something_is_none(changes):
    assert AccessTokens(KEYS).read(signed(**changes)) is None


def test_neither_another_key_nor_another_algorithm_is_taken():
    tokens = AccessTokens(KEYS)
    assert tokens.read(jwt.encode(claims(), KEYS.jwt("2"), algorithm="HS512")) is None
    assert tokens.read(jwt.encode(claims(), KEYS.jwt("1"), algorithm="HS256")) is None
    assert tokens.read(jwt.encode(claims(), "", algorithm="none")) is None
    head, body, mark = signed().split(".")
    other = json.loads(base64.urlsafe_b64decode(body + "==")) | {"sub": str(uuid.uuid4())}
    changed = base64.urlsafe_b64encode(json.dumps(other).encode()).decode().rstrip("=")
    assert tokens.read(f"{head}.{changed}.{mark}") is None
    for rubbish in ("", ".", "a.b.c", "x" * 5000, "é.é.é"):
        assert tokens.read(rubbish) is None


def test_a_key_is_rotated_without_signing_anybody_out():
    old = AccessTokens(KEYS, ("1",)).make(uuid.uuid4(), uuid.uuid4())
    both = AccessTokens(KEYS, ("2", "1"))

    assert both.read(old) is not None
    assert both.read(both.make(uuid.uuid4(), uuid.uuid4())) is not None
    assert AccessTokens(KEYS, ("2",)).read(old) is None
    # A token that claims the new key and is signed with the old one is nothing.
    assert both.read(signed(kid="2")) is None
