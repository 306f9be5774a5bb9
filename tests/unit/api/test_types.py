"""Scalars of bodies: every digit kept, every day real, every text bounded."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from calibrify_core.api.body import parse_json
from calibrify_core.api.types import (
    Body,
    Count,
    Date,
    DecimalText,
    ExactDecimal,
    Identifier,
    Moment,
    Name,
    Prose,
    ShortText,
    changes,
    partial,
)

NAIVE = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
DIGITS = st.text("0123456789", min_size=1, max_size=20)


class Everything(Body):
    """All scalars."""

    text: DecimalText = "0"
    exact: ExactDecimal = Decimal(0)
    day: Date = date(2026, 1, 1)
    moment: Moment = datetime(2026, 1, 1, tzinfo=UTC)
    one: Identifier = uuid.UUID(int=0)
    count: Count = 0
    name: Name = "x"
    prose: Prose = ""
    short: Annotated[str, ShortText(3)] = ""


def read(**members: Any) -> Everything:
    return Everything.model_validate(members)


@given(st.sampled_from(["", "-", "+"]), DIGITS, DIGITS)
def test_a_decimal_in_a_string_is_kept_to_the_letter(sign: str, whole: str, part: str) -> None:
    text = f"{sign}{whole}.{part}"
    found = read(text=text, exact=text)
    assert found.text == text
    assert found.exact == Decimal(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-1, max_value=1, places=20))
def test_a_json_number_is_kept_to_the_letter(number: Decimal) -> None:
    written = f"{number:f}"
    found = Everything.model_validate(parse_json(f'{{"text": {written}}}'.encode()))
    assert found.text == written


@pytest.mark.parametrize("written", ["1", "-7", "12345678901234567890123", "1e2", "1E+2", "0.10"])
def test_a_number_is_the_text_it_was_written_as(written: str) -> None:
    found = Everything.model_validate(parse_json(f'{{"text": {written}}}'.encode()))
    assert found.text == written


@pytest.mark.parametrize(
    "value", ["", " 1", "1 ", "1,5", "NaN", "inf", "1e", "e1", ".", "--1", "1_0", "0x1", "٣",
              "1" * 41, "1e31", "1e-31", True, None, [], {}, 1.5, Decimal("NaN"), "1\n"],
)  # fmt: skip
def test_what_is_no_decimal(value: object) -> None:
    for member in ("text", "exact"):
        with pytest.raises(ValidationError):
            read(**{member: value})


def test_a_moment_is_in_utc() -> None:
    found = read(moment="2026-11-23T21:00:00+01:00")
    assert found.moment == datetime(2026, 11, 23, 20, tzinfo=UTC)
    assert found.moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("day", "2026-02-29"), ("day", "26-01-01"), ("day", "2026-01-01T00:00:00Z"),
        ("day", datetime(2026, 1, 1, tzinfo=UTC)), ("moment", "2026-01-01T00:00Z"),
        ("moment", "2026-01-01 00:00:00Z"), ("moment", "2026-01-01T24:00:00Z"),
        ("moment", "9999-12-31T23:59:59-14:00"), ("moment", NAIVE),
        ("one", "{00000000-0000-0000-0000-000000000000}"), ("one", "0" * 32), ("one", 5),
        ("count", 2**53 + 1), ("count", "1"), ("count", True), ("count", 1.0),
        ("name", ""), ("name", " \t "), ("name", "a\nb"), ("short", "four"), ("short", None),
        ("prose", "x" * 10_001), ("prose", 5),
    ],
)  # fmt: skip
def test_what_is_refused(member: str, value: object) -> None:
    with pytest.raises(ValidationError):
        read(**{member: value})


def test_white_space_around_a_text_goes() -> None:
    assert read(name="  a b ").name == "a b"
    assert read(prose=" a\n b\t").prose == "a\n b"


class Whole(Body):
    """A whole object."""

    name: Name
    note: Prose | None = None
    tags: list[str] = Field(default_factory=list)


Change = partial(Whole, "Change")


def test_a_change_names_what_it_changes() -> None:
    assert changes(Change.model_validate({})) == {}
    assert changes(Change.model_validate({"note": None})) == {"note": None}
    assert changes(Change.model_validate({"name": "x", "tags": []})) == {"name": "x", "tags": []}


@pytest.mark.parametrize("body", [{"name": None}, {"tags": None}, {"name": ""}, {"more": 1}])
def test_a_change_obeys_the_same_rules(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Change.model_validate(body)


def test_a_change_is_described_without_defaults() -> None:
    schema = Change.model_json_schema()
    assert "required" not in schema
    assert all("default" not in member for member in schema["properties"].values())
    assert Whole.model_json_schema()["required"] == ["name"]
