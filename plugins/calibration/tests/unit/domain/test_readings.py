from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_calibration.domain.problems import RuleError
from calibrify_calibration.domain.readings import (
    MAX_READINGS,
    ReadingOf,
    reading_from,
    readings_from,
    summarise,
)

numbers = st.decimals("-1000000", "1000000", places=6)


@pytest.mark.parametrize(
    "entered",
    [
        "1.0010",
        "1E+2",
        {"indication": "10.0012", "reference": "10.00003"},
        {"indication": "9", "excluded": {"reason": "touched the bath"}},
        {"indication": "9.0", "reference": "9.00", "excluded": {"reason": "spike"}},
    ],
)
def test_a_reading_comes_out_as_it_came_in(entered: object) -> None:
    assert reading_from(entered).as_entered() == entered


def test_numbers_without_quotes_are_written_out() -> None:
    assert reading_from(Decimal("1.0010")).text == "1.0010"
    assert reading_from({"indication": 3, "reference": None}).as_entered() == "3"


def test_every_problem_is_named_at_its_place() -> None:
    with pytest.raises(RuleError) as caught:
        readings_from(
            [
                "1",
                "abc",
                {"reference": "x"},
                {"indication": "1", "excluded": {"reason": " "}},
                {"indication": "1", "excluded": True, "who": "me"},
                {"indication": "1", "excluded": {"reason": "r" * 501}},
                None,
            ],
            "/as_found",
        )
    assert {problem.pointer for problem in caught.value.problems} == {
        "/as_found/1",
        "/as_found/2/indication",
        "/as_found/2/reference",
        "/as_found/3/excluded/reason",
        "/as_found/4/excluded",
        "/as_found/4/who",
        "/as_found/5/excluded/reason",
        "/as_found/6",
    }


def test_too_many_readings_are_refused() -> None:
    with pytest.raises(RuleError, match="at most 1000"):
        readings_from(["1"] * (MAX_READINGS + 1))


@pytest.mark.parametrize(
    ("reading_of", "reference", "readings", "mean", "error"),
    [
        (ReadingOf.UUT, "10.00000", ["10.0012"], "10.0012", "0.00120"),
        (ReadingOf.UUT, None, ["10.0012", "10.0014"], "10.0013", "0.0013"),
        (ReadingOf.STANDARD, "55", ["98.5", "98.7"], "98.6", "-88.6"),
        (ReadingOf.ARTEFACT, "55", ["10.0004"], "10.0004", "0.0004"),
    ],
)
def test_the_error_depends_on_whose_reading_it_is(
    reading_of: ReadingOf, reference: str | None, readings: list[str], mean: str, error: str
) -> None:
    summary = summarise(
        readings_from(readings),
        reading_of,
        Decimal(10),
        None if reference is None else Decimal(reference),
    )
    assert summary is not None
    assert (str(summary.mean_decimal), str(summary.error_decimal)) == (mean, error)


def test_a_moving_reference_belongs_to_its_reading() -> None:
    readings = readings_from(
        [
            {"indication": "10.0012", "reference": "10.00003"},
            {"indication": "10.0016", "reference": "10.00005"},
            {"indication": "99", "reference": "1", "excluded": {"reason": "spike"}},
        ]
    )
    summary = summarise(readings, ReadingOf.UUT, Decimal(10), Decimal("10.5"))
    assert summary is not None
    assert summary.mean == Fraction("10.0014")
    assert summary.reference == Fraction("10.00004")
    assert summary.error == Fraction("0.00136")


def test_thirds_are_exact() -> None:
    summary = summarise(readings_from(["1", "1", "2"]), ReadingOf.UUT, Decimal(0))
    assert summary is not None
    assert summary.mean == Fraction(4, 3)


def test_nothing_that_counts_gives_nothing() -> None:
    aside = reading_from({"indication": "1", "excluded": {"reason": "spike"}})
    assert summarise([], ReadingOf.UUT, Decimal(1)) is None
    assert summarise([aside], ReadingOf.UUT, Decimal(1)) is None


@given(
    st.lists(numbers, min_size=1, max_size=12).flatmap(
        lambda values: st.tuples(st.just(values), st.permutations(values))
    )
)
def test_permuting_readings_changes_nothing(orders: tuple[list[Decimal], list[Decimal]]) -> None:
    one, other = (
        summarise(readings_from(values), ReadingOf.UUT, Decimal("3.14")) for values in orders
    )
    assert one == other
