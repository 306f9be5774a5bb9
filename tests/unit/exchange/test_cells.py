from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_core.exchange.cells import FORMULA_CHARACTERS, neutralise, restore, text_of
from calibrify_core.exchange.csv_reading import open_csv
from calibrify_core.exchange.tables import ReadOptions
from calibrify_core.exchange.writing import csv_bytes

# Text as it can be stored: characters, line breaks and tabulators, no other controls.
STORED = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
    | st.sampled_from("\n\t\r'=+-@0123456789.\",;|"),
    max_size=30,
)


@given(st.text())
def test_restoring_undoes_neutralising_exactly(text: str) -> None:
    assert restore(neutralise(text)) == text


@given(st.text(alphabet=st.sampled_from(FORMULA_CHARACTERS + "'a1"), max_size=6))
def test_nothing_that_a_program_would_run_is_left(text: str) -> None:
    written = neutralise(text)
    if written[:1] in FORMULA_CHARACTERS and written:
        assert float(written) is not None


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+CMD|'/c calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1+1",
        "-",
        "+",
    ],
)
def test_formulas_get_an_apostrophe(text: str) -> None:
    assert neutralise(text) == "'" + text


@pytest.mark.parametrize("text", ["-5", "+0.25", "-.5", "1E-3", "-1e+6", "0012", "", "it's", "'x"])
def test_plain_numbers_and_other_text_stay(text: str) -> None:
    assert neutralise(text) == text


@pytest.mark.parametrize("text", ["-5\n", "-\uff15", "-1_000", "-0x10", "-inf"])
def test_what_only_looks_like_a_number_is_neutralised(text: str) -> None:
    assert neutralise(text) == "'" + text


@given(st.lists(st.lists(STORED, min_size=3, max_size=3), max_size=8))
def test_a_table_written_as_csv_reads_back_cell_by_cell(rows: list[list[str]]) -> None:
    header = ["Tag", "Name", "Remark"]
    written = b"".join(csv_bytes(header, rows))
    table = open_csv(io.BytesIO(written), ReadOptions(header_row=1, delimiter=","))
    expected = [row for row in rows if "".join(row).strip()]
    assert [list(row.cells.values()) for row in table.rows()] == expected


def test_every_cell_of_a_written_csv_is_harmless() -> None:
    rows = [["=1", "-1", "@x"], ["'=1", None, Decimal("-1.50")]]
    text = b"".join(csv_bytes(["a", "b", "=c"], rows)).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["a", "b", "'=c"],
        ["'=1", "-1", "'@x"],
        ["''=1", "", "-1.50"],
    ]


def test_rows_are_taken_while_the_file_is_sent() -> None:
    taken = 0

    def rows() -> Iterator[list[str]]:
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield [f"T{number}", "SCALE"]

    pieces = csv_bytes(["Tag", "Name"], rows())
    next(pieces)
    assert taken == 0
    next(pieces)
    assert 0 < taken <= 1_000
    assert sum(1 for _ in pieces) > 100


def test_values_become_text_digit_for_digit() -> None:
    berlin = timezone(timedelta(hours=1))
    assert text_of(Decimal("1E+2")) == "1E+2"
    assert text_of(Decimal("10.0010")) == "10.0010"
    assert text_of(datetime(2016, 2, 29, 10, 30, tzinfo=berlin)) == "2016-02-29T09:30:00Z"
    assert text_of(datetime(2016, 2, 29, tzinfo=UTC)) == "2016-02-29T00:00:00Z"
    assert text_of(date(2016, 2, 29)) == "2016-02-29"
    assert text_of(False) == "false"
    assert text_of(7) == "7"
