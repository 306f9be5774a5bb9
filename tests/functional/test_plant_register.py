"""The main job's beginning with all plugins: a plant's untidy register, and its figures."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calibrify_core.testing.house import House, build
from calibrify_core.testing.plugin import MakePlatform

REGISTER = Path(__file__).parents[2] / "plugins/equipment/tests/data/plant_like_register.csv"
TODAY = date(2020, 6, 15)
MAPPING = {
    "Control No.": "asset_tag",
    "Description": "name",
    "Maker": "manufacturer",
    "Model No.": "model",
    "Serial No.": "serial_number",
    "Last Cal.": "last_calibrated_on",
    "Next Cal.": "due_on",
    "Freq (days)": "interval_days",
    "Tolerance": "accuracy_text",
    "Location": "location",
    "Status": "status",
    "Department": "department",
    "Performance": "notes",
    "Report No.": "last_certificate_number",
}
STATES: dict[str, Any] = {
    "ACTIVE": "in_service",
    "EXTENDED": "in_service",
    "SERVICE": {
        "status": "in_service",
        "calibration_required": False,
        "calibration_not_required_reason": "service only",
    },
    "IDLE": "out_of_service",
    "BROKEN": "quarantined",
    "AT REPAIR": "in_maintenance",
    "SCRAP": "retired",
    "GONE": "lost",
    "T-17": "out_of_service",
    "T-18": "out_of_service",
}
OPTIONS = {
    "create_missing": ["location", "manufacturer", "model"],
    "null_values": ["N/A"],
    "value_map": {"status": STATES},
}


@pytest.fixture(scope="module")
def plant(make_platform: MakePlatform) -> Any:
    """An installation with all plugins whose clock stands still, and its manager."""
    moment = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)
    platform = make_platform(clock=moment)
    made = House(platform, build(platform))
    return made, made.api("metrology_manager")


def bring(plant: Any, content: bytes, name: str = "register.csv", **fields: Any) -> Any:
    house, client = plant
    job = client.post(
        "/api/v1/equipment/import/",
        params=[(key, json.dumps(value)) for key, value in fields.items()],
        upload_files=[("file", name, content)],
        status=202,
    ).json
    house.drain()
    found = client.get(f"/api/v1/jobs/{job['id']}/").json
    assert found["state"] == "succeeded", found["errors"]
    return found["result"]


def counts(result: Any) -> tuple[int, ...]:
    return tuple(result[name] for name in ("created", "updated", "unchanged", "failed"))


def test_the_figures_of_a_plant(plant: Any) -> None:
    _, client = plant
    content = REGISTER.read_bytes()
    first = bring(plant, content, mapping=MAPPING, options=OPTIONS)
    assert counts(first) == (60, 0, 0, 0)
    assert {warning["column"] for warning in first["warnings"]} == {"Last Cal."}
    warned = Counter(warning["value"] for warning in first["warnings"])
    assert warned["1970-01-01"] == 3

    rows = client.get("/api/v1/equipment/?limit=500").json["results"]
    serving = [row for row in rows if row["status"] == "in_service"]
    assert len(serving) == 40
    dated = [date.fromisoformat(row["due_on"]) for row in serving if row["due_on"]]
    assert sum(day < TODAY for day in dated) == 5
    assert sum(TODAY <= day <= TODAY + timedelta(days=30) for day in dated) == 7
    assert sum(day > TODAY + timedelta(days=30) for day in dated) == 22
    states = Counter(row["calibration_status"] for row in serving)
    assert (states["overdue"], states["not_required"]) == (5, 6)
    assert states["due_soon"] + states["current"] == 29

    again = bring(plant, content, mapping=MAPPING, options=OPTIONS)
    assert counts(again) == (0, 0, 60, 0)
    for form in ("csv", "xlsx"):
        export = client.get(f"/api/v1/equipment/export/?format={form}").body
        assert counts(bring(plant, export, f"equipment.{form}")) == (0, 0, 60, 0)


def test_a_facet_refuses_a_row_and_leaves_nothing_of_it(plant: Any) -> None:
    _, client = plant
    content = (
        b"asset_tag,name,manufacturer,interval_days,interval_months\n"
        b"F-1,Good,Facet Works,365,\n"
        b"F-2,Two intervals,Facet Works Two,365,12\n"
    )
    result = bring(plant, content, options={"create_missing": ["manufacturer"]})
    assert counts(result) == (1, 0, 0, 1), result
    found = client.get("/api/v1/equipment/?q=facet").json["results"]
    assert [row["asset_tag"] for row in found] == ["F-1"]
    makers = client.get("/api/v1/manufacturers/?limit=500").json["results"]
    assert "Facet Works Two" not in {maker["name"] for maker in makers}
