"""Replies, tags, the guard and the description of endpoints."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_core.api.endpoint import PUBLIC, make_endpoint
from calibrify_core.api.etag import TAG, make_tag
from calibrify_core.api.guard import MAX_BODY, MAX_UPLOAD, Guard
from calibrify_core.api.reply import attachment, dump
from calibrify_core.api.tweens import REFUSED, local
from calibrify_core.kernel.errors import ConfigurationError


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_goes_out_exactly(value: Decimal) -> None:
    written = dump({"v": value}).decode()[6:-2]
    assert Decimal(written).as_tuple() == value.as_tuple()


@pytest.mark.parametrize(
    ("value", "written"),
    [("1.0010", "1.0010"), ("1E+2", "1E+2"), ("1E-8", "0.00000001"), ("-0.0", "-0.0")],
)
def test_zeros_are_neither_lost_nor_invented(value: str, written: str) -> None:
    assert dump([Decimal(value)]) == f'["{written}"]'.encode()


def test_moments_go_out_in_utc() -> None:
    assert dump(datetime(2026, 11, 23, 20, tzinfo=UTC)) == b'"2026-11-23T20:00:00Z"'


def test_what_has_no_place_in_json_is_a_fault() -> None:
    with pytest.raises(TypeError):
        dump({"v": object()})


@given(st.integers(1, 10**6), st.binary(), st.binary())
def test_a_tag_tells_versions_and_contents_apart(version: int, one: bytes, other: bytes) -> None:
    tag = make_tag(version, one)
    assert TAG.fullmatch(tag)
    assert (tag == make_tag(version, other)) is (one == other)
    assert tag != make_tag(version + 1, one)


@pytest.mark.parametrize(
    ("location", "sent"),
    [
        ("/api/v1/x/", "/api/v1/x/"), ("//evil.example", "/%2fevil.example"),
        ("/\\evil.example", "/%2fevil.example"), ("/\t/evil.example", "/%2fevil.example"),
        ("/\r\nSet-Cookie: x", "/Set-Cookie: x"), ("https://own.example/", "https://own.example/"),
    ],
)  # fmt: skip
def test_a_location_stays_on_the_site(location: str, sent: str) -> None:
    assert local({}, location) == sent


def test_the_name_of_an_attachment_cannot_break_its_header() -> None:
    sent = attachment('a"\r\nX: y/ü.pdf', "application/pdf", 3, [b"abc"])
    value = sent.headers["Content-Disposition"]
    assert "\r" not in value
    assert "\n" not in value
    assert value.count('"') == 2
    assert value.endswith("filename*=UTF-8''a%22%0D%0AX%3A%20y%2F%C3%BC.pdf")


def passed(**more: Any) -> dict[str, Any]:
    """Sends a request through the guard; returns what the router would see."""
    seen: dict[str, Any] = {}

    def router(environ: dict[str, Any], _: Any) -> list[bytes]:
        seen.update(environ)
        return []

    environ = {"PATH_INFO": "/", "wsgi.input": io.BytesIO(b""), **more}
    Guard(router)(environ, None)
    return seen


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/api/v1/widgets", "/api/v1/widgets/"), ("/api/v1/widgets/", "/api/v1/widgets/"),
        ("/api/v1/label.pdf", "/api/v1/label.pdf"), ("/api/v1/a.b/c", "/api/v1/a.b/c/"),
        ("/equipment", "/equipment"), ("/health/live", "/health/live"),
    ],
)  # fmt: skip
def test_the_final_slash_is_added_within_the_api(path: str, seen: str) -> None:
    assert passed(PATH_INFO=path)["PATH_INFO"] == seen


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_what_reaches_the_router_is_text(path: bytes, query: bytes) -> None:
    seen = passed(PATH_INFO="/" + path.decode("latin-1"), QUERY_STRING=query.decode("latin-1"))
    seen["PATH_INFO"].encode("latin-1").decode("utf-8")
    if REFUSED in seen:
        assert seen["wsgi.input"].read() == b""


@pytest.mark.parametrize(
    ("length", "media_type", "status"),
    [
        (MAX_BODY, "application/json", None), (MAX_BODY + 1, "application/json", 413),
        (MAX_UPLOAD, "Multipart/form-data; boundary=x", None),
        (MAX_UPLOAD + 1, "multipart/form-data", 413), ("x", "", 400), ("-1", "", 400),
        ("\uff11", "", 400), ("", "", None),
    ],
)  # fmt: skip
def test_sizes_are_bounded_before_anything_is_read(
    length: object, media_type: str, status: int | None
) -> None:
    seen = passed(CONTENT_LENGTH=str(length), CONTENT_TYPE=media_type)
    refused = seen.get(REFUSED)
    assert (refused.status if refused else None) == status


@pytest.mark.parametrize(
    "options",
    [
        {"path": "widgets/", "permission": None}, {"path": "widgets/", "permission": ""},
        {"path": "/widgets/", "permission": PUBLIC}, {"path": "widgets", "permission": PUBLIC},
    ],
)  # fmt: skip
def test_an_endpoint_without_permission_or_slash_stops_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_endpoint("widgets", "list", summary="Lists.", **options)
    assert "widgets.list" in caught.value.detail


def test_an_endpoint_knows_its_address() -> None:
    endpoint = make_endpoint(
        "widgets", "read", path="widgets/{id:uuid}/{word}/", permission=PUBLIC, summary="Shows."
    )
    assert endpoint.address == "/api/v1/widgets/{id}/{word}/"
    assert endpoint.ids == ("id",)
    assert (endpoint.method, endpoint.status) == ("GET", 200)
