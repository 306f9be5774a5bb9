"""Work orders over the API: states, checklists, signatures, numbers; on both databases."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from calibrify_maintenance.domain.work_order import FOLLOWING
from plugins.calibration.tests.laboratory import API
from plugins.maintenance.tests.plant import SIGNED, M

CHECKLIST = [
    {"kind": "number", "label": "Torque", "unit": "N·m", "lower_limit": "9.5", "upper_limit": 10.5},
    {"kind": "pass_fail", "label": "Guard closes"},
    {"kind": "text", "label": "Sound", "required": False},
    {"kind": "photo", "label": "Nameplate"},
]
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32


def test_a_work_order_is_opened_read_changed_and_listed(plant):
    item = plant.instrument(name="Press")
    answer = plant.technician.post_json(
        M, {"equipment_id": item, "title": "  Oil leaks ", "priority": "high"}
    )
    made = answer.json
    assert answer.headers["Location"] == f"{M}{made['id']}/"
    assert (made["status"], made["title"], made["type"]) == ("requested", "Oil leaks", "corrective")
    assert made["number"].startswith("MO-2026-")
    assert (made["overdue"], made["parts"], made["checklist"]) == (False, [], [])
    assert made["allowed"] == ["scheduled", "in_progress", "cancelled"]
    assert made["equipment"]["name"] == "Press"
    address = f"{M}{made['id']}/"
    changed = plant.technician.patch_json(
        address, {"due_on": "2026-03-01", "cost": "12.50", "labour_minutes": 30}
    ).json
    assert (changed["overdue"], changed["cost"], changed["labour_minutes"]) == (True, "12.50", 30)
    plant.technician.patch_json(
        address, {"priority": "low"}, headers={"If-Match": answer.headers["ETag"]}, status=412
    )
    rows = plant.viewer.get(f"{M}?overdue=true&equipment_id={item}&count=true").json
    assert (rows["count"], rows["results"][0]["id"]) == (1, made["id"])
    assert plant.viewer.get(f"{M}?overdue=false&equipment_id={item}").json["results"] == []
    own = plant.viewer.get(f"{API}equipment/{item}/maintenance/").json["results"]
    assert [row["number"] for row in own] == [made["number"]]
    hits = plant.viewer.get(f"{API}search/?q={made['number']}").json["results"]
    assert [hit["api"] for hit in hits] == [address]


def test_a_day_makes_a_request_a_scheduled_work_order(plant):
    item = plant.instrument()
    assert plant.order(item, scheduled_date="2026-03-09")["status"] == "scheduled"
    asked = plant.order(item)
    planned = plant.step(asked["id"], "schedule", scheduled_date="2026-03-10")
    assert (planned["status"], planned["scheduled_date"]) == ("scheduled", "2026-03-10")
    refused = plant.technician.patch_json(
        f"{M}{asked['id']}/", {"scheduled_date": None}, status=422
    ).json
    assert refused["errors"][0]["pointer"] == "/scheduled_date"


STEPS = {
    "schedule": ("scheduled", {"scheduled_date": "2026-03-10"}),
    "start": ("in_progress", {}),
    "hold": ("on_hold", {"reason": "Waiting for a seal"}),
    "complete": ("completed", {}),
    "cancel": ("cancelled", {"reason": "Not worth it"}),
}
WAYS = {
    "requested": (),
    "scheduled": ("schedule",),
    "in_progress": ("start",),
    "on_hold": ("start", "hold"),
    "completed": ("start", "complete"),
    "cancelled": ("cancel",),
}


@pytest.mark.parametrize("state", sorted(WAYS))
def test_each_state_allows_its_steps_and_refuses_the_others(plant, state):
    item = plant.instrument()
    following = [str(after) for after in FOLLOWING[state]]
    for verb, (after, body) in STEPS.items():
        order = plant.order(item)["id"]
        for way in WAYS[state]:
            plant.step(order, way, **STEPS[way][1])
        if after in following:
            assert plant.step(order, verb, **body)["status"] == after
        else:
            refused = plant.step(order, verb, status=409, **body)
            assert (refused["code"], refused["allowed"]) == ("conflict", following)
            assert plant.show(order)["status"] == state


def test_only_what_is_held_goes_on_and_what_is_over_does_not_change(plant):
    order = plant.order(plant.instrument())["id"]
    plant.step(order, "resume", status=409)
    plant.step(order, "start")
    plant.step(order, "hold", status=422, reason=" ")
    held = plant.step(order, "hold", reason="Waiting for a seal")
    assert held["status_reason"] == "Waiting for a seal"
    assert plant.step(order, "resume")["status_reason"] is None
    done = plant.step(order, "complete", work_done="New seal", downtime_minutes=90)
    assert (done["completed_date"], done["downtime_minutes"]) == ("2026-03-02", 90)
    over = plant.technician.patch_json(f"{M}{order}/", {"title": "x"}, status=409).json
    assert over["allowed"] == []


def test_a_checklist_is_answered_item_by_item_before_the_work_is_complete(plant):
    order = plant.order(plant.instrument(), checklist=CHECKLIST)["id"]
    one = [{"id": "1", "answer": "10.0"}]
    plant.step(order, "answers", status=409, answers=one)
    plant.step(order, "start")
    refused = plant.step(order, "complete", status=422)
    assert [error["pointer"] for error in refused["errors"]] == [
        "/checklist/0/answer",
        "/checklist/1/answer",
        "/checklist/3/answer",
    ]
    wrong = plant.step(
        order,
        "answers",
        status=422,
        answers=[
            {"id": "1", "answer": "much"},
            {"id": "2", "answer": "perhaps"},
            {"id": "4", "answer": "no photo"},
            {"id": "9", "answer": "x"},
        ],
    )
    assert [error["pointer"] for error in wrong["errors"]] == [
        "/answers/0/answer",
        "/answers/1/answer",
        "/answers/2/answer",
        "/answers/3/id",
    ]
    fields = {"object_type": "work_order", "object_id": order, "kind": "photo"}
    photo = plant.technician.post(
        f"{API}files/", fields, upload_files=[("file", "plate.png", PNG)]
    ).json["id"]
    answered = plant.step(
        order,
        "answers",
        answers=[
            {"id": "1", "answer": "10.60", "note": "Spring is worn"},
            {"id": "2", "answer": "pass"},
            {"id": "4", "answer": photo},
        ],
    )["checklist"]
    assert [item["in_order"] for item in answered] == [False, True, None, None]
    assert (answered[0]["answer"], answered[0]["note"]) == ("10.60", "Spring is worn")
    assert answered[0]["answered_at"] == "2026-03-02T12:00:00Z"
    assert plant.step(order, "complete")["status"] == "completed"


def test_bad_members_are_named_one_by_one(plant):
    item = plant.instrument()
    plant.order(item, status=422, title="")
    wrong = plant.order(
        item,
        status=422,
        assigned_to_id=item,
        assigned_group_id=item,
        checklist=[
            {"kind": "text", "label": "a", "unit": "V"},
            {"kind": "number", "label": "b", "lower_limit": "2", "upper_limit": "1"},
            {"kind": "text", "label": "c", "id": "1"},
        ],
    )
    assert [error["pointer"] for error in wrong["errors"]] == [
        "/assigned_to_id",
        "/assigned_group_id",
        "/checklist/0/unit",
        "/checklist/1/upper_limit",
        "/checklist/2/id",
    ]
    plant.order(item, status=422, number="MO-1")
    plant.viewer.post_json(M, {"equipment_id": item, "title": "x"}, status=403)


def test_numbers_stay_apart_when_many_ask_at_once(plant):
    item = plant.instrument()
    clients = [plant.api("technician") for _ in range(4)]

    def ask(place):
        body = {"equipment_id": item, "title": f"Work {place}"}
        return clients[place % 4].post_json(M, body).json["number"]

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(ask, range(12)))
    assert len(set(numbers)) == 12


def test_who_is_limited_to_a_site_meets_no_work_order_of_another(plant):
    a, b = plant.place("Site A"), plant.place("Site B")
    in_a, in_b = (plant.instrument(name="Scoped", location_id=place) for place in (a, b))
    theirs = plant.order(in_a, title="Scoped work", scheduled_date="2026-03-03")["id"]
    mine = plant.order(in_b, title="Scoped work", scheduled_date="2026-03-03")["id"]
    limited = plant.api("metrology_manager", "location", uuid.UUID(b))
    rows = limited.get(f"{M}?q=scoped&count=true").json
    assert (rows["count"], [row["id"] for row in rows["results"]]) == (1, [mine])
    hits = limited.get(f"{API}search/?q=scoped work").json["results"]
    assert [hit["api"] for hit in hits] == [f"{M}{mine}/"]
    limited.get(f"{M}{theirs}/", status=404)
    limited.get(f"{API}equipment/{in_a}/maintenance/", status=404)
    limited.patch_json(f"{M}{theirs}/", {"title": "mine now"}, status=404)
    for verb, (_, body) in STEPS.items():
        plant.step(theirs, verb, status=404, by=limited, **body)
    limited.post_json(M, {"equipment_id": in_a, "title": "x"}, status=422)


def test_a_signature_is_kept_with_what_was_signed(plant):
    order = plant.order(plant.instrument())["id"]
    plant.step(order, "start")
    plant.step(order, "complete", status=401, password="wrong", meaning="performed")
    done = plant.step(order, "complete", **SIGNED)
    assert [(row["meaning"], row["valid"]) for row in done["signatures"]] == [("performed", True)]


def test_work_is_completed_once_for_each_key(plant):
    order = plant.order(plant.instrument())["id"]
    plant.step(order, "start")
    path, key = f"{M}{order}/complete/", {"Idempotency-Key": plant.unique("done")}
    body = {"work_done": "New seal", **SIGNED}
    wrong = body | {"password": "wrong one here"}
    plant.technician.post_json(path, wrong, headers=key, status=401)
    first, again = (plant.technician.post_json(path, body, headers=key, status=200) for _ in "12")
    assert first.json["status"] == "completed"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.body, again.headers["ETag"]) == (first.body, first.headers["ETag"])
    assert len(plant.show(order)["signatures"]) == 1
    other = body | {"work_done": "Another seal"}
    refused = plant.technician.post_json(path, other, headers=key, status=422).json
    assert [problem["pointer"] for problem in refused["errors"]] == ["/header/Idempotency-Key"]
    plant.technician.post_json(path, body, status=409)
