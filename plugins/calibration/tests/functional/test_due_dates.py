"""Schedules, statuses, the due list, figures, import and drift; on both databases."""

from __future__ import annotations

import json
import uuid
from datetime import date, timedelta
from itertools import product

import sqlalchemy as sa

from calibrify_calibration.domain.status import calibration_status
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.services.facet import STATUSES, facts_of, status_condition
from calibrify_calibration.services.states import empty_row, fill_states, upsert_states
from calibrify_core.persistence.scoping import unscoped
from calibrify_core.tasks.runner import Runner
from plugins.calibration.tests.laboratory import API, point

REGISTER = """Tag,What,State,Last,Next,Freq,Report,Needed
A-1,Gauge,in_service,2026-01-10,2027-01-10,365,R-1,yes
A-2,Gauge,in_service,2026-02-25,2020-01-01,365,,yes
A-3,Gauge,in_service,1970-01-01,,0,,yes
A-4,Gauge,in_service,2026-02-26,,0,,yes
A-5,Gauge,in_service,2099-01-01,2026-03-20,30,,yes
A-6,Gauge,in_service,2025-03-01,2026-02-01,365,,yes
A-7,Gauge,retired,2025-03-01,2026-02-01,365,,yes
A-8,Gauge,in_service,,,,,no
A-9,Gauge,in_service,2025-06-01,2026-06-01,0,,yes
"""
MAPPING = {
    "Tag": "asset_tag",
    "What": "name",
    "State": "status",
    "Last": "last_calibrated_on",
    "Next": "due_on",
    "Freq": "interval_days",
    "Report": "last_certificate_number",
    "Needed": "calibration_required",
}


def _import(lab, text, mapping, **options):
    fields = {"dry_run": "false", "options": json.dumps({"match_on": "asset_tag", **options})}
    if mapping:
        columns = text.splitlines()[0].split(",")
        fields["mapping"] = json.dumps({name: mapping[name] for name in columns})
    answer = lab.manager.post(
        f"{API}equipment/import/",
        fields,
        upload_files=[("file", "register.csv", text.encode())],
    )
    platform = lab.platform
    tasks = platform.plugins.named("calibrify_tasks")
    Runner(lambda: platform.session(write=True), platform.unit, tasks).drain()
    return lab.manager.get(answer.headers["Location"]).json["result"]


def _tagged(lab, tag):
    return lab.manager.get(f"{API}equipment/?q={tag}").json["results"][0]


def test_a_register_brings_its_due_dates_once(lab):
    before = lab.manager.get(f"{API}dashboard/summary/").json
    result = _import(lab, REGISTER, MAPPING)
    assert (result["created"], result["failed"]) == (9, 0)
    warned = [(item["row"], item["column"]) for item in result["warnings"]]
    assert warned == [(2, "Last"), (3, "Last"), (4, "Last"), (5, "Last")]
    first = _tagged(lab, "A-1")
    assert (first["due_on"], first["last_calibrated_on"]) == ("2027-01-10", "2026-01-10")
    assert first["calibration_status"] == "current"
    assert _tagged(lab, "A-2")["last_calibrated_on"] is None
    assert _tagged(lab, "A-3")["calibration_status"] == "never_calibrated"
    assert _tagged(lab, "A-8")["calibration_status"] == "not_required"
    nine = _tagged(lab, "A-9")
    assert (nine["due_on"], nine["calibration_status"]) == ("2026-06-01", "current")
    kept = lab.manager.get(f"{API}equipment/{first['id']}/calibrations/").json["results"]
    assert [(row["is_historical"], row["number"], row["points"]) for row in kept] == [
        (True, None, [])
    ]
    assert kept[0]["provider"]["certificate_number"] == "R-1"
    lab.manager.get(f"{API}calibrations/{kept[0]['id']}/certificate.pdf", status=404)
    after = lab.manager.get(f"{API}dashboard/summary/").json
    assert after["overdue"] - before["overdue"] == 2
    assert after["due_30"] - before["due_30"] == 1
    again = _import(lab, REGISTER, MAPPING)
    assert (again["created"], again["unchanged"], len(again["warnings"])) == (0, 9, 4)
    export = lab.manager.get(f"{API}equipment/export/?format=csv").body.decode("utf-8-sig")
    back = _import(lab, export, None)
    assert (back["created"], back["updated"], back["failed"]) == (0, 0, 0)
    changed = REGISTER.replace("2027-01-10,365,R-1", "2027-02-10,400,R-2")
    moved = _import(lab, changed, MAPPING)
    assert (moved["updated"], moved["unchanged"]) == (1, 8)
    assert _tagged(lab, "A-1")["due_on"] == "2027-02-10"
    two = REGISTER.splitlines()[0] + ",Months\nA-1,Gauge,in_service,,,5,,yes,5\n"
    both = _import(lab, two, {**MAPPING, "Months": "interval_months"})
    assert both["failed"] == 1


