"""The figures of maintenance, through the API, on both databases."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from calibrify_core.testing.house import NOW
from calibrify_maintenance.models.plan import MaintenancePlan
from plugins.maintenance.tests.workshop import API, Workshop

K = f"{API}maintenance/kpis/"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def kpis(shop: Workshop, equipment: str, **query: str) -> Any:
    """Returns the figures of one instrument, by default of February."""
    days = {"from": "2026-02-01", "to": "2026-02-28", **query}
    text = "&".join(f"{name}={value}" for name, value in days.items())
    return shop.viewer.get(f"{K}?equipment={equipment}&{text}").json


def failed(shop: Workshop, equipment: str, end: datetime, minutes: int | None, **more: Any) -> str:
    """Enters a failure that was mended at a moment after so many minutes."""
    values = {
        "status": "completed",
        "created_at": end - timedelta(minutes=minutes or 0),
        "started_at": end - timedelta(minutes=minutes or 0),
        "completed_at": end,
        "completed_date": end.date(),
        "downtime_minutes": minutes,
        **more,
    }
    return shop.order(equipment, **values)


def plan(shop: Workshop, equipment: str) -> uuid.UUID:
    """Makes a plan of an instrument; its id."""
    with shop.platform.unit() as unit:
        made = unit.add(
            MaintenancePlan(
                organisation_id=unit.organisation.id,
                title="Oil",
                type="preventive",
                equipment_id=uuid.UUID(equipment),
                starts_on=date(2026, 1, 1),
            )
        )
        unit.session.flush()
        return made.id


def test_without_a_failure_nothing_is_made_up(shop: Workshop) -> None:
    found = kpis(shop, shop.instrument())
    assert (found["mtbf_hours"], found["mttr_hours"]) == (None, None)
    assert found["compliance"] == {"due": 0, "on_time": 0, "percent": None}
    assert (found["availability_percent"], found["operating_hours"]) == ("100.000", "672.0")


def test_failures_and_their_time(shop: Workshop) -> None:
    one = shop.instrument()
    failed(shop, one, datetime(2026, 2, 10, 12, tzinfo=UTC), 600)
    failed(shop, one, datetime(2026, 2, 20, 12, tzinfo=UTC), 120)
    found = kpis(shop, one)
    assert (found["failures"], found["downtime_hours"]) == (2, "12.0")
    assert (found["mtbf_hours"], found["mttr_hours"]) == ("330.0", "6.0")
    assert found["availability_percent"] == "98.214"
    months = kpis(shop, one, **{"from": "2026-01-15"})["months"]
    assert [(row["month"], row["failures"]) for row in months] == [("2026-01", 0), ("2026-02", 2)]


def test_what_still_stands_is_cut_at_the_end_of_the_days(shop: Workshop) -> None:
    one = shop.instrument()
    began = datetime(2026, 2, 27, tzinfo=UTC)
    shop.order(one, created_at=began, started_at=began)
    assert kpis(shop, one)["downtime_hours"] == "48.0"
    # Today is not over: the clock stands at noon of the second of March.
    assert kpis(shop, one, to="2026-03-31")["downtime_hours"] == "84.0"
    assert kpis(shop, one, to="2026-02-26")["failures"] == 0


def test_days_are_those_of_the_edges(shop: Workshop) -> None:
    one = shop.instrument()
    failed(shop, one, datetime(2026, 2, 1, 1, tzinfo=UTC), 120)
    failed(shop, one, MARCH + timedelta(hours=1), 60)
    found = kpis(shop, one)
    assert (found["failures"], found["downtime_hours"]) == (0, "1.0")


def test_a_cancelled_order_is_no_failure_and_planned_work_is_none(shop: Workshop) -> None:
    one = shop.instrument()
    at = datetime(2026, 2, 10, tzinfo=UTC)
    failed(shop, one, at, 60, status="cancelled", completed_at=None)
    failed(shop, one, at, 60, type="preventive")
    found = kpis(shop, one)
    assert (found["failures"], found["downtime_hours"], found["mtbf_hours"]) == (0, "1.0", None)


def test_compliance_and_backlog(shop: Workshop) -> None:
    one = shop.instrument()
    series = plan(shop, one)
    at = datetime(2026, 2, 10, tzinfo=UTC)
    done = {"type": "preventive", "plan_id": series, "labour_minutes": 90}
    failed(shop, one, at, None, cycle="1", due_on=date(2026, 2, 10), **done)
    failed(shop, one, at, None, cycle="2", due_on=date(2026, 2, 9), **done)
    shop.order(one, type="preventive", plan_id=series, cycle="3", due_on=date(2026, 2, 28),
               status="scheduled")  # fmt: skip
    shop.order(one, type="cleaning", status="requested")
    found = kpis(shop, one, to="2026-03-02")
    assert found["compliance"] == {"due": 3, "on_time": 1, "percent": "33.333"}
    assert found["backlog"] == {"count": 2, "hours": "1.5", "unestimated": 1}


def test_figures_of_a_category_hold_those_below_it(shop: Workshop) -> None:
    admin = shop.api("administrator")
    upper = admin.post_json(f"{API}categories/", {"name": shop.unique("C")}).json["id"]
    lower = admin.post_json(
        f"{API}categories/", {"name": shop.unique("C"), "parent_id": upper}
    ).json["id"]
    failed(shop, shop.instrument(category_id=lower), NOW - timedelta(days=3), 60)
    shop.instrument(category_id=upper)
    found = shop.viewer.get(f"{K}?category={upper}").json
    assert (found["instruments"], found["failures"]) == (2, 1)
    nothing = shop.viewer.get(f"{K}?category={uuid.uuid4()}").json
    assert (nothing["instruments"], nothing["availability_percent"]) == (0, None)


@pytest.mark.parametrize(
    "query",
    ["from=2026-02-30", "from=2026-03-03", "from=2026-02-02&to=2026-02-01", "from=1999-01-01",
     "to=x", "equipment=x", "category=1", "site=1",
     "equipment=01a21fef-f5d0-70c6-9d2e-e3ea6930a4fa"],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(shop: Workshop, query: str) -> None:
    error = shop.viewer.get(f"{K}?{query}", status=422).json["errors"][0]
    assert error["pointer"].startswith("/query/")


def test_another_site_is_not_in_the_figures(shop: Workshop) -> None:
    here, there = shop.place(shop.unique("A")), shop.place(shop.unique("B"))
    one = shop.instrument(location_id=here)
    failed(shop, one, NOW - timedelta(days=3), 60)
    near = shop.api("viewer", "location", uuid.UUID(here)).get(K).json
    far = shop.api("viewer", "location", uuid.UUID(there))
    assert (near["instruments"], near["failures"]) == (1, 1)
    assert (far.get(K).json["instruments"], far.get(K).json["failures"]) == (0, 0)
    far.get(f"{K}?equipment={one}", status=422)
