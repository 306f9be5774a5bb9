"""Accounts, groups, roles, grants and API tokens through the API."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from calibrify_core.api.idempotency import TABLE

API = "/api/v1/"
WHOLE = {"type": "organisation"}


@pytest.fixture
def name():
    return f"p{uuid.uuid4().hex[:10]}"


@pytest.fixture
def person(office, admin, name):
    """A new account without rights, as the API shows it."""
    body = {
        "username": name,
        "email": f"{name}@example.com",
        "name": "Pia",
        "password": office.password,
    }
    answer = admin.post_json(f"{API}users/", body, status=201)
    assert answer.headers["Location"] == f"{API}users/{answer.json['id']}/"
    return answer.json


def role_id(admin, name):
    found = admin.get(f"{API}roles/", {"name": name}).json["results"]
    return found[0]["id"]


def soon(office, days=1):
    moment = office.platform.clock.now() + timedelta(days=days)
    return moment.isoformat().replace("+00:00", "Z")


def test_an_account_lives_its_life(office, admin, person, name):
    place = f"{API}users/{person['id']}/"
    read = admin.get(place)
    assert read.json == person
    tag = read.headers["ETag"]
    changed = admin.patch_json(place, {"name": "Pia B."}, headers={"If-Match": tag})
    assert changed.json["name"] == "Pia B."
    admin.patch_json(place, {"name": "late"}, headers={"If-Match": tag}, status=412)
    found = admin.get(f"{API}users/", {"q": name, "count": "true"}).json
    assert [row["id"] for row in found["results"]] == [person["id"]]
    assert found["count"] == 1

    client = office.as_user(name)
    client.get(f"{API}users/me/", status=200)
    admin.delete(place, status=204)
    client.get(f"{API}users/me/", status=401)
    assert admin.get(place).json["state"] == "disabled"
    admin.patch_json(place, {"state": "active"}, status=200)
    office.as_user(name).get(f"{API}users/me/", status=200)


def test_what_cannot_be_given_is_refused(admin, person):
    for body, pointer in (
        ({"username": "x y", "password": "a long enough passphrase"}, "/username"),
        ({"username": "fine", "email": "nobody"}, "/email"),
        ({"username": "fine", "password": "too short"}, "/password"),
        ({"username": "fine", "password": "passwordpassword"}, "/password"),
        ({"username": "finefinefine", "password": "finefinefine calibrify"}, "/password"),
        ({"username": "fine", "id": str(uuid.uuid4())}, "/id"),
        ({"username": "fine", "organisation": "other"}, "/organisation"),
        ({"username": "fine", "kind": "service", "password": "a long passphrase"}, "/password"),
        ({"username": "fine", "kind": "robot"}, "/kind"),
    ):
        answer = admin.post_json(f"{API}users/", body, status=422).json
        assert pointer in {error["pointer"] for error in answer["errors"]}
    bad = {"username": "x y", "email": "nobody", "password": "too short"}
    answer = admin.post_json(f"{API}users/", bad, status=422).json
    assert {error["pointer"] for error in answer["errors"]} == {f"/{name}" for name in bad}
    role = {"name": "Not So", "title": "x", "permissions": ["no.such:thing"]}
    answer = admin.post_json(f"{API}roles/", role, status=422).json
    assert {error["pointer"] for error in answer["errors"]} == {"/name", "/permissions/0"}
    taken = {"username": person["username"].upper()}
    admin.post_json(f"{API}users/", taken, status=409)
    admin.patch_json(f"{API}users/{person['id']}/", {"password_hash": "x"}, status=422)
    admin.get(f"{API}users/", {"password_hash": "x"}, status=422)


def test_people_change_themselves_and_their_password(office, person, name):
    client, other = office.as_user(name), office.as_user(name)
    assert client.get(f"{API}users/me/").json["permissions"] == []
    assert client.patch_json(f"{API}users/me/", {"name": "Me"}).json["name"] == "Me"
    client.patch_json(f"{API}users/me/", {"username": "root"}, status=422)

    path = f"{API}users/me/password/"
    new = "quite another passphrase"
    wrong = {"current_password": "not the one", "new_password": new}
    answer = client.post_json(path, wrong, status=422).json
    assert answer["errors"][0]["pointer"] == "/current_password"
    weak = {"current_password": office.password, "new_password": "short"}
    answer = client.post_json(path, weak, status=422).json
    assert answer["errors"][0]["pointer"] == "/new_password"
    good = {"current_password": office.password, "new_password": new}
    client.post_json(path, good, status=204)

    client.get(f"{API}users/me/", status=200)
    other.get(f"{API}users/me/", status=401)
    office.as_user(name, new).get(f"{API}users/me/", status=200)


def test_rights_are_given_and_taken_at_once(office, admin, person, name):
    client = office.as_user(name)
    client.get(f"{API}users/", status=403)
    body = {"user_id": person["id"], "role_id": role_id(admin, "metrology_manager"), "scope": WHOLE}
    grant = admin.post_json(f"{API}grants/", body, status=201).json
    assert grant["scope"]["type"] == "organisation"
    client.get(f"{API}users/", status=200)
    client.post_json(f"{API}users/", {"username": "more"}, status=403)
    admin.post_json(f"{API}grants/", body, status=409)
    assert admin.get(f"{API}grants/", {"user_id": person["id"]}).json["results"] == [grant]
    admin.delete(f"{API}grants/{grant['id']}/", status=204)
    client.get(f"{API}users/", status=403)
    for wrong in (
        {"role_id": body["role_id"], "scope": WHOLE},
        {**body, "group_id": person["id"]},
        {**body, "user_id": str(uuid.uuid4())},
        {**body, "role_id": str(uuid.uuid4())},
        {**body, "scope": {"type": "planet", "id": person["id"]}},
        {**body, "scope": {"type": "organisation", "id": person["id"]}},
    ):
        admin.post_json(f"{API}grants/", wrong, status=422)


def test_an_account_is_made_once_for_each_key(office, admin, name):
    key = {"Idempotency-Key": name}
    body = {"username": name, "password": office.password}
    first, again = (admin.post_json(f"{API}users/", body, headers=key, status=201) for _ in "12")
    assert again.json == first.json
    other = {**body, "password": "quite another passphrase"}
    admin.post_json(f"{API}users/", other, headers=key, status=422)
    with office.platform.unit() as unit:
        kept = unit.session.execute(sa.select(TABLE).filter_by(key=name)).one()
    sent = json.dumps(body).encode()
    assert office.password not in repr(kept)
    assert kept.fingerprint != hashlib.sha256(sent).hexdigest()


@pytest.mark.parametrize(
    ("scope", "pointer"),
    [({}, "/scope"), ({"scope": {}}, "/scope/type"), ({"scope": None}, "/scope")],
)
def test_a_grant_that_does_not_say_where_gives_nothing(admin, person, scope, pointer):
    body = {"user_id": person["id"], "role_id": role_id(admin, "viewer"), **scope}
    refused = admin.post_json(f"{API}grants/", body, status=422).json
    assert [error["pointer"] for error in refused["errors"]] == [pointer]
    assert admin.get(f"{API}grants/", {"user_id": person["id"]}).json["results"] == []


def test_groups_carry_roles(office, admin, person, name):
    body = {"name": name, "member_ids": [person["id"]]}
    answer = admin.post_json(f"{API}groups/", body, status=201)
    group, place = answer.json, answer.headers["Location"]
    assert group["member_ids"] == [person["id"]]
    admin.post_json(
        f"{API}grants/",
        {"group_id": group["id"], "role_id": role_id(admin, "metrology_manager"), "scope": WHOLE},
        status=201,
    )
    client = office.as_user(name)
    client.get(f"{API}users/", status=200)
    admin.patch_json(place, {"member_ids": []}, headers={"If-Match": answer.headers["ETag"]})
    client.get(f"{API}users/", status=403)
    admin.patch_json(place, {"name": "x"}, headers={"If-Match": answer.headers["ETag"]}, status=412)
    admin.post_json(f"{API}groups/", {"name": name}, status=409)
    admin.patch_json(place, {"member_ids": [str(uuid.uuid4())]}, status=422)
    assert admin.get(f"{API}groups/", {"name": name}).json["results"][0]["members"] == 0
    admin.delete(place, status=204)
    admin.get(place, status=404)


def test_roles_are_made_changed_and_kept(office, admin, person, name):
    body = {"name": name, "title": "Own", "permissions": ["core.user:view"]}
    answer = admin.post_json(f"{API}roles/", body, status=201)
    place = answer.headers["Location"]
    grant = {"user_id": person["id"], "role_id": answer.json["id"], "scope": WHOLE}
    admin.post_json(f"{API}grants/", grant)
    client = office.as_user(name)
    client.get(f"{API}users/", status=200)
    assert client.get(f"{API}users/me/").json["permissions"] == ["core.user:view"]
    admin.patch_json(place, {"permissions": []}, headers={"If-Match": answer.headers["ETag"]})
    client.get(f"{API}users/", status=403)
    admin.delete(place, status=409)
    wrong = {"permissions": ["core.user:view", "no.such:thing"]}
    refused = admin.patch_json(place, wrong, status=422).json
    assert refused["errors"][0]["pointer"] == "/permissions/1"
    default = f"{API}roles/{role_id(admin, 'viewer')}/"
    admin.delete(default, status=409)
    names = {row["name"] for row in admin.get(f"{API}roles/", {"built_in": "true"}).json["results"]}
    assert names == {"administrator", "metrology_manager", "technician", "viewer"}


def test_what_is_replaced_takes_defaults_for_what_is_left_out(office, admin, person, name):
    place = f"{API}users/{person['id']}/"
    body = {"username": name, "state": "active"}
    tag = admin.get(place).headers["ETag"]
    replaced = admin.put_json(place, body, headers={"If-Match": tag}).json
    assert replaced | {"name": "", "email": None} == replaced
    admin.put_json(place, body, headers={"If-Match": tag}, status=412)
    missing = admin.put_json(place, {}, status=422).json["errors"]
    assert {error["pointer"] for error in missing} == {"/username", "/state"}
    office.as_user(name).get(f"{API}users/me/", status=200)

    group = {"name": name, "description": "Night shift", "member_ids": [person["id"]]}
    place = admin.post_json(f"{API}groups/", group).headers["Location"]
    replaced = admin.put_json(place, {"name": f"{name}-2"}).json
    assert (replaced["name"], replaced["description"]) == (f"{name}-2", "")
    assert replaced["member_ids"] == []

    role = {"name": name, "title": "Own", "permissions": ["core.user:view"]}
    place = admin.post_json(f"{API}roles/", role).headers["Location"]
    replaced = admin.put_json(place, {"title": "Ours"}).json
    assert (replaced["title"], replaced["permissions"]) == ("Ours", [])
    refused = admin.put_json(place, role, status=422).json
    assert [error["pointer"] for error in refused["errors"]] == ["/name"]


def test_the_last_administrator_cannot_go(office, admin):
    me = admin.get(f"{API}users/me/").json
    admin.delete(f"{API}users/{me['id']}/", status=409)
    admin.patch_json(
        f"{API}roles/{role_id(admin, 'administrator')}/", {"permissions": []}, status=409
    )
    assert admin.get(f"{API}users/me/").json["state"] == "active"


def test_a_token_shows_its_secret_once_and_stays_within_its_scopes(office, admin):
    body = {"name": "Script", "scopes": ["core.user:view"], "expires_at": soon(office)}
    answer = admin.post_json(f"{API}api-tokens/", body, status=201)
    secret, place = answer.json["token"], answer.headers["Location"]
    assert secret.startswith("cal_")
    assert "token" not in admin.get(place).json
    assert secret not in admin.get(f"{API}api-tokens/").text

    script = office.client.signed_in(secret)
    script.get(f"{API}users/", status=200)
    assert script.get(f"{API}users/me/").json["permissions"] == ["core.user:view"]
    before = script.get(f"{API}users/me/").json["name"]
    script.patch_json(f"{API}users/me/", {"name": "Renamed"}, status=403)
    assert script.get(f"{API}users/me/").json["name"] == before
    script.post_json(f"{API}users/", {"username": "more"}, status=403)
    script.get(f"{API}api-tokens/", status=403)
    password = {"current_password": office.password, "new_password": "quite another passphrase"}
    script.post_json(f"{API}users/me/password/", password, status=403)

    admin.delete(place, status=204)
    script.get(f"{API}users/", status=401)


def test_tokens_of_others_look_absent(office, admin, person, name):
    body = {"name": "Mine", "scopes": ["core.user:view"], "expires_at": soon(office)}
    place = admin.post_json(f"{API}api-tokens/", body, status=201).headers["Location"]
    manager_id = role_id(admin, "metrology_manager")
    manager = {"user_id": person["id"], "role_id": manager_id, "scope": WHOLE}
    admin.post_json(f"{API}grants/", manager, status=201)
    client = office.as_user(name)
    client.get(place, status=404)
    client.delete(place, status=404)
    assert client.get(f"{API}api-tokens/").json["results"] == []
    for wrong in ({"expires_at": soon(office, 400)}, {"scopes": []}, {"scopes": ["x"]}):
        client.post_json(f"{API}api-tokens/", {**body, **wrong}, status=422)


def test_nobody_reads_or_changes_people_without_the_right(office, admin, person, name):
    client = office.as_user(name)
    for path in ("users/", f"users/{person['id']}/", "groups/", "roles/", "grants/", "api-tokens/"):
        client.get(API + path, status=403)
        office.client.get(API + path, status=401)
    client.patch_json(f"{API}users/{person['id']}/", {"name": "x"}, status=403)
    client.delete(f"{API}users/{person['id']}/", status=403)
