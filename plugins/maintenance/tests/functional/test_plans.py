"""Plans over the API, and the orders that they open: one for each turn, one at a time."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from calibrify_core.tasks.runner import Runner
from calibrify_maintenance.services.due_orders import open_plan
from calibrify_maintenance.tasks.open_due_orders import TASK
from plugins.calibration.tests.laboratory import API
from plugins.maintenance.tests.plant import PLANS, SIGNED, M


def _plan(plant, status=201, by=None, **values):
    body = {"title": "Grease the spindle", "rrule": "FREQ=MONTHLY", **values}
    return (by or plant.manager).post_json(PLANS, body, status=status).json


def _run(plant):
    platform = plant.platform
    with platform.unit() as unit:
        unit.enqueue(TASK, {})
    tasks = platform.plugins.named("calibrify_tasks")
    Runner(lambda: platform.session(write=True), platform.unit, tasks).drain()


def _orders(plant, plan):
    return plant.manager.get(f"{M}?plan_id={plan['id']}&ordering=created_at").json["results"]


def test_three_missed_turns_make_one_open_order_and_its_completion_settles_them(plant):
    item = plant.instrument()
    plan = _plan(plant, equipment_id=item, starts_on="2025-12-01")
    assert plan["next_due_on"] == "2025-12-01"
    _run(plant)
    _run(plant)
    (order,) = _orders(plant, plan)
    assert (order["due_on"], order["status"], order["overdue"]) == ("2025-12-01", "scheduled", True)
    assert (order["type"], order["title"]) == ("preventive", "Grease the spindle")
    plant.step(order["id"], "start")
    plant.step(order["id"], "complete")
    _run(plant)
    assert len(_orders(plant, plan)) == 1
    shown = plant.manager.get(f"{PLANS}{plan['id']}/").json
    assert shown["next_due_on"] == "2026-04-01"


def test_a_cancelled_turn_is_left_out_and_the_next_one_comes(plant):
    item = plant.instrument()
    plan = _plan(plant, equipment_id=item, starts_on="2026-02-01", rrule="FREQ=WEEKLY")
    _run(plant)
    (first,) = _orders(plant, plan)
    plant.step(first["id"], "cancel", reason="Plant is shut")
    _run(plant)
    assert len(_orders(plant, plan)) == 1
    plant.manager.patch_json(f"{PLANS}{plan['id']}/", {"lead_days": 7})
    _run(plant)
    assert [row["due_on"] for row in _orders(plant, plan)] == ["2026-02-01", "2026-03-08"]


def test_what_counts_from_completion_waits_for_it(plant):
    item = plant.instrument()
    plan = _plan(plant, equipment_id=item, starts_on="2026-02-10", anchor="completed")
    _run(plant)
    (order,) = _orders(plant, plan)
    assert plant.manager.get(f"{PLANS}{plan['id']}/").json["next_due_on"] == "2026-02-10"
    plant.step(order["id"], "start")
    plant.step(order["id"], "complete")
    assert plant.manager.get(f"{PLANS}{plan['id']}/").json["next_due_on"] == "2026-04-02"


def test_an_order_inherits_checklist_and_signature_rule_of_its_plan(plant):
    item = plant.instrument()
    plan = _plan(
        plant,
        equipment_id=item,
        starts_on="2026-03-01",
        signature_required=True,
        affects_calibration=True,
        priority="high",
        checklist=[{"kind": "pass_fail", "label": "Guard closes"}],
    )
    _run(plant)
    (order,) = _orders(plant, plan)
    assert (order["signature_required"], order["affects_calibration"]) == (True, True)
    assert (order["priority"], order["checklist"][0]["label"]) == ("high", "Guard closes")
    plant.technician.patch_json(f"{M}{order['id']}/", {"checklist": []}, status=422)
    plant.step(order["id"], "start")
    plant.step(order["id"], "answers", answers=[{"id": "1", "answer": "pass"}])
    assert plant.step(order["id"], "complete", status=422)["errors"][0]["pointer"] == "/password"
    done = plant.step(order["id"], "complete", **SIGNED)
    assert done["signatures"][0]["valid"]


def test_a_category_plan_reaches_all_of_its_subtree_that_is_in_use(plant):
    top = plant.category("Presses")
    below = plant.category("Hand presses", parent_id=top)
    in_top, in_below = plant.instrument(category_id=top), plant.instrument(category_id=below)
    plant.instrument(category_id=top, status="out_of_service")
    plant.instrument()
    plan = _plan(plant, category_id=top, starts_on="2026-03-01", type="cleaning")
    _run(plant)
    assert {row["equipment_id"] for row in _orders(plant, plan)} == {in_top, in_below}
    plant.manager.delete(f"{PLANS}{plan['id']}/", status=204)
    assert plant.manager.get(f"{PLANS}{plan['id']}/").json["active"] is False
    assert plant.manager.get(f"{PLANS}?active=true&category_id={top}").json["results"] == []


def test_two_schedulers_at_once_open_one_order(plant):
    plans = [
        _plan(plant, equipment_id=plant.instrument(), starts_on="2026-01-01") for _ in range(5)
    ]
    together = Barrier(2)

    def schedule(_):
        opened = 0
        for plan in plans:
            together.wait(30)
            with plant.platform.unit() as unit:
                opened += len(open_plan(unit, uuid.UUID(plan["id"])))
        return opened

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(schedule, range(2))) == 5
    assert [len(_orders(plant, plan)) for plan in plans] == [1] * 5


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"rrule": "FREQ=HOURLY"}, "/rrule"),
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "/rrule"),
        ({"rrule": "FREQ=DAILY;COUNT=3"}, "/rrule"),
        ({"rrule": "every month"}, "/rrule"),
        ({"rrule": None}, "/rrule"),
        ({"rrule": "FREQ=DAILY;" + "X" * 400}, "/rrule"),
        ({"starts_on": "2026-03-01", "ends_on": "2026-02-01"}, "/ends_on"),
        ({"starts_on": "1066-01-01"}, "/starts_on"),
        ({"meter_interval": "100"}, "/meter_interval"),
        ({"meter_id": str(uuid.uuid4()), "meter_interval": "100"}, "/meter_id"),
        ({"equipment_id": str(uuid.uuid4())}, "/equipment_id"),
        ({"category_id": str(uuid.uuid4())}, "/equipment_id"),
        ({"lead_days": 400}, "/lead_days"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(plant, values, pointer):
    refused = _plan(plant, status=422, **{"equipment_id": plant.instrument(), **values})
    assert pointer in [error["pointer"] for error in refused["errors"]]


def test_who_is_limited_to_a_site_meets_no_plan_of_another(plant):
    a, b = plant.place("Plans A"), plant.place("Plans B")
    kind = plant.category("Scoped kind")
    theirs = _plan(plant, equipment_id=plant.instrument(location_id=a), title="Scoped plan")
    mine = _plan(plant, equipment_id=plant.instrument(location_id=b), title="Scoped plan")
    every = _plan(plant, category_id=kind, title="Scoped plan")
    limited = plant.api("metrology_manager", "location", uuid.UUID(b))
    rows = limited.get(f"{PLANS}?q=scoped&count=true").json
    assert {row["id"] for row in rows["results"]} == {mine["id"], every["id"]}
    assert rows["count"] == 2
    limited.get(f"{PLANS}{theirs['id']}/", status=404)
    limited.patch_json(f"{PLANS}{theirs['id']}/", {"title": "mine now"}, status=404)
    # A plan of a category reaches instruments of all sites: it is read, and not changed.
    limited.patch_json(f"{PLANS}{every['id']}/", {"title": "mine now"}, status=404)
    _plan(plant, status=422, by=limited, category_id=kind)
    plant.technician.post_json(PLANS, {"title": "x"}, status=403)
    assert limited.get(f"{API}search/?q=scoped plan").json["results"] == []
