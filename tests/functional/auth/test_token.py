"""Tokens through the API."""

from __future__ import annotations

import uuid

from calibrify_core.auth.recognition import Visit
from calibrify_core.auth.sign_in import SignIn
from calibrify_core.testing.client import HTTPS

TOKEN = "/api/v1/auth/token/"
ME = "/api/v1/users/me/"


def test_a_pair_opens_the_api_and_ends_when_it_is_revoked(office):
    office.hire("tina", "viewer")
    pair = office.sign_in("tina@example.com")
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 600)
    client = office.client.signed_in(pair["access_token"])
    me = client.get(ME).json
    assert me["username"] == "tina"
    assert me["organisation"]["name"] == "main"
    assert "password_hash" not in me

    body = {"refresh_token": pair["refresh_token"]}
    office.client.post_json(f"{TOKEN}revoke/", body, status=204)

    assert client.get(ME, status=401).json["code"] == "unauthenticated"
    office.client.post_json(f"{TOKEN}refresh/", body, status=401)


def test_refreshing_rotates_and_reuse_revokes(office):
    office.hire("rosa")
    first = office.sign_in("rosa")
    second = office.client.post_json(
        f"{TOKEN}refresh/", {"refresh_token": first["refresh_token"]}
    ).json
    client = office.client.signed_in(second["access_token"])
    client.get(ME, status=200)

    office.client.post_json(
        f"{TOKEN}refresh/", {"refresh_token": first["refresh_token"]}, status=401
    )

    client.get(ME, status=401)


def test_unknown_and_wrong_are_answered_alike(office):
    bodies = []
    for name in ("anna", "nobody-at-all"):
        body = {"username": name, "password": "a guess that is not right"}
        answer = office.client.post_json(TOKEN, body, status=401).json
        bodies.append({key: answer[key] for key in answer if key != "request_id"})
    assert bodies[0] == bodies[1]


def test_wrong_passwords_lock_with_retry_after(office):
    office.hire("lara")
    for _ in range(5):
        office.client.post_json(TOKEN, {"username": "lara", "password": "wrong"}, status=401)
    answer = office.client.post_json(
        TOKEN, {"username": "lara", "password": office.password}, status=429
    )
    assert 1 <= int(answer.headers["Retry-After"]) <= 31


def test_bad_bodies_are_refused_with_their_members(office):
    answer = office.client.post_json(TOKEN, {"username": 1, "extra": True}, status=422).json
    assert {error["pointer"] for error in answer["errors"]} == {"/username", "/password", "/extra"}
    office.client.post_json(TOKEN, {"username": "a\x00", "password": "x"}, status=[401, 422])


def test_plain_http_to_another_machine_refuses_the_password(office):
    office.client.extra_environ = {
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "lab.example.com",
        "REMOTE_ADDR": "192.0.2.1",
    }
    try:
        body = {"username": "anna", "password": office.password}
        answer = office.client.post_json(TOKEN, body, status=403).json
        assert "CALIBRIFY_ALLOW_HTTP" in answer["detail"]
        office.client.extra_environ["HTTP_HOST"] = "localhost:6543"
        office.client.post_json(TOKEN, body, status=200)
    finally:
        office.client.extra_environ = dict(HTTPS)


def test_the_header_counts_under_api_and_a_cookie_does_not(office):
    secret = SignIn(office.platform).open_session("anna", office.password, Visit())
    office.client.get(ME, headers={"Cookie": f"__Host-calibrify={secret}"}, status=401)
    for header in ("", "Bearer", "Bearer x", "Basic YTpi", f"Bearer cal_{uuid.uuid4().hex}"):
        office.client.get(ME, headers={"Authorization": header}, status=401)
    token = office.sign_in("anna")["access_token"]
    office.client.get(ME, headers={"Authorization": f"bearer {token}"}, status=200)
    office.client.get(ME, headers={"Authorization": f"Bearer {token[:-2]}"}, status=401)
