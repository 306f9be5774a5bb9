"""Keys by which instruments are recognised and found."""

from __future__ import annotations

import sqlite3

import pytest

from calibrify_equipment.domain.identity import identity_key, search_pattern, search_text

TEXT = search_text("EQ-1", "SN_100%", "Bench \\ meter", "Halden", "H6500")


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("bench", True),
        ("ench", True),
        ("6500", True),
        ("eq", True),
        ("sn", True),
        ("q-", False),
        ("be", False),
        ("_100%", True),
        ("s__", False),
        ("%%%", False),
        (r"\ m", True),
        ("eq-1\nsn", False),
    ],
)
def test_words_are_found_as_the_contract_says(word: str, found: bool) -> None:
    connection = sqlite3.connect(":memory:")
    row = connection.execute("SELECT ? LIKE ? ESCAPE '\\'", (TEXT, search_pattern(word))).fetchone()
    connection.close()
    assert bool(row[0]) is found


def test_blank_serial_numbers_never_collide() -> None:
    assert identity_key("A", "B", "") is None
    assert identity_key("A", "", "1") != identity_key("", "A", "1")
