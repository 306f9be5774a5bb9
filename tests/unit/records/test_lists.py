"""Lists by keyset: every walk through their pages shows each row once, in order."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cmp_to_key
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from calibrify_core.auth.organisations import Organisations
from calibrify_core.kernel.errors import Invalid
from calibrify_core.records.keyset import Page, run_list
from calibrify_core.records.listing import Kind, ListField, read_request
from calibrify_core.records.selects import filtered, ordered
from tests.unit.records.conftest import SORTABLE, THINGS, Shelf

STEPS = [sign + name for name in SORTABLE for sign in ("", "-")]
ORDERINGS = st.lists(
    st.tuples(st.sampled_from(SORTABLE), st.booleans()),
    min_size=1,
    max_size=3,
    unique_by=lambda step: step[0],
).map(lambda steps: ",".join(f"{'-' if down else ''}{name}" for name, down in steps))


def everything(shelf: Shelf, ordering: str) -> list[uuid.UUID]:
    """Returns the ids in order, sorted here and not by the database.

    Only the lower case of a text is the database's: the two know different alphabets.
    """
    with shelf.unit() as unit:
        statement = filtered(unit, THINGS, read_request(THINGS, []))
        rows = [row._mapping for row in unit.session.execute(statement)]
        texts = sorted({row[k] for row in rows for k in ("name", "serial") if row[k] is not None})
        low = {t: unit.session.execute(sa.select(sa.func.lower(t))).scalar_one() for t in texts}
    steps = [(step.removeprefix("-"), step.startswith("-")) for step in ordering.split(",")]

    def compare(left: Any, right: Any) -> int:
        for name, down in [*steps, ("id", steps[0][1])]:
            mine, other = left[name], right[name]
            if mine is None or other is None:
                if mine is not other:
                    return 1 if mine is None else -1
                continue
            if name in {"name", "serial"}:
                mine, other = low[mine].encode(), low[other].encode()
            if mine != other:
                return (1 if mine > other else -1) * (-1 if down else 1)
        return 0

    return [row["id"] for row in sorted(rows, key=cmp_to_key(compare))]


def ids(page: Page) -> list[uuid.UUID]:
    return [row["id"] for row in page.rows]


def walk(shelf: Shelf, **query: Any) -> list[Page]:
    """Returns all pages of a list, from the first to the last."""
    pages = [shelf.page(**query)]
    while pages[-1].next is not None:
        pages.append(shelf.page(**query, cursor=pages[-1].next))
        assert len(pages) < 200, "the walk has no end"
    return pages


def walk_back(shelf: Shelf, last: Page, **query: Any) -> list[Page]:
    """Returns all pages before a page, from the first on."""
    pages = [last]
    while pages[0].previous is not None:
        pages.insert(0, shelf.page(**query, cursor=pages[0].previous))
        assert len(pages) < 200, "the walk has no end"
    return pages[:-1]


def check_walks(shelf: Shelf, ordering: str, limit: int) -> None:
    """Checks that a walk forwards and the walk back show what the full sort shows."""
    expected = everything(shelf, ordering)
    pages = walk(shelf, ordering=ordering, limit=limit)
    assert [i for page in pages for i in ids(page)] == expected
    assert all(len(page.rows) == limit for page in pages[:-1])
    assert (pages[0].previous, pages[-1].next) == (None, None)
    back = walk_back(shelf, pages[-1], ordering=ordering, limit=limit)
    assert [i for page in [*back, pages[-1]] for i in ids(page)] == expected
    assert all(page.next is not None for page in back)


@pytest.mark.parametrize("ordering", STEPS)
def test_a_walk_in_every_ordering_equals_the_full_sort(shelf: Shelf, ordering: str) -> None:
    for limit in (1, 7, 60, 500):
        check_walks(shelf, ordering, limit)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ordering=ORDERINGS, limit=st.integers(1, 61))
def test_a_walk_in_mixed_orderings_equals_the_full_sort(
    shelf: Shelf, ordering: str, limit: int
) -> None:
    check_walks(shelf, ordering, limit)


@pytest.mark.parametrize("ordering", ["name,-name", "due_on,due_on,-due_on"])
def test_an_ordering_that_names_a_field_twice_loses_nothing(shelf: Shelf, ordering: str) -> None:
    check_walks(shelf, ordering, 7)


@pytest.mark.parametrize("ordering", ["-due_on,name,active", "serial,-seen_at", "name"])
def test_an_export_comes_in_the_order_of_the_list(shelf: Shelf, ordering: str) -> None:
    with shelf.unit() as unit:
        statement = ordered(unit, THINGS, read_request(THINGS, [("ordering", ordering)]))
        assert [row.id for row in unit.session.execute(statement)] == everything(shelf, ordering)


@pytest.mark.parametrize("ordering", ["name", "-due_on", "due_on,-name"])
def test_rows_that_come_before_the_place_shift_nothing(own_shelf: Shelf, ordering: str) -> None:
    expected = everything(own_shelf, ordering)
    first = own_shelf.page(ordering=ordering, limit=20)
    front = {"name": "", "due_on": date(2099, 1, 1) if "-due_on" in ordering else date(1999, 1, 1)}
    for _ in range(5):
        own_shelf.put(**front)
    seen, place = ids(first), first.next
    while place is not None:
        page = own_shelf.page(ordering=ordering, limit=20, cursor=place)
        seen += ids(page)
        place = page.next
    assert seen == expected


def test_a_row_that_goes_takes_no_other_along(own_shelf: Shelf) -> None:
    expected = everything(own_shelf, "name")
    first = own_shelf.page(limit=20)
    with own_shelf.unit(write=True) as unit:
        doomed = THINGS.model
        for gone in (expected[19], expected[25]):  # the place itself, and one beyond it
            unit.session.delete(unit.find(doomed, gone, "thing:view"))
    rest = own_shelf.page(limit=500, cursor=first.next)
    assert ids(rest) == [i for i in expected[20:] if i != expected[25]]


def test_an_empty_list_has_no_neighbours(shelf: Shelf) -> None:
    page = shelf.page(q="there is no such thing", count="true")
    assert (page.rows, page.next, page.previous, page.count) == ([], None, None, 0)


def test_the_default_ordering_and_the_sparse_fields_hold(shelf: Shelf) -> None:
    assert ids(shelf.page(limit=500)) == everything(shelf, "name")
    rows = shelf.page(limit=2, fields="name,size").rows
    assert [set(row) for row in rows] == [{"id", "name", "size"}] * 2
    assert set(shelf.page(limit=1, fields="").rows[0]) == {"id"}


# ------------------------------------------------------------------- cursors


def refused(shelf: Shelf, **query: Any) -> str:
    """Returns the pointers that a refusal names."""
    with pytest.raises(Invalid) as caught:
        shelf.page(**query)
    return " ".join(error.pointer for error in caught.value.errors)


def flipped(cursor: str, position: int) -> str:
    """Returns a cursor with one bit of one byte changed."""
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[position % len(raw)] ^= 1
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["x", "AAAA", "%%%", "é", "====", "e30", "A" * 16, "A" * 5000, "null", " ", "-" * 24, "\x7f"],
)
def test_what_is_no_cursor_is_refused(shelf: Shelf, cursor: str) -> None:
    assert refused(shelf, cursor=cursor) == "/query/cursor"


def test_a_forged_cursor_is_refused_whichever_byte_was_changed(shelf: Shelf) -> None:
    cursor = shelf.page(limit=1).next
    assert cursor is not None
    for position in range(len(cursor) * 3 // 4):
        assert refused(shelf, limit=1, cursor=flipped(cursor, position)) == "/query/cursor"


@pytest.mark.parametrize(
    "changed",
    [
        {"active": "true"},
        {"q": "a"},
        {"ordering": "-name"},
        {"ordering": "name,size"},
        {"due_on_from": "2026-01-01"},
        {"grade": "small"},
    ],
)
def test_a_cursor_does_not_hold_for_another_question(shelf: Shelf, changed: dict[str, str]) -> None:
    cursor = shelf.page(limit=1).next
    assert refused(shelf, limit=1, cursor=cursor, **changed) == "/query/cursor"


def test_a_cursor_holds_for_another_page_length_and_other_fields(shelf: Shelf) -> None:
    cursor = shelf.page(limit=1).next
    assert len(shelf.page(limit=9, fields="name", cursor=cursor).rows) == 9


def test_a_cursor_does_not_hold_for_another_list(shelf: Shelf) -> None:
    other = replace(THINGS, permission="thing:edit")
    cursor = shelf.page(limit=1).next
    with pytest.raises(Invalid):
        shelf.page(other, limit=1, cursor=cursor)


def test_a_cursor_does_not_hold_for_another_organisation(shelf: Shelf) -> None:
    elsewhere = Organisations(shelf.platform).create("other")
    cursor = shelf.page(limit=1).next
    asked = read_request(THINGS, [("limit", "1"), ("cursor", str(cursor))])
    with shelf.platform.unit(elsewhere.id, write=False) as unit, pytest.raises(Invalid):
        run_list(unit, THINGS, asked)


# ------------------------------------------------------------------- questions


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ([("nmae", "x")], "/query/nmae"),
        ([("shown", "x")], "/query/shown"),
        ([("name_from", "a")], "/query/name_from"),
        ([("limit", "0")], "/query/limit"),
        ([("limit", "-1")], "/query/limit"),
        ([("limit", "٣")], "/query/limit"),
        ([("limit", "1.5")], "/query/limit"),
        ([("count", "yes")], "/query/count"),
        ([("fields", "name,secret")], "/query/fields"),
        ([("ordering", "grade")], "/query/ordering"),
        ([("ordering", "--name")], "/query/ordering"),
        ([("ordering", "name,serial,size,active")], "/query/ordering"),
        ([("ordering", "name"), ("ordering", "size")], "/query/ordering"),
        ([("q", "a"), ("q", "b")], "/query/q"),
        ([("active", "1")], "/query/active"),
        ([("active_from", "true")], "/query/active_from"),
        ([("grade", "huge")], "/query/grade"),
        ([("size", "1.0")], "/query/size"),
        ([("size", "1_0")], "/query/size"),
        ([("size", "٣")], "/query/size"),
        ([("size_from", "9" * 30)], "/query/size_from"),
        ([("due_on", "2026-02-30")], "/query/due_on"),
        ([("due_on", "20260227")], "/query/due_on"),
        ([("due_on_to", "2026-W09-5")], "/query/due_on_to"),
        ([("seen_at_from", "2026-02-27T12:00:00")], "/query/seen_at_from"),
        ([("seen_at_from", "0001-01-01T00:00:00+14:00")], "/query/seen_at_from"),
        ([("seen_at_to", "9999-12-31T23:59:59-14:00")], "/query/seen_at_to"),
        ([("id", "7")], "/query/id"),
        ([("name", "a\x00")], "/query/name"),
        ([("q", "a" * 201)], "/query/q"),
    ],
)
def test_what_a_list_does_not_know_is_refused_by_name(
    parameters: list[tuple[str, str]], pointer: str
) -> None:
    with pytest.raises(Invalid) as caught:
        read_request(THINGS, parameters)
    assert {error.pointer for error in caught.value.errors} == {pointer}


def test_every_problem_of_a_query_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        read_request(THINGS, [("a", "1"), ("limit", "x"), ("size", "y")])
    pointers = [error.pointer for error in caught.value.errors]
    assert sorted(pointers) == ["/query/a", "/query/limit", "/query/size"]


def test_at_most_a_hundred_values_of_one_filter_are_taken() -> None:
    assert len(read_request(THINGS, [("size", "1")] * 100).filters["size"]) == 100
    with pytest.raises(Invalid):
        read_request(THINGS, [("size", "1")] * 101)


def test_more_than_the_longest_page_is_clamped() -> None:
    assert read_request(THINGS, [("limit", "100000")]).limit == 500


def test_a_page_leaves_out_what_it_does_not_know_and_says_so() -> None:
    asked = read_request(
        THINGS, [("nmae", "x"), ("ordering", "grade"), ("size", "2"), ("q", "")], lenient=True
    )
    assert asked.filters == {"size": (2,)}
    assert [step.text for step in asked.ordering] == ["name"], "the default takes its place"
    assert len(asked.notices) == 2


@pytest.mark.parametrize(
    ("parameters", "keeps"),
    [
        ([("active", "true")], lambda r: r["active"]),
        ([("size", "2"), ("size", "3")], lambda r: r["size"] in {2, 3}),
        ([("size_from", "0"), ("size_to", "2")], lambda r: r["size"] in {0, 2}),
        ([("grade", "large")], lambda r: r["size"] == 3),
        ([("serial", "0007")], lambda r: r["serial"] == "0007"),
        (
            [("due_on_from", "2026-02-28")],
            lambda r: r["due_on"] is not None and r["due_on"] >= date(2026, 2, 28),
        ),
        (
            [("seen_at_to", "2026-02-27T13:00:00+01:00")],
            lambda r: (
                r["seen_at"] is not None and r["seen_at"] <= datetime(2026, 2, 27, 12, tzinfo=UTC)
            ),
        ),
        ([("q", "ALPHA")], lambda r: r["name"].lower() == "alpha"),
        ([("q", "50% o")], lambda r: r["name"] == "50% off"),
        ([("q", "%")], lambda r: "%" in r["name"]),
        ([("q", "a_")], lambda r: "a_" in r["name"]),
        ([("q", "\\")], lambda r: False),
        ([("q", "off 50")], lambda r: r["name"] == "50% off"),
    ],
)
def test_a_filter_finds_what_it_says(
    shelf: Shelf, parameters: list[tuple[str, str]], keeps: Any
) -> None:
    every = shelf.page(limit=500).rows
    asked = read_request(THINGS, [*parameters, ("limit", "500"), ("count", "true")])
    with shelf.unit() as unit:
        page = run_list(unit, THINGS, asked)
    expected = [row["id"] for row in every if keeps(row)]
    assert len(every) == 60, "the other organisation's are not shown"
    assert ids(page) == expected
    assert page.count == len(expected)


# ------------------------------------------------------------------- counts and cost


@pytest.mark.parametrize(
    ("rows", "shown", "more"),
    [(9_999, 9_999, False), (10_000, 10_000, False), (10_002, 10_000, True)],
)
def test_a_capped_count_says_that_there_are_more(
    own_shelf: Shelf, rows: int, shown: int, more: bool
) -> None:
    own_shelf.fill(rows - 60)
    with own_shelf.unit() as unit:
        page = run_list(unit, THINGS, replace(read_request(THINGS, []), count="capped"))
    assert (page.count, page.capped) == (shown, more)
    assert own_shelf.page(limit=5, count="true").count == rows


@contextmanager
def counted(shelf: Shelf) -> Iterator[list[str]]:
    """Collects the statements that reach the database."""
    seen: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = shelf.platform.database.reader
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("ordering", ["name", "-due_on", "serial,-seen_at"])
def test_a_page_costs_as_many_statements_whatever_its_length(shelf: Shelf, ordering: str) -> None:
    costs = set()
    for limit in (2, 10, 25):
        with counted(shelf) as statements:
            shelf.page(ordering=ordering, limit=limit, count="true")
        costs.add(len([text for text in statements if "list_thing" in text]))
    assert costs == {2}, "one for the rows, one for the count"


def test_a_list_that_others_extend_filters_and_sorts_by_what_they_add(own_shelf: Shelf) -> None:
    model: Any = THINGS.model
    length = sa.func.length(model.name)
    longer = THINGS.extended(
        [ListField("length", "length", Kind.INTEGER, length, orderable=True)],
        [length.label("length")],
        model,
        lambda row, unit: THINGS.shape(row, unit) | {"length": row.length},
    )
    page = own_shelf.page(longer, ordering="-length", length_from=6, limit=500)
    lengths = [row["length"] for row in page.rows]
    assert lengths == sorted(lengths, reverse=True)
    assert set(lengths) == {7}, "of all names, 50% off alone has more than five letters"
    with pytest.raises(Invalid):
        own_shelf.page(ordering="-length")
