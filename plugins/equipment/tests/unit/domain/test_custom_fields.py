"""Custom fields: schemas and values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_core.api.types import EnteredDecimal
from calibrify_equipment.domain.custom_fields import TYPES, check_schema, check_values


def schema(**field: Any) -> dict[str, Any]:
    return {"fields": [{"name": "a", "label": "A", "type": "text", **field}]}


@pytest.mark.parametrize(
    ("broken", "pointer"),
    [
        ({"colour": 1}, "/colour"),
        ({"fields": {}}, "/fields"),
        ({"fields": ["a"]}, "/fields/0"),
        (schema(name="Ä"), "/fields/0/name"),
        (schema(name=""), "/fields/0/name"),
        (schema(type="float"), "/fields/0/type"),
        (schema(required="yes"), "/fields/0/required"),
        (schema(type="choice"), "/fields/0/choices"),
        (schema(type="choice", choices=["x", "x"]), "/fields/0/choices"),
        (schema(extra=1), "/fields/0/extra"),
        ({"fields": schema()["fields"] * 2}, "/fields/1/name"),
        ({"fields": schema()["fields"] * 51}, "/fields"),
    ],
)
def test_what_is_wrong_with_a_schema_is_named(broken: dict[str, Any], pointer: str) -> None:
    assert pointer in [where for where, _ in check_schema(broken)]


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "choice"])
def test_sound_schemas_pass(kind: str) -> None:
    assert check_schema(schema(type=kind)) == []
    assert check_schema({}) == []
    assert check_schema(schema(type="choice", choices=["x", "y"])) == []


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ({"type": "text"}, " x ", "x"),
        ({"type": "integer"}, 7, 7),
        ({"type": "integer"}, "-7", -7),
        ({"type": "decimal"}, "1.0010", "1.0010"),
        ({"type": "decimal"}, EnteredDecimal.read("1.0010"), "1.0010"),
        ({"type": "decimal"}, 3, "3"),
        ({"type": "date"}, "2024-02-29", "2024-02-29"),
        ({"type": "boolean"}, False, False),
        ({"type": "choice", "choices": ["F1"]}, "F1", "F1"),
    ],
)
def test_values_are_kept_as_they_were_entered(field: Any, value: Any, kept: Any) -> None:
    assert check_values(schema(**field), {"a": value}) == ({"a": kept}, [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"type": "text"}, 1),
        ({"type": "text"}, "x" * 1_001),
        ({"type": "integer"}, True),
        ({"type": "integer"}, "1.5"),
        ({"type": "integer"}, 2**60),
        ({"type": "decimal"}, "NaN"),
        ({"type": "decimal"}, 1.5),
        ({"type": "date"}, "2026-02-30"),
        ({"type": "date"}, "29.02.2024"),
        ({"type": "boolean"}, "true"),
        ({"type": "choice", "choices": ["F1"]}, "F2"),
    ],
)
def test_values_of_another_kind_are_refused(field: Any, value: Any) -> None:
    clean, problems = check_values(schema(**field), {"a": value})
    assert clean == {}
    assert [where for where, _ in problems] == ["/a"]


def test_blank_means_absent_unless_it_is_required() -> None:
    assert check_values(schema(), {"a": ""}) == ({}, [])
    _, problems = check_values(schema(required=True), {})
    assert problems == [("/a", "The category asks for this.")]
    _, problems = check_values({}, {"b": 1})
    assert [where for where, _ in problems] == ["/b"]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_every_finite_decimal_keeps_its_digits(value: Any) -> None:
    text = format(value, "f")
    assert check_values(schema(type="decimal"), {"a": text})[0] == {"a": text}