def test_an_imported_due_date_holds_until_the_first_accepted_calibration(lab):
    _import(lab, "Tag,What,Next,Freq\nB-1,Gauge,2026-04-01,90\n", MAPPING)
    one = _tagged(lab, "B-1")
    plans = lab.manager.get(f"{API}calibration-schedules/?equipment_id={one['id']}").json["results"]
    assert (plans[0]["due_on"], plans[0]["due_source"]) == ("2026-04-01", "imported")
    lab.approved(one["id"])
    assert _tagged(lab, "B-1")["due_on"] == "2026-05-30"
    late = _import(lab, "Tag,What,Next,Freq\nB-1,Gauge,2026-04-02,90\n", MAPPING)
    assert (late["unchanged"], len(late["warnings"])) == (1, 1)


def test_the_due_list_is_what_is_in_service_and_soonest_first(lab):
    soon, late, out = lab.instrument(), lab.instrument(), lab.instrument()
    for one, due in ((soon, "2026-03-20"), (late, "2026-02-20"), (out, "2026-02-21")):
        lab.schedule(one, opening_due_on=due)
    body = {"to": "out_of_service", "reason": "Spare"}
    lab.manager.post_json(f"{API}equipment/{out}/transitions/", body)
    ids = {soon, late, out}

    def listed(query=""):
        rows = lab.viewer.get(f"{API}calibrations/due/?limit=500{query}").json["results"]
        assert [row["due_on"] for row in rows] == sorted(row["due_on"] for row in rows)
        return [row["id"] for row in rows if row["id"] in ids]

    assert listed() == [late, soon]
    assert listed("&within_days=0") == [late]
    assert listed("&status=out_of_service") == []
    assert listed("&within_days=18") == [late, soon]
    assert listed("&within_days=17") == [late]
    lab.viewer.get(f"{API}calibrations/due/?within_days=-1", status=422)
    lab.viewer.get(f"{API}calibrations/due/?within_days=soon", status=422)
    page = lab.viewer.get(f"{API}calibrations/due/?limit=1").json
    following = lab.viewer.get(page["next"]).json["results"]
    assert [row["id"] for row in following] != [row["id"] for row in page["results"]]


def test_the_filter_says_what_the_rule_says(lab):
    today = date(2026, 3, 2)
    days = [None, *(today + timedelta(days=offset) for offset in (-1, 0, 1))]
    combinations = product((True, False), (True, False), (True, False), days, days, days)
    one = uuid.UUID(lab.instrument())
    with lab.platform.unit() as unit:
        rows = [
            {
                **empty_row(unit.organisation.id, one),
                "required": required,
                "failed": failed,
                "has_accepted": accepted,
                "due_on": due,
                "ordinary_due_on": ordinary,
                "due_soon_on": soon,
                "is_limited": accepted and failed,
            }
            for required, failed, accepted, due, ordinary, soon in combinations
        ]
    with lab.platform.unit() as unit:
        for row in rows:
            upsert_states(unit, [row])
            found = unit.session.execute(
                unscoped(
                    sa.select(
                        *(status_condition([name], unit).label(name) for name in STATUSES)
                    ).where(CalibrationState.equipment_id == one),
                    CalibrationState,
                    because="a test",
                )
            ).one()
            expected = calibration_status(facts_of(type("Row", (), row)), today).value
            assert [name for name in STATUSES if getattr(found, name)] == [expected], row


