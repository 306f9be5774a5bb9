"""Work that affects the calibration: use is blocked until a new one is accepted."""

from __future__ import annotations

from plugins.calibration.tests.laboratory import API, point


def _overdue(plant, item):
    address = f"{API}equipment/?calibration_status=overdue&fields=id&limit=500"
    return item in {row["id"] for row in plant.manager.get(address).json["results"]}


def _due(plant, item):
    rows = plant.manager.get(f"{API}calibrations/due/?limit=500").json["results"]
    return item in {row["id"] for row in rows}


def test_such_work_ends_the_calibration_until_a_new_one_is_accepted(plant):
    item = plant.instrument()
    plant.schedule(item)
    plant.approved(item)
    assert plant.equipment(item)["calibration_status"] == "current"
    assert (_overdue(plant, item), _due(plant, item)) == (False, False)
    before = plant.manager.get(f"{API}dashboard/summary/").json["overdue"]
    done = plant.done(item, affects_calibration=True)
    shown = plant.equipment(item)
    assert (shown["calibration_status"], shown["due_on"]) == ("overdue", "2026-03-01")
    assert shown["recalibrate_after"] == f"work order {done['number']}"
    assert (_overdue(plant, item), _due(plant, item)) == (True, True)
    assert plant.manager.get(f"{API}dashboard/summary/").json["overdue"] == before + 1
    plans = plant.manager.get(f"{API}calibration-schedules/?equipment_id={item}").json["results"]
    assert plans[0]["due_on"] == "2026-03-01"
    moves = f"{API}equipment/{item}/transitions/"
    plant.technician.post_json(moves, {"to": "out_of_service"})
    refused = plant.technician.post_json(moves, {"to": "in_service"}, status=409).json
    assert f"recalibration needed after work order {done['number']}" in refused["detail"]
    plant.technician.post_json(f"{API}equipment/{item}/checkout/", {}, status=409)
    # What was measured before the work says nothing of the instrument now.
    plant.approved(item, performed_at="2026-03-02T11:59:00Z")
    assert plant.equipment(item)["calibration_status"] == "overdue"
    plant.approved(item, performed_at="2026-03-02T12:00:00Z", points=[point(as_found=["12"])])
    assert plant.equipment(item)["calibration_status"] == "failed"
    good = plant.approved(item, performed_at="2026-03-02T12:00:00Z", kind="after_repair")
    shown = plant.equipment(item)
    assert (shown["calibration_status"], shown["recalibrate_after"]) == ("current", None)
    assert shown["due_on"] == "2027-03-02"
    plant.manager.post_json(f"{API}calibrations/{good['id']}/void/", {"reason": "Wrong item"})
    assert plant.equipment(item)["calibration_status"] != "current"


def test_completion_cannot_return_to_service_what_must_be_calibrated_first(plant):
    item = plant.instrument()
    plant.schedule(item)
    plant.approved(item)
    order = plant.order(item)["id"]
    plant.step(order, "start", take_out_of_service=True)
    body = {"affects_calibration": True, "return_to_service": True}
    refused = plant.step(order, "complete", status=409, **body)
    assert refused["reasons"][0]["key"] == "overdue"
    assert plant.show(order)["status"] == "in_progress"
    assert plant.equipment(item)["calibration_status"] == "current"
    plant.step(order, "complete", status=403, **body, override_reason="Needed at once")
    plant.step(order, "complete", by=plant.manager, **body, override_reason="Needed at once")
    shown = plant.equipment(item)
    assert (shown["status"], shown["calibration_status"]) == ("in_service", "overdue")


def test_work_that_affects_nothing_leaves_the_calibration_alone(plant):
    item = plant.instrument()
    plant.schedule(item)
    plant.approved(item)
    plant.done(item)
    assert plant.equipment(item)["calibration_status"] == "current"
