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
from calibrify_integration.services.sequence import draw_positions

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


def start(plant: Any, content: bytes, name: str = "register.csv", **fields: Any) -> Any:
    _, client = plant
    return client.post(
        "/api/v1/equipment/import/",
        params=[(key, json.dumps(value)) for key, value in fields.items()],
        upload_files=[("file", name, content)],
        status=202,
    ).json


def bring(plant: Any, content: bytes, name: str = "register.csv", **fields: Any) -> Any:
    return result_of(plant, start(plant, content, name, **fields))


def result_of(plant: Any, job: Any) -> Any:
    house, client = plant
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


def figures(client: Any) -> dict[str, Any]:
    """Returns every figure that an import moves."""
    lists = {
        path: client.get(f"/api/v1/{path}&limit=500").json["results"]
        for path in (
            "equipment/?ordering=asset_tag",
            "calibrations/due/?within_days=3650",
            "calibrations/?ordering=performed_at",
            "calibration-schedules/?ordering=due_on",
            *(f"{noun}/?ordering=name" for noun in ("locations", "manufacturers", "models")),
        )
    }
    for row in (row for rows in lists.values() for row in rows):
        row.pop("updated_at", None)
    export = client.get("/api/v1/equipment/export/?format=csv").text
    return {**lists, "summary": client.get("/api/v1/dashboard/summary/").json, "export": export}


def undo(plant: Any, job_id: str) -> Any:
    house, client = plant
    job = client.post(f"/api/v1/equipment/import/{job_id}/undo/", status=202).json
    house.drain()
    found = client.get(f"/api/v1/jobs/{job['id']}/").json
    assert found["state"] == "succeeded", found["errors"]
    return found["result"]


def test_an_import_that_is_undone_leaves_no_trace_in_any_figure(plant: Any) -> None:
    _, client = plant
    known = (
        b"asset_tag,name,manufacturer,location,interval_days,due_on,last_calibrated_on,"
        b"last_certificate_number\n"
        b"U-1,Gauge,Undo Works,Hall,365,2020-09-01,2019-09-02,C-1\n"
        b"U-2,Bare,,,,,,\n"
        b"U-3,Kept,,Hall,90,2020-07-01,,\n"
    )
    making = {"create_missing": ["manufacturer", "location"]}
    bring(plant, known, options=making)
    before = figures(client)
    content = (
        b"asset_tag,name,manufacturer,model,location,interval_days,interval_months,due_on,"
        b"last_calibrated_on,last_certificate_number,reported_result,status,calibration_required,"
        b"calibration_not_required_reason,purchase_price,acquired_on\n"
        b"U-1,Other,Other Works,X,Yard,30,,2020-06-01,2020-05-01,C-2,pass,lost,,,12.50,2020-01-02\n"
        b"U-2,Bare,,,Yard,,12,2020-08-01,2019-08-01,C-3,pass,in_service,false,spare,,\n"
        b"U-3,Kept,,,Hall,90,,2020-07-01,,C-4,fail,in_service,,,,\n"
        b"U-4,New,Other Works,X,Yard,30,,2020-06-01,2020-05-01,C-5,limited,in_service,,,1,\n"
    )
    making = {"create_missing": ["manufacturer", "model", "location"]}
    job = start(plant, content, options=making)
    first = result_of(plant, job)
    assert counts(first) == (1, 3, 0, 0), first["errors"]
    assert figures(client) != before
    done = undo(plant, job["id"])
    assert (done["removed"], done["restored"], done["left"]) == (1, 3, 0), done["reasons"]
    assert (done["names_removed"], done["names_left"]) == (3, 0)
    assert figures(client) == before

    again = bring(plant, content, options=making)
    assert counts(again) == counts(first)


def test_an_undo_leaves_what_was_calibrated_planned_or_repaired_since(plant: Any) -> None:
    house, client = plant
    bring(plant, b"asset_tag,name,interval_days\nS-8,Known,90\nS-9,Known,90\n")
    rows = [f"S-{number},Gauge,30" for number in (*range(5), 8, 9)]
    content = "\n".join(("asset_tag,name,interval_days", *rows)).encode()
    job = start(plant, content)
    assert counts(result_of(plant, job)) == (5, 2, 0, 0)
    found = client.get("/api/v1/equipment/?q=S-&limit=500").json["results"]
    ids = {row["asset_tag"]: row["id"] for row in found}
    record = {"performed_at": "2020-06-10T08:00:00Z", "kind": "periodic", "points": []}
    for tag in ("S-1", "S-8"):
        client.post_json("/api/v1/calibrations/", {**record, "equipment_id": ids[tag]})
    order = {"equipment_id": ids["S-2"], "title": "Clean", "type": "cleaning"}
    client.post_json("/api/v1/maintenance/", order)
    used = {"equipment_id": ids["S-9"], "standards": [{"equipment_id": ids["S-3"]}]}
    client.post_json("/api/v1/calibrations/", {**record, "kind": "verification", **used})
    plans = client.get("/api/v1/calibration-schedules/?limit=500").json["results"]
    plan = next(row for row in plans if row["equipment_id"] == ids["S-4"])
    changed = {"interval": {"value": 6, "unit": "months"}}
    client.patch_json(f"/api/v1/calibration-schedules/{plan['id']}/", changed)

    result = undo(plant, job["id"])
    assert (result["removed"], result["restored"], result["left"]) == (1, 0, 6)
    assert {item["label"].split()[0]: item["detail"] for item in result["reasons"]} == {
        "S-1": "It was calibrated since.",
        "S-2": "It is in use: work order.",
        "S-3": "It is in use: calibration standard use.",
        "S-4": "A schedule of it was changed since.",
        "S-8": "It was calibrated since.",
        "S-9": "It was calibrated since.",
    }
    draw_positions(house.platform)
    news = client.get("/api/v1/events/?limit=500&type=equipment.import_undone").json["results"]
    assert news[-1]["data"] == {"removed": [ids["S-0"]], "restored": []}
