from __future__ import annotations

import json
from decimal import Decimal

import pytest

from calibrify_core.exchange.options import ImportOptions, parse_mapping, parse_options
from calibrify_core.kernel.errors import Invalid


def pointers(error: Invalid) -> set[str]:
    return {item.pointer for item in error.errors}


@pytest.mark.parametrize("source", [None, "", "  ", "{}", b"{}", {}])
def test_nothing_said_means_the_defaults(source: str | bytes | None) -> None:
    assert parse_options(source) == ImportOptions()
    assert parse_options(source).on_error == "skip_rows"


def test_the_documented_options_are_read() -> None:
    options = parse_options(
        json.dumps(
            {
                "match_on": "asset_tag",
                "date_format": {"Next Cal.": "%m/%d/%Y"},
                "null_values": ["N/A"],
                "value_map": {"status": {"OFF": {"status": "lost", "calibration_required": False}}},
                "defaults": {"status": "in_service"},
                "create_missing": ["location"],
                "location_separator": None,
                "on_error": "stop",
                "encoding": "cp1252",
                "delimiter": ";",
                "header_row": 2,
                "sheet": "Bay 1",
            }
        )
    )
    assert options.value_map["status"]["OFF"]["calibration_required"] is False
    reading = options.for_reading()
    assert (reading.encoding, reading.delimiter) == ("cp1252", ";")
    assert (reading.header_row, reading.sheet) == (2, "Bay 1")


def test_all_errors_come_with_their_pointers() -> None:
    with pytest.raises(Invalid) as caught:
        parse_options(
            {
                "unknown": 1,
                "on_error": "ignore",
                "date_format": {"a/b": 7},
                "null_values": "N/A",
                "header_row": 0,
                "delimiter": "##",
                "sheet": 1.5,
            }
        )
    assert pointers(caught.value) == {
        "/options/unknown",
        "/options/on_error",
        "/options/date_format/a~1b",
        "/options/null_values",
        "/options/header_row",
        "/options/delimiter",
        "/options/sheet",
    }


@pytest.mark.parametrize(
    "source",
    [
        "{",
        "[]",
        '"text"',
        "7",
        '{"defaults": {"a": NaN}}',
        '{"defaults": {"a": Infinity}}',
        '{"match_on": "a", "match_on": "b"}',
        '{"match_on": "\\ud800"}',
        b"\xff\xfe",
        "[" * 100_000,
        '{"defaults": {"a": ' + "9" * 5_000 + "}}",
        " " * 2_000_000,
    ],
)
def test_what_is_no_json_object_is_an_error(source: str | bytes) -> None:
    with pytest.raises(Invalid) as caught:
        parse_options(source)
    assert pointers(caught.value) == {"/options"}
    with pytest.raises(Invalid) as caught:
        parse_mapping(source)
    assert pointers(caught.value) == {"/mapping"}


def test_numbers_keep_their_digits() -> None:
    assert parse_options('{"defaults": {"price": 1.10}}').defaults == {"price": Decimal("1.10")}


def test_a_mapping_names_fields_or_null() -> None:
    assert parse_mapping(None) is None
    assert parse_mapping('{"Tag": "asset_tag", "Colour": null, "x": ""}') == {
        "Tag": "asset_tag",
        "Colour": None,
        "x": None,
    }
    with pytest.raises(Invalid) as caught:
        parse_mapping('{"Tag/No": 7, "x": ["a"]}')
    assert pointers(caught.value) == {"/mapping/Tag~1No", "/mapping/x"}
