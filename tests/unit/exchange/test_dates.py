from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrify_core.exchange.dates import (
    DateOrder,
    DateSurvey,
    UnreadableDate,
    check_format,
    read_date,
)

DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
LEAP = date(2016, 2, 29)


def order_of(*values: str) -> DateOrder | None:
    survey = DateSurvey()
    for value in values:
        survey.look(value)
    return survey.order


@pytest.mark.parametrize(
    "text",
    [
        "2016-02-29", "2016/2/29", "2016.02.29", "2016-02-29T09:30:00", "2016-02-29 09:30",
        "29 Feb 2016", "29-Feb-2016", "29.February 2016", "Feb 29, 2016", "february 29th 2016",
        "29/2/2016", "2/29/2016", "29.2.2016",
    ],
)  # fmt: skip
def test_forms_that_can_only_mean_one_day(text: str) -> None:
    assert read_date(text, None, None) == LEAP


@given(DAYS)
def test_both_orders_read_what_was_written(day: date) -> None:
    assert read_date(f"{day.day}/{day.month}/{day.year}", None, "day_first") == day
    assert read_date(f"{day.month}/{day.day}/{day.year}", None, "month_first") == day
    assert read_date(day.isoformat(), None, None) == day
    assert read_date(day.strftime("%d %B %Y"), None, None) == day


@given(st.lists(DAYS, min_size=1), st.sampled_from(["day_first", "month_first"]))
def test_the_survey_never_says_the_wrong_order(days: list[date], order: str) -> None:
    template = (
        "{0.day}/{0.month}/{0.year}" if order == "day_first" else "{0.month}/{0.day}/{0.year}"
    )
    found = order_of(*(template.format(day) for day in days))
    assert found == (order if any(day.day > 12 for day in days) else None)


def test_the_survey_sees_all_values_of_the_column() -> None:
    assert order_of("1/2/2016", "3/4/2016", "8/29/2016") == "month_first"
    assert order_of("1/2/2016", "29-8-2016") == "day_first"
    assert order_of("8/29/2016", "29/8/2016") == "mixed"
    assert order_of("1/2/2016", "", "2016-08-29", "13.1.2016", "99/99/2016") is None


@pytest.mark.parametrize(
    ("text", "order", "why"),
    [
        ("1/2/2016", None, "nothing tells which"),
        ("1/2/2016", "mixed", "both kinds"),
        ("1/2/16", "day_first", "year of two digits"),
        ("30/2/2016", None, "no date of the calendar"),
        ("13/13/2016", "day_first", "no date of the calendar"),
        ("2015-02-29", None, "no date of the calendar"),
        ("1599-01-01", None, "outside the years"),
        ("9999-12-31", None, "outside the years"),
        ("3 Foo 2016", None, "no month"),
        ("soon", None, "is no date"),
        ("2016-02-29x", None, "is no date"),
        ("٢٠١٦-٠٢-٢٩", None, "is no date"),
        ("infinity", None, "is no date"),
    ],
)
def test_what_is_no_date_or_two_says_why(text: str, order: DateOrder | None, why: str) -> None:
    with pytest.raises(UnreadableDate, match=why):
        read_date(text, None, order)


def test_the_same_day_and_month_is_clear() -> None:
    assert read_date("3/3/2016", None, None) == date(2016, 3, 3)


def test_a_given_format_decides_and_iso_is_read_besides() -> None:
    assert read_date("02/03/2016", "%d/%m/%Y", None) == date(2016, 3, 2)
    assert read_date("2/3/16", "%m/%d/%y", None) == date(2016, 2, 3)
    assert read_date("2016-02-29", "%m/%d/%Y", None) == LEAP
    with pytest.raises(UnreadableDate, match="of the form %m/%d/%Y"):
        read_date("29/2/2016", "%m/%d/%Y", None)


@pytest.mark.parametrize("pattern", ["%m/%d/%Y", "%d.%m.%y", "%Y%m%d", "%d %b %Y", "%Y-%j"])
def test_formats_that_name_a_day_are_possible(pattern: str) -> None:
    assert check_format(pattern) is None


@pytest.mark.parametrize(
    "pattern", ["", "%H:%M", "%m/%Y", "dd.mm.yyyy", "%Y-%m-%d %Z", "%Y-%m-%d%"]
)
def test_other_formats_are_not(pattern: str) -> None:
    assert check_format(pattern)