def test_intervals_follow_the_calendar(lab):
    one = lab.instrument()
    plan = lab.schedule(one, 1, "months")
    lab.approved(one, performed_at="2024-01-31T10:00:00Z")
    assert lab.equipment(one)["due_on"] == "2024-02-29"
    path = f"{API}calibration-schedules/{plan['id']}/"
    changed = lab.manager.patch_json(path, {"interval": {"value": 10, "unit": "days"}}).json
    assert changed["due_on"] == "2024-02-10"
    changed = lab.manager.patch_json(path, {"anchor": "end_of_month"}).json
    assert changed["due_on"] == "2024-02-29"
    for body, pointer in (
        ({"due_on": "2027-01-01"}, "/due_on"),
        ({"interval": {"value": 0, "unit": "days"}}, "/interval/value"),
        ({"interval": {"value": 99999999, "unit": "days"}}, "/interval/value"),
        ({"interval": None}, "/interval"),
        ({"opening_due_on": "0001-01-01"}, "/opening_due_on"),
        ({"weekend_rule": "monday"}, "/weekend_rule"),
    ):
        refused = lab.manager.patch_json(path, body, status=422).json
        assert refused["errors"][0]["pointer"] == pointer, body
    lab.technician.patch_json(path, {"anchor": "exact"}, status=403)
    etag = lab.manager.get(path).headers["ETag"]
    lab.manager.patch_json(path, {"anchor": "exact"}, headers={"If-Match": etag})
    lab.manager.delete(path, headers={"If-Match": etag}, status=412)
    lab.manager.delete(path)
    lab.manager.get(path, status=404)
    shown = lab.equipment(one)
    assert (shown["due_on"], shown["calibration_status"]) == (None, "current")


def test_the_warning_time_follows_the_category(lab):
    kind = lab.manager.post_json(
        f"{API}categories/", {"name": lab.unique("Kind"), "due_soon_days": 5}
    ).json["id"]
    other = lab.manager.post_json(f"{API}categories/", {"name": lab.unique("Kind")}).json["id"]
    one = lab.instrument(category_id=kind)
    lab.schedule(one, opening_due_on="2026-03-22")
    assert lab.equipment(one)["calibration_status"] == "current"
    lab.manager.patch_json(f"{API}categories/{kind}/", {"due_soon_days": 20})
    assert lab.equipment(one)["calibration_status"] == "due_soon"
    lab.manager.patch_json(f"{API}categories/{kind}/", {"due_soon_days": 5})
    lab.manager.patch_json(f"{API}equipment/{one}/", {"category_id": other})
    assert lab.equipment(one)["calibration_status"] == "due_soon"


def test_two_schedules_make_the_earlier_date(lab):
    one = lab.instrument()
    lab.schedule(one, 12, "months")
    short = lab.schedule(one, 6, "months")
    lab.approved(one)
    assert lab.equipment(one)["due_on"] == "2026-09-01"
    named = lab.record(one, performed_at="2026-03-02T10:00:00Z", schedule_id=short["id"])
    assert named["schedule_id"] == short["id"]


def test_a_periodic_schedule_is_one_of_calibration(lab):
    body = {
        "equipment_id": str(lab.instrument()),
        "kind": "periodic",
        "interval": {"value": 6, "unit": "months"},
    }
    assert lab.manager.post_json(f"{API}calibration-schedules/", body).json["kind"] == "calibration"


def test_what_needs_no_calibration_says_why(lab, somewhere):
    one = lab.instrument()
    path = f"{API}equipment/{one}/calibration-requirement/"
    lab.manager.put_json(path, {"calibration_required": False}, status=422)
    body = {"calibration_required": False, "calibration_not_required_reason": "Indication only"}
    lab.technician.put_json(path, body, status=403)
    done = lab.manager.put_json(path, body).json
    assert done["calibration_status"] == "not_required"
    shown = lab.equipment(one)
    assert shown["calibration_not_required_reason"] == "Indication only"
    lab.manager.get(f"{API}equipment/{somewhere}/calibration-requirement/", status=404)
    trail = lab.api("administrator").get(f"{API}audit/?object_id={one}", expect_errors=True)
    assert "Indication only" in trail.text


