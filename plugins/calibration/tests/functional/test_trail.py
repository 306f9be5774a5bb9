"""The activity of an instrument and the audit log tell of its calibrations."""

from __future__ import annotations

from plugins.calibration.tests.laboratory import Lab


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
