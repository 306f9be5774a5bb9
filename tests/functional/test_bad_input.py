"""Bad input of every kind: a clear 4xx that names what is wrong, never a 500."""

import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from calibrify_core.testing.client import ApiClient
from calibrify_core.testing.house import House
from tests.functional.kit import widget

BASE = "/api/v1/"
JSON_TYPE = "application/json"
JSON = {"Content-Type": JSON_TYPE}
GOOD = {"name": "x", "size": "1"}


def refused(client: ApiClient, body: bytes, status: int, media_type: str = "application/json"):
    return client.post(f"{BASE}echoes/", body, {"Content-Type": media_type}, status=status).json


def raw(app: Any, path: bytes, **more: Any) -> int:
    """Sends what no client would send; returns the status."""
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ |= {"PATH_INFO": path.decode("latin-1"), "wsgi.url_scheme": "https", **more}
    told = []
    answer = app(environ, lambda status, headers: told.append((status, headers)))
    body = b"".join(answer)
    headers = dict(told[0][1])
    assert headers["X-Request-Id"]
    if path.startswith(b"/api/"):
        assert json.loads(body)["status"] == int(told[0][0][:3])
        assert {"RateLimit", "RateLimit-Policy"} <= headers.keys()
    return int(told[0][0][:3])


def pointers(answer: dict) -> list[str]:
    return [item["pointer"] for item in answer["errors"]]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nonsense", b"{'a': 1}", b'{"name": "x", "size": "1"} trailing',
        b'{"name": "x", "size": NaN}', b'{"name": "x", "size": Infinity}',
        b'{"name": "x", "size": -Infinity}', b'{"name": "x", "size": 1e999999}',
        b'{"name": "x", "size": 1e999}', b'{"name": "x", "size": ' + b"9" * 5000 + b"}",
        b'{"name": "x", "size": 1.' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 5000,
        b'{"name": "\xff", "size": "1"}', b'\xef\xbb\xbf{"name": "x", "size": "1"}',
        b'{"name": "x", "size": "1", "extra": ' + b'{"a":' * 40 + b"1" + b"}" * 41,
        b'{"name": "a\x01b", "size": "1"}', b"\x00", '{"name": "x"}'.encode("utf-16"),
    ],
    ids=lambda body: repr(body[:24]),
)  # fmt: skip
def test_what_cannot_be_read(editor: ApiClient, body: bytes) -> None:
    assert refused(editor, body, 400)["code"] == "malformed"


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data",
     "application/json; charset=latin-1", "application/jsonp", "nonsense", ""],
)  # fmt: skip
def test_a_wrong_media_type(editor: ApiClient, media_type: str) -> None:
    refused(editor, json.dumps(GOOD).encode(), 415, media_type)


@pytest.mark.parametrize(
    "media_type", ["application/json;charset=UTF-8", 'application/json; charset="utf-8"']
)
def test_json_may_say_that_it_is_utf_8(editor: ApiClient, media_type: str) -> None:
    refused(editor, json.dumps(GOOD).encode(), 200, media_type)


def test_a_body_that_is_too_large(editor: ApiClient) -> None:
    body = json.dumps({**GOOD, "note": "x" * (1 << 20)}).encode()
    assert refused(editor, body, 413)["code"] == "too_large"


@pytest.mark.parametrize(
    ("length", "status"), [("x", 400), ("-1", 400), ("1.5", 400), ("9" * 30, 413)]
)
def test_a_length_that_is_none(house: House, length: str, status: int) -> None:
    more = {"CONTENT_LENGTH": length, "REQUEST_METHOD": "POST", "CONTENT_TYPE": JSON_TYPE}
    assert raw(house.app, b"/api/v1/echoes/", **more) == status


