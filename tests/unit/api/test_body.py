"""Reading bodies: whatever comes in, an error of ours or a value goes out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_core.api.body import (
    FORBIDDEN,
    MAX_DEPTH,
    check_media_type,
    escape,
    parse_json,
    validate,
)
from calibrify_core.api.types import Body, DecimalText
from calibrify_core.kernel.errors import Invalid, Malformed, UnsupportedMediaType

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


def allowed(value: Any) -> bool:
    """Tells whether no text in a value holds a forbidden character."""
    if isinstance(value, str):
        return not FORBIDDEN.search(value)
    if isinstance(value, dict):
        return all(allowed(name) and allowed(inner) for name, inner in value.items())
    return all(map(allowed, value)) if isinstance(value, list) else True


@given(st.binary(max_size=200))
def test_no_bytes_are_a_fault(raw: bytes) -> None:
    try:
        parse_json(raw)
    except (Malformed, Invalid):
        return


@given(VALUES, st.booleans())
def test_what_json_says_is_what_is_read(value: Any, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    if allowed(value):
        assert parse_json(raw) == value
    else:
        with pytest.raises(Invalid):
            parse_json(raw)


@given(st.characters(categories=["Cc", "Cs"]) | st.sampled_from("\ufffe\uffff"), st.booleans())
def test_a_forbidden_character_is_found_however_it_is_written(bad: str, escaped: bool) -> None:
    if bad in "\t\n\r" or ("\ud800" <= bad <= "\udfff" and not escaped):
        return
    written = f"\\u{ord(bad):04x}" if escaped else bad
    raw = f'{{"a": ["x", {{"b": "c{written}"}}]}}'.encode()
    with pytest.raises((Invalid, Malformed)) as caught:
        parse_json(raw)
    if isinstance(caught.value, Invalid):
        assert [error.pointer for error in caught.value.errors] == ["/a/1/b"]


@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ('{"a":', "}")])
def test_the_depth_is_bounded(open_: str, close: str) -> None:
    def nested(depth: int) -> bytes:
        return (open_ * depth + "1" + close * depth).encode()

    parse_json(nested(MAX_DEPTH))
    for depth in (MAX_DEPTH + 1, 2_000, 200_000):
        with pytest.raises(Malformed):
            parse_json(nested(depth))


def test_a_wide_body_is_not_a_deep_one() -> None:
    assert len(parse_json(b"[" + b",".join([b"[{}]"] * 1000) + b"]")) == 1000


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON ; charset=utf-8"])
def test_json_is_taken(media_type: str) -> None:
    check_media_type(media_type)


@pytest.mark.parametrize("media_type", ["", "text/json", "application/json;charset=utf-16"])
def test_anything_else_is_not(media_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        check_media_type(media_type)


class Leaf(Body):
    """One of two kinds."""

    size: DecimalText


class Other(Body):
    """The other kind."""

    word: str


class Tree(Body):
    """A body with branches."""

    leaves: list[Leaf | Other]
    by_name: dict[str, Leaf]


def test_pointers_lead_to_what_was_sent_whatever_the_schema_tried() -> None:
    body = {"leaves": [{"size": "1"}, {"size": "x"}], "by_name": {"a/b": {"size": "y"}}}
    with pytest.raises(Invalid) as caught:
        validate(Tree, body, "/data")
    pointers = {error.pointer for error in caught.value.errors}
    assert "/data/leaves/1/size" in pointers
    assert "/data/by_name/a~1b/size" in pointers
    assert all(not pointer.endswith(("Leaf", "Other")) for pointer in pointers)


def test_names_are_escaped_as_pointers_are() -> None:
    assert escape("a/b~c") == "a~1b~0c"
