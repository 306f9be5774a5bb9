"""What every address of the API does: methods, errors, headers, versions, lists."""

import re
import uuid

import pytest

from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import House, build
from calibrify_core.testing.plugin import MakePlatform
from calibrify_core.work.organisation import Organisation
from tests.functional.kit import widget
from tests.functional.kit.core import bare_core

BASE = "/api/v1/"


def made(client: ApiClient, name: str, **more: object) -> dict:
    return client.post_json(f"{BASE}widgets/", {"name": name, "size": "1.0", **more}).json


def test_an_object_lives_its_life(house: House, editor: ApiClient) -> None:
    name = house.unique()
    answer = editor.post_json(f"{BASE}widgets/", {"name": name, "size": 1.0010}, status=201)
    place = answer.headers["Location"]
    assert place == f"{BASE}widgets/{answer.json['id']}/"
    read = editor.get(place)
    assert read.json == answer.json
    assert read.headers["ETag"] == answer.headers["ETag"]
    changed = editor.patch_json(place, {"note": "seen"}, headers={"If-Match": read.headers["ETag"]})
    assert (changed.json["note"], changed.json["size"]) == ("seen", answer.json["size"])
    assert changed.headers["ETag"].startswith('"v2-')
    editor.delete(place, headers={"If-Match": read.headers["ETag"]}, status=412)
    editor.delete(place, headers={"If-Match": changed.headers["ETag"]}, status=204)
    editor.get(place, status=404)


def test_digits_come_back_as_they_went_in(editor: ApiClient, house: House) -> None:
    for text in ("1.0010", "1E+2", "0.00000010", "-0.0", "+5.", "12345678901234567890.123456789"):
        assert made(editor, house.unique(), size=text)["size"] == text
    body = b'{"name": "%s", "size": 1.0010}' % house.unique().encode()
    answer = editor.post(f"{BASE}widgets/", body, {"Content-Type": "application/json"})
    assert answer.json["size"] == "1.0010"


def test_the_final_slash_may_be_left_out(editor: ApiClient) -> None:
    assert editor.get(f"{BASE}widgets").status_int == 200
    assert editor.post_json(f"{BASE}echoes", {"name": "x", "size": "1"}).status_int == 200


def test_a_wrong_method_is_told_the_right_ones(editor: ApiClient) -> None:
    answer = editor.put_json(f"{BASE}widgets/", {}, status=405)
    assert answer.json["allow"] == ["GET", "HEAD", "OPTIONS", "POST"]
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert editor.options(f"{BASE}widgets/").headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_head_is_get_without_a_body(editor: ApiClient) -> None:
    answer = editor.head(f"{BASE}widgets/")
    assert (answer.status_int, answer.body) == (200, b"")


@pytest.mark.parametrize("path", ["nothing/", "nothing", "widgets/no-id/", "widgets/due/", ""])
def test_what_is_not_there_is_not_found(editor: ApiClient, path: str) -> None:
    assert editor.get(BASE + path, status=404).json["code"] == "not_found"


def test_an_unknown_id_is_not_found(editor: ApiClient) -> None:
    answer = editor.get(f"{BASE}widgets/{uuid.uuid4()}/", status=404)
    assert set(answer.json) == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "request_id",
    }
    assert answer.content_type == "application/problem+json"