def test_the_body_of_an_instrument_says_whether_one_is_needed(lab):
    equipment, why = f"{API}equipment/", "calibration_not_required_reason"
    body = {"name": "Ruler", "calibration_required": False, why: "Indication only"}
    made = lab.manager.post_json(equipment, body, status=201).json
    assert (made["calibration_status"], made[why]) == ("not_required", "Indication only")
    path = f"{equipment}{made['id']}/"
    assert lab.manager.get(path).json == made
    # What is left out stays, of a replacement too.
    assert lab.manager.put_json(path, {"name": "Rule"}).json["calibration_required"] is False
    changed = lab.manager.patch_json(path, {"calibration_required": True}).json
    assert (changed["calibration_status"], changed[why]) == ("never_calibrated", None)
    refused = lab.manager.patch_json(path, {"calibration_required": False}, status=422).json
    assert [error["pointer"] for error in refused["errors"]] == [f"/{why}"]
    for member in ("calibration_status", "due_on", "last_calibrated_on"):
        refused = lab.manager.patch_json(path, {member: None}, status=422).json
        assert [error["pointer"] for error in refused["errors"]] == [f"/{member}"]

    operation = {"op": "update", "id": made["id"], "data": {"calibration_required": False}}
    refused = lab.manager.post_json(f"{equipment}bulk/", {"operations": [operation]}, status=422)
    assert refused.json["errors"][0]["pointer"] == f"/operations/0/data/{why}"
    operation["data"][why] = "Spare"
    lab.manager.post_json(f"{equipment}bulk/", {"operations": [operation]}, status=200)
    assert lab.manager.get(path).json["calibration_status"] == "not_required"
    lab.technician.post_json(equipment, body, status=403)


def test_drift_is_a_series_for_each_point(lab):
    one = lab.instrument()
    for when, found, left in (
        ("2024-03-01T10:00:00Z", "10.0010", []),
        ("2025-03-01T10:00:00Z", "10.0030", ["10.0000"]),
        ("2026-03-01T10:00:00Z", "10.0025", []),
    ):
        points = [point(as_found=[found], as_left=left)]
        lab.approved(one, performed_at=when, points=points, adjusted=bool(left))
    series = lab.viewer.get(f"{API}equipment/{one}/drift/").json["series"]
    assert len(series) == 1
    assert [step["drift"] for step in series[0]["steps"]] == ["0.002", "0.0025"]
    assert series[0]["points"][0]["lower_error"] == "-0.0095"
    assert series[0]["points"][1]["adjusted"] is True


def test_instruments_of_before_the_plugin_get_their_rows(lab):
    one = uuid.UUID(lab.instrument())
    with lab.platform.unit() as unit:
        table = CalibrationState.__table__
        unit.session.connection().execute(sa.delete(table).where(table.c.equipment_id == one))
        fill_states(lab.platform, unit.session)
        fill_states(lab.platform, unit.session)
    assert lab.equipment(str(one))["calibration_status"] == "never_calibrated"


def test_lists_cost_the_same_whatever_their_length(lab):
    one = lab.instrument()
    lab.schedule(one)
    for day in range(1, 8):
        lab.record(one, performed_at=f"2026-02-0{day}T09:00:00Z")
    counts = {}
    for path in (
        f"equipment/{one}/calibrations/",
        "calibrations/",
        "calibrations/due/",
        "equipment/",
        "calibration-schedules/",
    ):
        counts[path] = [_statements(lab, f"{API}{path}?limit={limit}") for limit in (1, 500)]
    for path, (few, many) in counts.items():
        assert 0 < many <= max(few, 3), (path, few, many)


def _statements(lab, path):
    seen = []
    database = lab.platform.database
    engine = database.writer if database.dialect == "sqlite" else database.reader

    def note(_connection, _cursor, statement, *_):
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        lab.viewer.get(path)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_the_summary_counts_outcomes(lab):
    before = lab.viewer.get(f"{API}dashboard/summary/").json["results_30_days"]
    lab.approved(lab.instrument())
    lab.approved(lab.instrument(), points=[point(as_found=["11"])])
    lab.approved(lab.instrument(), performed_at="2025-03-01T00:00:00Z")
    after = lab.viewer.get(f"{API}dashboard/summary/").json["results_30_days"]
    assert (after["pass"] - before["pass"], after["fail"] - before["fail"]) == (1, 1)


def test_a_new_instrument_is_shown_with_its_calibration_as_it_is_read(lab):
    path = "/api/v1/equipment/"
    made = lab.manager.post_json(
        path, {"name": "Ruler", "asset_tag": lab.unique("NEW")}, status=201
    )
    assert made.json["calibration_status"] == "never_calibrated"
    assert made.body == lab.manager.get(made.headers["Location"]).body