@pytest.mark.parametrize("value", [[], "text", 1, None, True, 1.5])
def test_a_body_that_is_no_object(editor: ApiClient, value: object) -> None:
    assert pointers(refused(editor, json.dumps(value).encode(), 422)) == [""]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": 1}, "/id"), ({"organisation": "x"}, "/organisation"),
        ({"a/b~c": 1}, "/a~1b~0c"), ({"name": ""}, "/name"), ({"name": "   "}, "/name"),
        ({"name": "x" * 201}, "/name"), ({"name": "x" * 100_000}, "/name"),
        ({"name": "a\nb"}, "/name"), ({"name": 5}, "/name"), ({"name": None}, "/name"),
        ({"name": "nul\x00"}, "/name"), ({"name": "half \ud800"}, "/name"),
        ({"name": "bell \x07"}, "/name"), ({"name": "c1 \x85"}, "/name"),
        ({"name": "\uffff"}, "/name"), ({"extra": {"k\x00": 1}}, "/extra/k�"),
        ({"note": ["x"]}, "/note"), ({"size": "1,5"}, "/size"), ({"size": "NaN"}, "/size"),
        ({"size": "Infinity"}, "/size"), ({"size": "0x10"}, "/size"), ({"size": ""}, "/size"),
        ({"size": "9" * 41}, "/size"), ({"size": "1e31"}, "/size"), ({"size": True}, "/size"),
        ({"size": "\uff11"}, "/size"), ({"size": [1]}, "/size"), ({"size": " 1"}, "/size"),
        ({"made_on": "2026-02-30"}, "/made_on"), ({"made_on": "today"}, "/made_on"),
        ({"made_on": "infinity"}, "/made_on"), ({"made_on": "2026-1-1"}, "/made_on"),
        ({"made_on": 20260101}, "/made_on"), ({"made_on": "0000-01-01"}, "/made_on"),
        ({"seen_at": "2026-01-01"}, "/seen_at"), ({"seen_at": "2026-01-01T10:00:00"}, "/seen_at"),
        ({"seen_at": "2026-01-01T25:00:00Z"}, "/seen_at"),
        ({"seen_at": "0001-01-01T00:00:00+14:00"}, "/seen_at"), ({"seen_at": 0}, "/seen_at"),
        ({"parent_id": "x"}, "/parent_id"), ({"parent_id": "0" * 36}, "/parent_id"),
        ({"parts": [{"label": "a", "size": "1"}, {"label": "b"}]}, "/parts/1/size"),
        ({"parts": [{"label": "a", "size": "1", "id": 1}]}, "/parts/0/id"),
        ({"parts": {"label": "a"}}, "/parts"), ({"parts": [[]]}, "/parts/0"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_a_member_that_is_wrong_is_named(
    editor: ApiClient, change: dict[str, object], pointer: str
) -> None:
    assert pointers(refused(editor, json.dumps({**GOOD, **change}).encode(), 422)) == [pointer]


def test_all_errors_are_told_at_once(editor: ApiClient) -> None:
    body = json.dumps({"size": "x", "made_on": "y", "more": 1}).encode()
    assert set(pointers(refused(editor, body, 422))) == {"/name", "/size", "/made_on", "/more"}


def test_a_thousand_errors_are_not_all_told(editor: ApiClient) -> None:
    body = json.dumps({**GOOD, "parts": [{}] * 10_000}).encode()
    assert len(refused(editor, body, 422)["errors"]) == 500


def test_text_of_all_the_world_is_welcome(editor: ApiClient) -> None:
    name = "Prüfmaß 校正 🌡 \u200f‎ó"
    body = json.dumps({**GOOD, "name": name, "note": "a\tb\nc\r\nd"}).encode()
    answer = refused(editor, body, 200)["data"]
    assert (answer["name"], answer["note"]) == (name, "a\tb\nc\r\nd")


@pytest.mark.parametrize(
    "path", [b"/\xff", b"/api/v1/\xff/", b"/api/v1/widgets/\xc3(/", b"/api/v1/\x00/", b"/a\r\nb/"]
)
def test_an_address_that_is_no_text(house: House, path: bytes) -> None:
    assert raw(house.app, path) == 400


@pytest.mark.parametrize(
    "query", ["word=%ff", "%ff=1", "word=" + "x" * 20_000, "word=%00", "word=%ed%a0%80"]
)
def test_a_query_that_is_no_text(editor: ApiClient, query: str) -> None:
    editor.get(f"{BASE}echoes/?{query}", status=[400, 422])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("more=1", "/query/more"), ("day=x", "/query/day"), ("day=2026-02-30", "/query/day"),
        ("day=2026-01-01&day=2026-01-02", "/query/day"), ("many=1&many=x", "/query/many/1"),
        ("word=" + "x" * 11, "/query/word"), ("many=" + "9" * 50, "/query/many/0"),
    ],
)  # fmt: skip
def test_a_parameter_that_is_wrong_is_named(editor: ApiClient, query: str, pointer: str) -> None:
    assert pointers(editor.get(f"{BASE}echoes/?{query}", status=422).json) == [pointer]


