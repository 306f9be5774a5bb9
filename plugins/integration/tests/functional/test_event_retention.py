"""How long events are kept: a reader who comes too late is told so, and never misses in silence."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from calibrify_core.kernel.ids import first_id
from calibrify_core.worker import make_runner
from calibrify_integration.services.retention import parse_days
from calibrify_integration.tasks.sweep_events import TASK
from plugins.integration.tests.log import FEED, feed, insert, ordered
from plugins.integration.tests.plant import Plant


def sweep(plant: Plant) -> None:
    with plant.platform.unit() as unit:
        unit.enqueue(TASK, {})
    make_runner(plant.platform).drain()


def test_old_events_go_and_a_cursor_from_before_them_is_refused(plant: Plant) -> None:
    then = datetime.now(UTC) - timedelta(days=91)
    cursors = []
    for day in range(3):
        moment = then - timedelta(days=day)
        insert(plant.platform, uuid.UUID(int=first_id(moment).int + 1), moment)
        cursors.append(ordered(plant))
    sweep(plant)
    # The newest stays, however old it is: from it the next position is counted.
    assert len(feed(plant.manager)["results"]) == 1

    made = plant.instrument()
    end = ordered(plant)
    sweep(plant)
    assert [event["subject"] for event in feed(plant.manager)["results"]] == [made["id"]]
    assert int(end) > int(cursors[-1])
    answer = plant.manager.get(FEED, {"after": cursors[0]}, status=422)
    assert "no longer kept" in answer.json["errors"][0]["detail"]
    assert feed(plant.manager, after=cursors[-1])["results"]
    sweep(plant)
    last = feed(plant.manager, after=end)
    assert (last["results"], last["next"], last["cursor"]) == ([], None, end)
    kept = plant.manager.get(last["previous"]).json["results"]
    assert [event["subject"] for event in kept] == [made["id"]]


@pytest.mark.parametrize("text", ["6", "3651", "x", "-7", "", "1e2"])
def test_days_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number of days"):
        parse_days(text)
