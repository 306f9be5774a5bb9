"""Signed steps that are sent again: one signature for each key, and one answer."""

from __future__ import annotations

from calibrify_core.testing.house import PASSWORD
from plugins.calibration.tests.laboratory import API


def test_signed_steps_are_taken_once_for_each_key(lab):
    draft = lab.record(lab.instrument())
    for client, step, reached in (
        (lab.technician, "submit", "submitted"),
        (lab.manager, "approve", "approved"),
    ):
        path = f"{API}calibrations/{draft['id']}/{step}/"
        key = {"Idempotency-Key": f"{step}-once"}
        body = {"password": PASSWORD}
        client.post_json(path, {"password": "wrong one here"}, headers=key, status=401)
        first, again = (client.post_json(path, body, headers=key, status=200) for _ in "12")
        assert first.json["state"] == reached
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert (again.body, again.headers["ETag"]) == (first.body, first.headers["ETag"])
        # Nobody learns from it whether a password is right.
        wrong = client.post_json(path, {"password": "wrong one here"}, headers=key, status=200)
        assert wrong.body == first.body
        client.post_json(path, body | {"meaning": "reviewed"}, headers=key, status=422)
        client.post_json(path, body, status=409)
