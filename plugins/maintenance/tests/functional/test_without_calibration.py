"""Maintenance where nobody keeps calibrations: nothing is missing, and nothing is blocked."""

from __future__ import annotations

import pytest

from plugins.maintenance.tests.plant import M


@pytest.fixture(scope="module")
def plugins_under_test() -> tuple[str, ...]:
    """Maintenance and equipment, nothing of calibration."""
    return ("equipment", "maintenance")


def test_starting_takes_the_instrument_out_of_use_and_completing_returns_it(plant):
    item = plant.instrument()
    order = plant.order(item)["id"]
    plant.step(order, "start", take_out_of_service=True)
    assert plant.equipment(item)["status"] == "in_maintenance"
    plant.step(order, "complete", return_to_service=True, affects_calibration=True)
    assert plant.equipment(item)["status"] == "in_service"


def test_without_calibration_such_work_is_completed_as_any_other(plant):
    item = plant.instrument()
    done = plant.done(item, affects_calibration=True)
    assert (done["status"], done["affects_calibration"]) == ("completed", True)
    assert "calibration_status" not in plant.equipment(item)
    rows = plant.viewer.get(f"{M}?affects_calibration=true&equipment_id={item}").json
    assert len(rows["results"]) == 1
