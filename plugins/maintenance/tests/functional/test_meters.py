"""Meters and their readings, through the API, on both databases."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from calibrify_core.kernel.errors import Invalid
from calibrify_core.testing.client import ApiClient
from calibrify_maintenance.services import meters
from plugins.maintenance.tests.workshop import API, Workshop

M = f"{API}meters/"


def meter(shop: Workshop, equipment_id: str | None = None, **values: Any) -> str:
    """Gives an instrument a meter; its id."""
    instrument = equipment_id or shop.instrument()
    body = {"equipment_id": instrument, "name": "Running hours", "unit": "h", **values}
    return str(shop.manager.post_json(M, body).json["id"])


def read(api: ApiClient, meter_id: str, status: int = 201, **body: Any) -> Any:
    """Enters a reading."""
    return api.post_json(f"{M}{meter_id}/readings/", body, status=status).json


def test_a_meter_goes_up_and_keeps_its_digits(shop: Workshop) -> None:
    made = meter(shop)
    first = read(shop.technician, made, value="120.50", read_at="2026-03-01T08:00:00Z")
    assert (first["value"], first["total"]) == ("120.50", "120.50")
    read(shop.technician, made, value=131)
    shown = shop.viewer.get(f"{M}{made}/").json
    assert (shown["latest_value"], shown["latest_at"]) == ("131", "2026-03-02T12:00:00Z")
    rows = shop.viewer.get(f"{M}{made}/readings/").json["results"]
    assert [row["value"] for row in rows] == ["131", "120.50"]


def test_a_reading_that_cannot_be_is_refused(shop: Workshop) -> None:
    made = meter(shop)
    read(shop.technician, made, value=100, read_at="2026-03-01T08:00:00Z")
    down = read(shop.technician, made, 422, value="99.9")
    assert down["errors"][0]["pointer"] == "/value"
    assert "set back" in down["errors"][0]["detail"]
    for moment in ("2026-03-01T08:00:00Z", "2026-02-01T08:00:00Z", "2026-03-03T08:00:00Z"):
        wrong = read(shop.technician, made, 422, value=101, read_at=moment)
        assert wrong["errors"][0]["pointer"] == "/read_at"


@pytest.mark.parametrize("value", ["-1", "1e15", "NaN", None, "", True])
def test_what_no_meter_shows_is_refused(shop: Workshop, value: object) -> None:
    read(shop.technician, meter(shop), 422, value=value)


def test_a_meter_that_was_set_back_goes_on_counting(shop: Workshop) -> None:
    made = meter(shop)
    read(shop.technician, made, value=900, read_at="2026-02-01T08:00:00Z")
    at = "2026-02-02T08:00:00Z"
    read(shop.technician, made, 422, value=5, read_at=at, reset=True)
    read(shop.technician, made, value=5, read_at=at, reset=True, reason="New counter fitted")
    after = read(shop.technician, made, value=25)
    assert (after["value"], after["total"], after["is_reset"]) == ("25", "920", False)


def test_two_hands_at_one_meter_never_write_it_down_backwards(shop: Workshop) -> None:
    made = uuid.UUID(meter(shop))
    start = threading.Barrier(8)

    def enter(number: int) -> bool:
        start.wait()
        try:
            with shop.platform.unit() as unit:
                meters.record(unit, made, Decimal(number))
        except Invalid:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(enter, range(8))) == 1
    assert len(shop.viewer.get(f"{M}{made}/readings/").json["results"]) == 1


def test_a_meter_is_changed_and_given_up(shop: Workshop) -> None:
    instrument = shop.instrument()
    made = meter(shop, instrument)
    twice = {"equipment_id": instrument, "name": "Running hours", "unit": "h"}
    assert shop.manager.post_json(M, twice, status=422).json["errors"][0]["pointer"] == "/name"
    one = f"{M}{made}/"
    tag = shop.manager.get(one).headers["ETag"]
    read(shop.technician, made, value=7)
    # A reading is no change of the meter itself.
    changed = shop.manager.patch_json(one, {"name": "Hours"}, headers={"If-Match": tag}).json
    assert (changed["name"], changed["latest_value"]) == ("Hours", "7")
    shop.manager.patch_json(one, {"equipment_id": instrument}, status=422)
    shop.manager.delete(one, status=204)
    assert shop.viewer.get(one).json["active"] is False
    read(shop.technician, made, 409, value=8)
    unused = meter(shop, instrument)
    shop.manager.delete(f"{M}{unused}/", status=204)
    shop.manager.get(f"{M}{unused}/", status=404)


def follow(shop: Workshop, meter_id: str, equipment_id: str, **values: Any) -> Any:
    """Makes a plan that follows a meter; as the API shows it."""
    body = {
        "equipment_id": equipment_id,
        "title": "Change the oil",
        "type": "preventive",
        "starts_on": "2026-01-01",
        "meter_id": meter_id,
        "meter_interval": "500",
        **values,
    }
    return shop.manager.post_json(f"{API}maintenance-plans/", body).json


def opened(shop: Workshop, equipment_id: str) -> list[Any]:
    """Returns the orders of an instrument, oldest first."""
    path = f"{API}equipment/{equipment_id}/maintenance/?ordering=created_at"
    return list(shop.viewer.get(path).json["results"])


def mark(shop: Workshop, plan: Any) -> str | None:
    """Returns the reading at which a plan is due next."""
    found = shop.viewer.get(f"{API}maintenance-plans/{plan['id']}/").json["meter_due_at"]
    return None if found is None else str(Decimal(found))


def test_a_reading_that_reaches_the_mark_opens_one_order(shop: Workshop) -> None:
    one = shop.instrument()
    made = meter(shop, one)
    plan = follow(shop, made, one)
    read(shop.technician, made, value=100, read_at="2026-02-01T08:00:00Z")
    assert mark(shop, plan) == "600"
    read(shop.technician, made, value=599, read_at="2026-02-02T08:00:00Z")
    assert opened(shop, one) == []
    read(shop.technician, made, value=600, read_at="2026-02-03T08:00:00Z")
    (order,) = opened(shop, one)
    assert (order["title"], order["plan_id"]) == ("Change the oil", plan["id"])
    # Two more marks go by while the first order is open: there is still one order.
    read(shop.technician, made, value=1700, read_at="2026-02-04T08:00:00Z")
    assert len(opened(shop, one)) == 1
    assert mark(shop, plan) == "2100"


def test_a_plan_may_count_from_the_completion_of_its_work(shop: Workshop) -> None:
    one = shop.instrument()
    made = meter(shop, one)
    plan = follow(shop, made, one, anchor="completed")
    read(shop.technician, made, value=0, read_at="2026-02-01T08:00:00Z")
    read(shop.technician, made, value=520, read_at="2026-02-02T08:00:00Z")
    (order,) = opened(shop, one)
    read(shop.technician, made, value=540, read_at="2026-02-03T08:00:00Z")
    for verb in ("start", "complete"):
        shop.technician.post_json(f"{API}maintenance/{order['id']}/{verb}/", {})
    assert mark(shop, plan) == "1040"
    read(shop.technician, made, value=1040, read_at="2026-02-04T08:00:00Z")
    assert len(opened(shop, one)) == 2


def test_a_meter_that_was_set_back_does_not_put_the_work_off(shop: Workshop) -> None:
    one = shop.instrument()
    made = meter(shop, one)
    plan = follow(shop, made, one)
    read(shop.technician, made, value=400, read_at="2026-02-01T08:00:00Z")
    reset = {"value": 0, "reset": True, "reason": "New counter"}
    read(shop.technician, made, read_at="2026-02-02T08:00:00Z", **reset)
    read(shop.technician, made, value=500, read_at="2026-02-03T08:00:00Z")
    assert len(opened(shop, one)) == 1
    assert mark(shop, plan) == "1400"


def test_who_may_what_and_where(shop: Workshop) -> None:
    here, there = shop.place(shop.unique("A")), shop.place(shop.unique("B"))
    instrument = shop.instrument(location_id=here)
    made = meter(shop, instrument)
    read(shop.viewer, made, 403, value=1)
    body = {"equipment_id": instrument, "name": "x", "unit": "h"}
    shop.technician.post_json(M, body, status=403)
    abroad = shop.api("metrology_manager", "location", uuid.UUID(there))
    assert abroad.get(f"{M}?limit=500").json["results"] == []
    abroad.get(f"{M}{made}/", status=404)
    abroad.get(f"{M}{made}/readings/", status=404)
    read(abroad, made, 404, value=1)
    abroad.post_json(M, body, status=422)
    abroad.patch_json(f"{M}{made}/", {"name": "x"}, status=404)
    abroad.delete(f"{M}{made}/", status=404)
    near = shop.api("metrology_manager", "location", uuid.UUID(here))
    assert [row["id"] for row in near.get(M).json["results"]] == [made]