def test_parameters_are_read_as_their_types(editor: ApiClient) -> None:
    answer = editor.get(f"{BASE}echoes/?day=2026-01-01&many=1&many=2&word=%C3%BC").json["data"]
    assert answer == {"day": "2026-01-01", "many": [1, 2], "word": "ü"}


def test_too_many_parameters(editor: ApiClient) -> None:
    editor.get(f"{BASE}echoes/?{'&'.join(['many=1'] * 300)}", status=422)


def test_a_view_without_a_query_takes_none(editor: ApiClient) -> None:
    assert pointers(editor.get(f"{BASE}hello/?a=1&b=2", status=422).json) == [
        "/query/a",
        "/query/b",
    ]


class TestUploads:
    def test_a_file_and_its_fields_arrive(self, editor: ApiClient) -> None:
        content = b"\x00\xff" * 100_000
        answer = editor.post(
            f"{BASE}uploads/", {"kind": "photo"}, upload_files=[("file", "C:\\a\\ö.png", content)]
        )
        assert answer.json["data"] == {"name": "ö.png", "size": 200_000, "kind": "photo"}

    @pytest.mark.parametrize(
        ("fields", "files", "pointer"),
        [
            ({}, [], "/file"), ({"file": "text"}, [("other", "a", b"")], "/file"),
            ({"more": "1"}, [("file", "a", b"")], "/more"),
            ({}, [("file", "a", b""), ("file", "b", b"")], "/file"),
            ({"kind": "x" * 300_000}, [("file", "a", b"")], "/kind"),
            ({"kind": "\x00"}, [("file", "a", b"")], "/kind"),
        ],
        ids=["none", "text", "unknown", "two", "long", "nul"],
    )  # fmt: skip
    def test_a_wrong_form_is_named(
        self, editor: ApiClient, fields: dict, files: list, pointer: str
    ) -> None:
        if not files:
            files = [("other", "a", b"")]
        answer = editor.post(f"{BASE}uploads/", fields, upload_files=files, status=422)
        assert pointer in pointers(answer.json)

    @pytest.mark.parametrize(
        "body", [b"", b"nonsense", b"--b\r\n", b"--b\r\nContent-Disposition: form-data\r\n\r\nx"]
    )
    def test_what_is_no_multipart(self, editor: ApiClient, body: bytes) -> None:
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        editor.post(f"{BASE}uploads/", body, kind, status=[400, 422])
        without = {"Content-Type": "multipart/form-data"}
        editor.post(f"{BASE}uploads/", body, without, status=400)
        editor.post(f"{BASE}uploads/", body, JSON, status=415)

    def test_an_upload_that_is_too_large_is_not_read(self, house: House) -> None:
        more = {"CONTENT_LENGTH": str(1 << 40), "REQUEST_METHOD": "POST"}
        kind = "multipart/form-data; boundary=b"
        assert raw(house.app, b"/api/v1/uploads/", CONTENT_TYPE=kind, **more) == 413

    def test_too_many_parts(self, editor: ApiClient) -> None:
        files = [(f"f{index}", "a", b"") for index in range(100)]
        editor.post(f"{BASE}uploads/", {}, upload_files=files, status=400)


def test_bad_input_leaves_nothing_behind(house: House) -> None:
    client = house.somebody(widget.VIEW, widget.EDIT)
    before = client.get(f"{BASE}widgets/", {"count": "true"}).json["count"]
    for body in (b"{", b"[]", json.dumps({**GOOD, "more": 1}).encode()):
        client.post(f"{BASE}widgets/", body, JSON, status="4*")
    assert client.get(f"{BASE}widgets/", {"count": "true"}).json["count"] == before
