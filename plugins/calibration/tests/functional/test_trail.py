"""The activity of an instrument and the audit log tell of its calibrations."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.permissions import VIEW
from calibrify_equipment.public import CHANGE
from calibrify_equipment.services import equipment
from plugins.calibration.tests.laboratory import Lab


def lookups_of_tags(lab: Lab, work: Callable[[], Any]) -> int:
    seen = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT equipment_equipment.asset_tag \n"):
            seen.append(statement)

    engine = lab.platform.database.writer
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_a_tag_is_looked_up_once_and_not_where_it_is_known(lab: Lab) -> None:
    identifier = lab.instrument()
    assert lookups_of_tags(lab, lambda: lab.schedule(identifier)) == 0
    made: dict[str, Any] = {}
    assert lookups_of_tags(lab, lambda: made.update(lab.record(identifier, submit=True))) == 0
    assert lookups_of_tags(lab, lambda: lab.approve(made["id"])) == 1


def test_a_tag_that_changes_meanwhile_is_the_new_one(lab: Lab) -> None:
    identifier, tag = lab.instrument(), lab.unique("NEW")
    number = lab.record(identifier)["number"]
    with lab.platform.unit() as unit:
        record = unit.session.scalars(
            unit.select(Calibration, VIEW).where(Calibration.number == number)
        ).one()
        assert not record.audit_label().endswith(tag)
        equipment.change(
            unit, equipment.find(unit, uuid.UUID(identifier), CHANGE), {"asset_tag": tag}
        )
        assert record.audit_label() == f"{number} · {tag}"


def test_every_step_of_a_calibration_is_found_from_its_instrument(lab: Lab) -> None:
    tag = lab.unique("TR")
    identifier = lab.instrument(asset_tag=tag)
    other = lab.instrument()
    lab.schedule(identifier)
    number = lab.approved(identifier)["number"]
    lab.approved(other)

    browser = lab.browser("metrology_manager")
    page = browser.get(f"/equipment/{identifier}/activity")
    said = [line.text for line in page.html.select("ol.timeline p[dir=auto]")]
    for words in (
        "entered calibration schedule",
        f"entered calibration {number}",
        f"signed calibration {number}",
        f"moved calibration {number} on: submitted → approved",
        "entered certificate",
        "entered it",
    ):
        assert any(words in line for line in said), (words, said)
    assert sum("entered calibration" in line for line in said) == 2, "none of another's"

    log = lab.browser("administrator").get("/audit", {"q": tag})
    kinds = {cell.text.strip() for cell in log.html.select("td.name .sub")}
    assert {"equipment", "calibration", "calibration schedule", "certificate"} <= kinds


def test_the_activity_shows_of_other_records_what_the_person_may_see(lab: Lab) -> None:
    identifier = lab.instrument()
    lab.approved(identifier)
    name = lab.hire(permissions=("equipment.equipment:view",))
    page = lab.browser_of(name).get(f"/equipment/{identifier}/activity")
    said = [line.text for line in page.html.select("ol.timeline p[dir=auto]")]
    assert len(said) == 1
    assert "entered it" in said[0]
