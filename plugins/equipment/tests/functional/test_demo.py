"""The demonstration laboratory, the dashboard and the global search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from calibrify_core.testing.house import build
from calibrify_equipment.services import demo, figures


@pytest.fixture(scope="module")
def shown(make_platform: Callable[..., Any], lab_of: Callable[..., Any]) -> Any:
    """A laboratory with the demonstration in it."""
    platform = make_platform()
    made = lab_of(platform, build(platform))
    made.empty_page = made.browser("metrology_manager").get("/").text
    memory: dict[str, Any] = {}
    with made.unit() as unit:
        demo.load(unit, memory)
    made.memory = memory
    return made


def test_an_empty_register_says_how_to_begin(shown: Any) -> None:
    assert "Add your first instrument" in shown.empty_page
    assert "Add your first instrument" not in shown.browser("metrology_manager").get("/").text


def test_about_forty_instruments_of_all_kinds(shown: Any) -> None:
    entries = shown.memory["equipment"]
    assert 38 <= len(entries) <= 45
    assert {entry["code"] for entry in entries} == {code for code, *_ in demo.KINDS}
    with shown.unit() as unit:
        counts = figures.by_status(unit)
    assert sum(counts.values()) == len(entries)
    assert counts["quarantined"] == counts["lost"] == counts["out_of_service"] == 1


def test_list_and_summary_say_the_same(shown: Any) -> None:
    client = shown.api("viewer")
    summary = client.get("/api/v1/dashboard/summary/").json
    for status, number in summary["by_status"].items():
        found = client.get(f"/api/v1/equipment/?status={status}&count=true&fields=id").json
        assert found["count"] == number, status
    total = client.get("/api/v1/equipment/?count=true&limit=1").json["count"]
    assert total == summary["total"] == len(shown.memory["equipment"])


def test_places_stand_on_the_dashboard(shown: Any) -> None:
    page = shown.browser("viewer").get("/")
    assert "North works" in page
    assert "South works" in page


def test_the_search_finds_what_has_all_words(shown: Any) -> None:
    hits = shown.api("viewer").get("/api/v1/search/?q=drehmut+wrench").json["results"]
    assert len(hits) == 3
    assert all(hit["kind"] == "equipment" for hit in hits)
