"""The list: statements of a page, filters, orders, indexes, and two houses side by side."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sqlalchemy as sa

from calibrify_core.auth.organisations import Organisations
from calibrify_core.kernel.errors import NotFound
from calibrify_equipment.services.equipment import find, register
from calibrify_equipment.services.listing import equipment_list

E = "/api/v1/equipment/"
COUNT = 60


@pytest.fixture(scope="module")
def viewer(lab: Any) -> Any:
    """A reader of a register of sixty instruments."""
    places, kinds = itertools.cycle(lab.places.values()), itertools.cycle(lab.kinds.values())
    states = itertools.cycle(("in_service", "quarantined", "lost"))
    with lab.unit() as unit:
        for number in range(COUNT):
            register(
                unit,
                {
                    "name": f"Item {number % 7}",
                    "asset_tag": f"{'ab' if number % 2 else 'AB'}-{number:03}",
                    "location_id": next(places),
                    "category_id": next(kinds),
                    "status": next(states),
                },
            )
    return lab.api("viewer")


@pytest.mark.parametrize("query", ["", "q=item", "status=lost", "ordering=-updated_at"])
def test_a_page_costs_the_same_whatever_its_length(lab: Any, viewer: Any, query: str) -> None:
    costs = []
    viewer.get(f"{E}?{query}")
    for limit in (1, 50):
        with lab.statements() as seen:
            viewer.get(f"{E}?{query}&limit={limit}")
        costs.append(len(seen))
    assert costs[0] == costs[1]
    assert costs[1] <= 2, seen


def test_one_instrument_costs_one_statement_and_one_for_rights(lab: Any, viewer: Any) -> None:
    one = viewer.get(f"{E}?limit=1").json["results"][0]["id"]
    with lab.statements() as seen:
        viewer.get(f"{E}{one}/")
    assert len(seen) <= 2, seen


def test_the_html_list_costs_the_same_whatever_its_length(lab: Any, viewer: Any) -> None:
    browser = lab.browser("viewer")
    costs = []
    for limit in (1, 50):
        browser.get(f"/equipment?limit={limit}")
        with lab.statements() as seen:
            browser.get(f"/equipment?limit={limit}")
        costs.append(len(seen))
    assert costs[0] == costs[1]


@pytest.mark.parametrize("ordering", ["asset_tag", "-asset_tag", "name,-asset_tag", "-updated_at"])
def test_pages_put_together_are_the_whole_list(viewer: Any, ordering: str) -> None:
    whole = viewer.get(f"{E}?ordering={ordering}&limit=500&fields=asset_tag").json["results"]
    rows: list[Any] = []
    url: str | None = f"{E}?ordering={ordering}&limit=7&fields=asset_tag"
    while url:
        page = viewer.get(url).json
        rows += page["results"]
        url = page["next"]
    assert rows == whole
    assert len(rows) == COUNT
    if ordering == "asset_tag":
        tags = [row["asset_tag"].lower() for row in rows]
        assert tags == sorted(tags)


def test_filters_add_up_and_trees_include_what_lies_below(lab: Any, viewer: Any) -> None:
    def count(query: str) -> int:
        return int(viewer.get(f"{E}?count=true&limit=1&{query}").json["count"])

    below_a = [lab.places[key] for key in ("A", "A1", "A2")]
    alone = sum(count(f"location={place}") for place in below_a[1:])
    assert count(f"location={below_a[0]}") == alone + COUNT // 5
    assert count("status=lost") + count("status=quarantined") == COUNT * 2 // 3
    assert count("status=lost&status=quarantined") == COUNT * 2 // 3
    assert count(f"location={below_a[1]}&location={below_a[2]}") == alone
    assert count("location=01a20ab5-4d51-71d8-9bf1-4f8bd1b1bb8d") == 0


@pytest.mark.parametrize(
    "query",
    ["colour=red", "status=broken", "location=x", "ordering=notes", "limit=0", "fields=secret",
     "cursor=abc", "acquired_on_from=soon", "count=maybe"],
)  # fmt: skip
def test_what_is_not_known_is_named(viewer: Any, query: str) -> None:
    errors = viewer.get(f"{E}?{query}", status=422).json["errors"]
    assert errors[0]["pointer"] == f"/query/{query.split('=', maxsplit=1)[0]}"


def test_an_answer_that_is_known_is_not_sent_again(viewer: Any) -> None:
    one = viewer.get(f"{E}?limit=1").json["results"][0]["id"]
    tag = viewer.get(f"{E}{one}/").headers["ETag"]
    viewer.get(f"{E}{one}/", headers={"If-None-Match": tag}, status=304)


def test_the_orders_are_read_from_indexes(lab: Any, viewer: Any) -> None:
    inspector = sa.inspect(lab.platform.database.writer)
    indexed = {tuple(index["column_names"]) for index in inspector.get_indexes(
        "equipment_equipment"
    )}  # fmt: skip
    for field in equipment_list(lab.platform).fields.values():
        if field.orderable:
            assert ("organisation_id", field.order_key.key, "id") in indexed, field.name


def test_substrings_are_looked_up_by_trigrams(lab: Any, viewer: Any) -> None:
    if lab.platform.database.dialect == "sqlite":
        with lab.unit() as unit:
            assert unit.session.scalar(sa.text("SELECT sqlite_version()"))
        return
    with lab.unit() as unit:
        text = "SELECT indexdef FROM pg_indexes WHERE indexname LIKE '%search_trgm'"
        found = unit.session.scalar(sa.text(text))
    assert "gin_trgm_ops" in found
    assert "gin_pending_list_limit='256'" in found


def test_two_organisations_hold_the_same_tag_and_see_their_own(lab: Any) -> None:
    other = Organisations(lab.platform).create(lab.unique("other"))
    facts = {"name": "Twin", "asset_tag": "TWIN-1", "serial_number": "1", "manufacturer": "Orbis"}
    with lab.unit() as unit:
        first = register(unit, facts)
    with lab.unit(organisation_id=other.id) as unit:
        second = register(unit, facts)
        with pytest.raises(NotFound):
            find(unit, first)
        assert find(unit, second).asset_tag == "TWIN-1"
    with lab.unit() as unit, pytest.raises(NotFound):
        find(unit, second)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("format=pdf", "format"),
        ("format=csv&format=xlsx", "format"),
        ("colour=red", "colour"),
        ("limit=5", "limit"),
        ("cursor=abc", "cursor"),
        ("count=true", "count"),
        ("fields=name", "fields"),
    ],
)
def test_an_export_is_asked_for_by_what_it_knows(viewer: Any, query: str, named: str) -> None:
    refused = viewer.get(f"{E}export/?{query}", status=422)
    assert [one["pointer"] for one in refused.json["errors"]] == [f"/query/{named}"]
