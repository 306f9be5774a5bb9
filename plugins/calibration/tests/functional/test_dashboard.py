"""What the dashboard says of calibrations, and the lists that its links lead to."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import pytest

from plugins.calibration.tests.laboratory import API, Lab, point


class Site:
    """A place of its own with instruments, and a browser of somebody who sees that place alone."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        body = {"name": lab.unique("Site")}
        self.id = str(lab.manager.post_json(f"{API}locations/", body).json["id"])
        self.browser = lab.browser("viewer", "location", uuid.UUID(self.id))

    def instrument(self, status: str = "in_service", due: str = "", **values: Any) -> str:
        """Enters an instrument with an opening due date, in a state; its tag."""
        tag = self.lab.unique("DT")
        found = self.lab.instrument(asset_tag=tag, location_id=self.id, **values)
        if due:
            self.lab.schedule(found, opening_due_on=due)
        if status != "in_service":
            body = {"to": status, "reason": "For the test"}
            self.lab.manager.post_json(f"{API}equipment/{found}/transitions/", body)
        return tag


def tags(page: Any, where: str) -> list[str]:
    """Returns the tags of the rows of a part of a page."""
    return [cell.text.split()[0] for cell in page.html.select(f"{where} td.name .mono")]


def card(page: Any, name: str) -> Any:
    """Returns a card of the dashboard."""
    return page.html.select_one(f"#card-calibration-{name}").find_parent("section")


@pytest.fixture(scope="module")
def site(lab: Lab) -> Site:
    return Site(lab)


def test_attention_is_for_what_failed_and_for_what_is_in_use_and_overdue(lab: Lab) -> None:
    site = Site(lab)
    held = [site.instrument("quarantined", f"20{year}-01-01") for year in range(10, 18)]
    site.instrument("out_of_service", "2009-01-01")
    site.instrument("retired", "2009-01-01")
    late = site.instrument(due="2026-02-01")
    later = site.instrument(due="2025-02-01")
    site.instrument(due="2026-12-01")
    failed = lab.unique("DT")
    lab.approved(
        lab.instrument(asset_tag=failed, location_id=site.id), points=[point(as_found=["11"])]
    )
    shown = card(site.browser.get("/"), "attention")
    found = [cell.text for cell in shown.select("td.name .mono")]
    assert found == [failed, later, late, *held[:5]]
    words = [chip.text.strip() for chip in shown.select(".chip")]
    assert words == ["Out of tolerance", *["Overdue"] * 2, *["Quarantined, do not use"] * 5]

    every = site.browser.get(shown.select_one("header a")["href"])
    assert set(tags(every, "main")) == {failed, later, late, *held}
    assert set(words) == {chip.text.strip() for chip in every.html.select("td.state .chip")}

    rows = site.browser.get("/equipment").html.select("main tbody td.state .chip")
    counted = Counter(chip.text.strip().lower() for chip in rows)
    bar = site.browser.get("/").html.select_one("#card-equipment-places").find_parent("section")
    told = bar.select_one("svg.stackbar")["aria-label"]
    assert counted["overdue"] == 2
    assert all(f"{number} {word}" in told for word, number in counted.items())
    assert {tone["class"][0] for tone in bar.select(".legend span")} == {
        "st-ok", "st-late", "st-oot", "st-out",
    }  # fmt: skip


def test_what_is_not_in_service_has_a_plain_date_and_no_lateness(site: Site) -> None:
    states = ("out_of_service", "lost", "retired", "quarantined")
    resting = {
        site.instrument(state, due) for state in states for due in ("2009-01-01", "2026-12-01")
    }
    late = site.instrument(due="2009-02-01")
    rows = site.browser.get("/equipment").html.select("main tbody tr")
    cells = {
        row.select_one("td.name .mono").text.split()[0]: row.select_one("td.duec") for row in rows
    }
    assert "late" in cells.pop(late).text
    assert set(cells) == resting
    for cell in cells.values():
        assert cell.select_one(".due") is None
        assert cell.text.strip() in {"1 Jan 2009", "1 Dec 2026"}


def test_the_results_lead_to_as_many_records_as_they_count(lab: Lab) -> None:
    site = Site(lab)
    tag = site.instrument()
    listed = site.browser.get("/equipment", {"q": tag}).html.select_one("td.name a")["href"]
    identifier = listed.rsplit("/", 1)[1]
    lab.approved(identifier)
    lab.approved(identifier, performed_at="2026-01-01T09:30:00Z")
    shown = card(site.browser.get("/"), "results")
    assert shown.select_one(".chain .num").text == "1"
    every = site.browser.get(shown.select_one("header a")["href"])
    assert len(every.html.select("td.name")) == 1
    assert "is_historical=false" in every.request.url


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("calibration_status=banana", "Calibration: 'banana' is none of"),
        ("location=x", "Location: An id"),
        ("nonsense=1", "nonsense is no parameter of this list."),
    ],
)
@pytest.mark.parametrize("path", ["/equipment", "/due"])
def test_what_a_list_does_not_know_is_said(site: Site, path: str, query: str, said: str) -> None:
    page = site.browser.get(f"{path}?{query}")
    assert said in page.html.select_one("main .note").text


def test_the_foot_of_an_empty_list_says_none(site: Site) -> None:
    page = site.browser.get("/equipment", {"q": "nothing has this"})
    assert page.html.select_one(".table-foot [role=status]").text == "None"