def test_nobody_gets_401_and_somebody_without_the_right_403(house: House) -> None:
    nobody = house.client
    answer = nobody.get(f"{BASE}widgets/", status=401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    without = house.somebody(widget.VIEW)
    assert without.get(f"{BASE}widgets/").json["results"] is not None
    refused = without.post_json(f"{BASE}widgets/", {"name": "x", "size": "1"}, status=403)
    assert refused.json["code"] == "forbidden"
    without.get(f"{BASE}melting/", status=403)
    nobody.get(f"{BASE}melting/", status=401)


def test_a_wrong_token_is_nobody(house: House) -> None:
    for token in ("x", "a.b.c", "cal_x", "é"):
        house.client.get(f"{BASE}hello/", headers={"Authorization": f"Bearer {token}"}, status=401)


def test_every_answer_carries_its_headers(house: House, editor: ApiClient) -> None:
    for answer in (
        editor.get(f"{BASE}widgets/"),
        house.client.get(f"{BASE}widgets/", status=401),
        editor.get(f"{BASE}nothing/", status=404),
        editor.post(f"{BASE}echoes/", b"{", {"Content-Type": "application/json"}, status=400),
    ):
        headers = answer.headers
        assert re.fullmatch('"(caller|stranger)";r=[0-9]+;t=[0-9]+', headers["RateLimit"])
        assert headers["RateLimit-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Strict-Transport-Security"]
        assert "Server" not in headers


def test_a_sane_request_id_is_kept_and_another_is_not(editor: ApiClient) -> None:
    kept = editor.get(f"{BASE}nothing/", headers={"X-Request-Id": "abc-12345"}, status=404)
    assert kept.headers["X-Request-Id"] == kept.json["request_id"] == "abc-12345"
    for insane in ("short", "x" * 65, "a b c d e f g h", "<script>alert</script>"):
        answer = editor.get(f"{BASE}hello/", headers={"X-Request-Id": insane})
        assert answer.headers["X-Request-Id"] != insane


def test_a_refusal_undoes_what_was_done(editor: ApiClient, house: House) -> None:
    name = house.unique()
    body = {"name": name, "size": "1"}
    answer = editor.post_json(f"{BASE}widgets/refuse/", body, status=409)
    assert answer.json["allowed"] == ["melt"]
    assert editor.get(f"{BASE}widgets/", {"name": name}).json["results"] == []


def test_a_clash_in_the_database_is_a_conflict(editor: ApiClient, house: House) -> None:
    name = house.unique()
    made(editor, name)
    answer = editor.post_json(f"{BASE}widgets/", {"name": name, "size": "1"}, status=409)
    assert "widget_widget" not in answer.text


def test_a_fault_of_ours_says_nothing(editor: ApiClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = editor.get(f"{BASE}widgets/fail/", status=500)
    assert "secret" not in answer.text
    assert "the secret reason" in caplog.text


class TestVersions:
    def test_what_the_caller_has_is_not_sent_again(self, editor: ApiClient, house: House) -> None:
        place = f"{BASE}widgets/{made(editor, house.unique())['id']}/"
        tag = editor.get(place).headers["ETag"]
        again = editor.get(place, headers={"If-None-Match": f'"other", {tag}'}, status=304)
        assert again.body == b""
        assert again.headers["ETag"] == tag
        editor.get(place, headers={"If-None-Match": '"v1-0000000000000000"'}, status=200)

    def test_only_the_version_counts_for_a_change(self, editor: ApiClient, house: House) -> None:
        place = f"{BASE}widgets/{made(editor, house.unique())['id']}/"
        same = {"If-Match": '"v1-0000000000000000"'}
        weak = {"If-Match": 'W/"v1-0000000000000000"'}
        editor.patch_json(place, {"note": "a"}, headers=weak, status=412)
        editor.patch_json(place, {"note": "a"}, headers=same, status=200)
        editor.patch_json(place, {"note": "b"}, headers=same, status=412)
        editor.patch_json(place, {"note": "c"}, headers={"If-Match": "*"}, status=200)
        editor.patch_json(place, {"note": "d"}, headers={"If-Match": "nonsense"}, status=412)

    def test_a_replacement_must_say_what_it_replaces(self, editor: ApiClient, house: House) -> None:
        place = f"{BASE}widgets/{made(editor, house.unique())['id']}/"
        body = {"name": house.unique(), "size": "2"}
        editor.put_json(place, body, status=428)
        editor.put_json(place, body, headers={"If-Match": "*"}, status=200)

    def test_a_view_that_forgets_the_version_is_found_out(
        self, editor: ApiClient, house: House
    ) -> None:
        place = f"{BASE}forgets/{made(editor, house.unique())['id']}/"
        editor.patch_json(place, {}, status=200)
        editor.patch_json(place, {}, headers={"If-Match": '"v1-0000000000000000"'}, status=500)


class TestLists:
    def test_pages_lead_to_the_end_and_back(self, house: House, editor: ApiClient) -> None:
        word = house.unique("list")
        names = [f"{word}-{index}" for index in range(5)]
        for name in reversed(names):
            made(editor, name)
        first = editor.get(f"{BASE}widgets/", {"q": word, "limit": "2", "count": "true"}).json
        assert first["count"] == 5
        assert first["previous"] is None
        assert first["next"].startswith(f"{BASE}widgets/?q={word}&limit=2&count=true&cursor=")
        second = editor.get(first["next"]).json
        third = editor.get(second["next"]).json
        assert third["next"] is None
        found = [row["name"] for page in (first, second, third) for row in page["results"]]
        assert found == names
        assert editor.get(third["previous"]).json["results"] == second["results"]

    @pytest.mark.parametrize("sent", ["größe", "gr%C3%B6%C3%9Fe", "gr%c3%b6ße"])
    def test_a_page_leads_on_however_the_query_was_written(
        self, house: House, editor: ApiClient, sent: str
    ) -> None:
        word = house.unique("list")
        for index in range(3):
            made(editor, f"{word}-größe-{index}")
        raw = sent.encode().decode("latin-1")
        first = editor.get(f"{BASE}widgets/?limit=2&&q={word}+{raw}").json
        assert first["next"].isascii()
        assert len(editor.get(first["next"]).json["results"]) == 1

    def test_a_cursor_holds_for_its_own_filter_alone(self, house: House, editor: ApiClient) -> None:
        word = house.unique("cursor")
        for index in range(3):
            made(editor, f"{word}-{index}")
        following = editor.get(f"{BASE}widgets/", {"q": word, "limit": "1"}).json["next"]
        answer = editor.get(following.replace(word, "another"), status=422)
        assert answer.json["errors"][0]["pointer"] == "/query/cursor"

    def test_sparse_rows(self, house: House, editor: ApiClient) -> None:
        name = house.unique()
        made(editor, name)
        rows = editor.get(f"{BASE}widgets/", {"name": name, "fields": "name"}).json["results"]
        assert set(rows[0]) == {"id", "name"}

    def test_a_large_limit_is_lowered(self, editor: ApiClient) -> None:
        editor.get(f"{BASE}widgets/", {"limit": "100000"}, status=200)

    @pytest.mark.parametrize(
        "query",
        [
            "nothing=1",
            "limit=0",
            "limit=x",
            "ordering=size",
            "fields=secret",
            "count=2",
            "cursor=zzz",
            "size=1",
        ],
    )
    def test_what_is_unknown_is_named(self, editor: ApiClient, query: str) -> None:
        answer = editor.get(f"{BASE}widgets/?{query}", status=422)
        name = query.partition("=")[0]
        assert f"/query/{name}" in [item["pointer"] for item in answer.json["errors"]]


def test_an_organisation_may_ask_for_versions_everywhere(house: House, editor: ApiClient) -> None:
    place = f"{BASE}widgets/{made(editor, house.unique())['id']}/"

    def ask(always: bool) -> None:
        with house.platform.unit() as unit:
            organisation = unit.session.get_one(Organisation, unit.organisation.id)
            organisation.policies = {**organisation.policies, "require_if_match": always}

    ask(True)
    try:
        editor.patch_json(place, {"note": "x"}, status=428)
        editor.patch_json(place, {"note": "x"}, headers={"If-Match": "*"}, status=200)
        editor.post_json(f"{BASE}widgets/", {"name": house.unique(), "size": "1"}, status=201)
    finally:
        ask(False)
    editor.patch_json(place, {"note": "y"}, status=200)


def test_who_goes_too_fast_is_told_when_to_come_again(make_platform: MakePlatform) -> None:
    widgets = {"widget": widget.CANDIDATE}
    platform = make_platform(widgets, core=bare_core(), names=(), rate_limits=True)
    client = ApiClient(build(platform))
    statuses = [client.get(f"{BASE}echoes/", status="*").status_int for _ in range(300)]
    assert statuses == [200] * 299 + [429]  # one was for the description
    refused = client.get(f"{BASE}hello/", status=429)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"].startswith('"stranger";r=0;t=')
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    client.get(f"{BASE}echoes/", extra_environ=elsewhere, status=200)
