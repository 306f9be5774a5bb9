"""The record form: what was typed becomes the API's body, and a stored record comes back."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from webob.multidict import MultiDict

from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.pages.entry import (
    body_of,
    entry_of_post,
    entry_of_record,
    entry_point,
    point_body,
)
from calibrify_calibration.pages.entry_view import condition_fields, how_fields, result_shown
from calibrify_calibration.schemas.calibration import CalibrationIn, PointIn
from calibrify_core.kernel.errors import Invalid
from calibrify_core.web.forms import validated

ZONE = ZoneInfo("Europe/Berlin")
INSTRUMENT = "019ab1c2-5d3e-7a4b-8c6d-0123456789ab"


def posted(**more: str) -> MultiDict[str, str]:
    fields = {
        "equipment_id": INSTRUMENT,
        "kind": "periodic",
        "decision_rule": "simple_acceptance",
        "performed_at": "2026-11-20T10:30",
        "temperature_c": "20,1",
        "points.0.parameter": "DC voltage",
        "points.0.unit": "V",
        "points.0.nominal": "10",
        "points.0.plus_minus": "± 0,01",
        "points.0.as_found": "10,0012",
        "points.3.parameter": "",
    }
    names = {name.replace("__", "."): value for name, value in more.items()}
    return MultiDict(fields | names)


def test_a_typed_form_is_a_body_of_the_api():
    body = body_of(entry_of_post(posted()), ZONE)
    record = validated(CalibrationIn, body)
    assert record.performed_at.isoformat() == "2026-11-20T09:30:00+00:00"
    assert record.environment == {"temperature_c": "20.1"}
    assert len(record.points) == 1
    assert record.points[0].tolerance == {"absolute": "0.01"}
    assert record.points[0].as_found == ["10.0012"]


def test_problems_point_at_the_fields_of_the_form():
    bad = posted(points__0__nominal="ten", kind="often")
    with pytest.raises(Invalid) as caught:
        validated(CalibrationIn, body_of(entry_of_post(bad), ZONE))
    pointers = {problem.pointer for problem in caught.value.errors}
    assert pointers == {"/points/0/nominal", "/kind"}


def stored(**more: Any) -> dict[str, Any]:
    point = {
        "id": "1", "section": "DC", "parameter": "DC voltage", "unit": "V", "nominal": "10",
        "range": "20 V", "direction": "up", "in_scope": False, "reading_of": "standard",
        "tolerance": {"percent_of_reading": "0.5"}, "standard_ids": [INSTRUMENT],
        "as_found": ["-1.0", {"indication": "-1.1", "excluded": {"reason": "bumped"}}],
        "as_left": [],
    }  # fmt: skip
    return point | more


def test_a_stored_point_comes_back_as_it_was():
    again = validated(PointIn, point_body(entry_point(stored())))
    before = validated(PointIn, stored())
    assert again == before


def test_typed_limits_take_the_place_of_a_tolerance_and_typed_readings_of_stored_ones():
    point = entry_point(stored())
    point.texts |= {"lower_limit": "9", "upper_limit": "11", "as_found": "-1.0"}
    body = point_body(point)
    assert "tolerance" not in body
    assert body["as_found"] == ["-1.0"]


def test_points_are_taken_over_without_their_readings():
    point = entry_point(stored(not_tested_reason="no time"), readings=False)
    body = point_body(point)
    assert (body["as_found"], body["as_left"]) == ([], [])
    assert "id" not in body
    assert "not_tested_reason" not in body
    assert body["tolerance"] == {"percent_of_reading": "0.5"}


@pytest.mark.parametrize("damage", ["[1]", "{", '{"state": "approved"}', "[" * 15_000])
def test_damaged_hidden_fields_are_refused(damage: str):
    with pytest.raises(Invalid):
        entry_of_post(posted(points__0__carried=damage))


def test_hidden_members_survive_the_way_through_the_form():
    point = entry_point(stored())
    texts = point.texts | {"plus_minus": ""}
    fields = {f"points__0__{name}": text for name, text in texts.items()}
    entry = entry_of_post(posted(**fields, points__0__carried=point.carried_text))
    assert validated(PointIn, point_body(entry.points[0])) == validated(PointIn, stored())


def test_moments_are_shown_in_the_zone_in_which_they_are_typed():
    record = validated(CalibrationIn, body_of(entry_of_post(posted()), ZONE)).model_dump()
    entry = entry_of_record(record, ZONE)
    assert entry.texts["performed_at"] == "2026-11-20T10:30"
    assert entry.texts["temperature_c"] == "20.1"
    assert entry.points[0].texts["plus_minus"] == "0.01"


def failed(found: str) -> dict[str, Any]:
    evaluation = {"result": "fail", "mean": found}
    return stored(
        in_scope=True, lower_limit="9.0", upper_limit="11.0", as_found=[found],
        as_found_evaluation=evaluation, as_left_evaluation=evaluation,
    )  # fmt: skip


def test_the_result_counts_the_points_that_were_out_and_names_the_guard_band():
    columns = {"as_found_result": "fail", "as_left_result": "fail", "adjusted": False}
    out = failed("12.0")
    told = [
        result_shown({**columns, "points": [out] * count})["sentences"][0] for count in (1, 2, 3)
    ]
    assert told[0].endswith("of tolerance.")
    assert told[1].endswith("of tolerance. So was 1 more point.")
    assert told[2].endswith("of tolerance. So were 2 more points.")
    guarded = result_shown({**columns, "points": [failed("10.95")]})["sentences"][0]
    assert guarded.endswith("of tolerance, which is inside the limits but in the guard band.")


def test_the_trail_calls_the_members_of_a_record_as_its_form_does():
    entry = entry_of_post(posted())
    schedules = [("", "Calibration"), ("", "Verification")]
    fields = [*how_fields(entry, {}, schedules), *condition_fields(entry, {})]
    members = {field["name"]: field["label"] for field in fields}
    known = {name: label for name, label in members.items() if hasattr(Calibration, name)}
    assert len(known) > 9
    assert {name: Calibration.audit_word(name) for name in known} == known
