"""What the calibration plugin shows on an instrument's page."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.pages.drift import series_of
from calibrify_calibration.pages.history import records_of
from calibrify_calibration.pages.point_rows import grouped, rows_of
from calibrify_calibration.pages.standards import find_standards
from calibrify_calibration.pages.wording import (
    ANCHORS,
    REPORTED,
    SCHEDULE_KINDS,
    STATES,
    WEEKENDS,
    chip,
    interval,
)
from calibrify_calibration.permissions import RECORD, SCHEDULE_CHANGE, SCHEDULE_VIEW, VIEW
from calibrify_calibration.services.schedules import schedules_of
from calibrify_core.web.formats import Formats

MOST = 20
MOST_PAPERS = 100
GOOD = frozenset({"pass", "conditional_pass"})
SOURCES = {"accepted": "last calibration", "imported": "opening date", "extension": "extension"}


def _id(subject: Mapping[str, Any]) -> uuid.UUID:
    """Returns the instrument that a page is about."""
    return uuid.UUID(str(subject["id"]))


def _formats(unit: Any) -> Formats:
    """Returns the formats of the organisation."""
    return Formats(unit.organisation.zone, unit.today())


def link(href: str, text: str) -> Markup:
    """Returns a link for the end of a card's head.

    >>> link("/x", "<All>")
    Markup('<a href="/x">&lt;All&gt;</a>')
    """
    return Markup('<a href="{}">{}</a>').format(href, text)


def actions(unit: Any, subject: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the buttons in the head of an instrument's page."""
    if not unit.access.permits(RECORD):
        return None
    return {"id": subject["id"]}


def drift(unit: Any, subject: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the drift of the test points, one of which the page shows."""
    records = [one for one in records_of(unit, _id(subject), most=MOST) if one.points]
    due_on = subject.get("due_on")
    text = "" if due_on is None else f"Due {due_on.day} {due_on:%b}"
    series = series_of(list(reversed(records)), due_on, text)
    if not series:
        return None
    return {"title": "Drift", "series": series}


def latest(unit: Any, subject: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the results of the last calibration in force."""
    records = [one for one in records_of(unit, _id(subject), most=MOST) if not one.is_historical]
    if not records:
        return None
    record, fmt = records[0], _formats(unit)
    rows = rows_of(record.points)
    tone, told = tally(record.points)
    factors = {row.factor for row in rows if row.factor}
    number = record.certificate_number or record.issued_number or record.number or ""
    return {
        "title": "Latest results",
        "end": link(f"/calibrations/{record.id}", f"Certificate {number}" if number else "Open"),
        "flush": True,
        "groups": grouped(rows),
        "factor": factors.pop() if len(factors) == 1 else "",
        "tone": tone,
        "told": told,
        "performed_on": record.performed_on,
        "reported": chip(REPORTED, record.reported_result),
        "paper": record.id if record.file_id is not None else None,
        "facts": [
            ("Performed", fmt.date(record.performed_on)),
            ("Certificate", number),
            ("Dated", fmt.date(record.certificate_date)),
            ("Limitation", record.limitation or ""),
        ],
    }


def tally(points: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Returns tone and words for how many points were in tolerance, as found and as left.

    >>> left = {"as_left_evaluation": {"result": "pass"}}
    >>> tally([{"as_found_evaluation": {"result": "fail"}, **left}])
    ('oot', '0 of 1 found in tolerance, 1 of 1 left in tolerance')
    >>> tally([{"as_found_evaluation": {"result": "pass"}, **left}])
    ('ok', '1 of 1 in tolerance')
    """
    counted = [point for point in points if point.get("in_scope", True)]
    total, known, words = len(counted), [], []
    for phase in ("found", "left"):
        results = [(point.get(f"as_{phase}_evaluation") or {}).get("result") for point in counted]
        if set(results) <= {None, "not_tested"}:
            continue
        good = sum(result in GOOD for result in results)
        known.append(good)
        words.append(f"{good} of {total} {phase} in tolerance")
    tone = "ok" if known and min(known) == total else "oot"
    if len(known) == 2 and known[0] == known[1]:
        return tone, f"{known[0]} of {total} in tolerance"
    return tone, ", ".join(words) or f"0 of {total} in tolerance"


def papers(unit: Any, subject: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the certificates of outside laboratories that are kept with calibrations."""
    statement = (
        unit.select(Calibration, VIEW)
        .where(Calibration.equipment_id == _id(subject), Calibration.file_id.is_not(None))
        .order_by(Calibration.performed_at.desc(), Calibration.id.desc())
        .limit(MOST_PAPERS)
    )
    records = [
        {"record": one, "state": chip(STATES, one.state)} for one in unit.session.scalars(statement)
    ]
    if not records:
        return None
    return {"title": "Certificates of laboratories", "flush": True, "records": records}


def plan(unit: Any, subject: Mapping[str, Any]) -> dict[str, Any]:
    """Returns how often an instrument is calibrated, and when next."""
    fmt, identifier = _formats(unit), _id(subject)
    state = unit.session.scalars(
        unit.select(CalibrationState, SCHEDULE_VIEW).where(
            CalibrationState.equipment_id == identifier
        )
    ).one_or_none()
    may = unit.access.permits(SCHEDULE_CHANGE)
    values: dict[str, Any] = {
        "title": "Calibration plan",
        "end": link(f"/equipment/{identifier}/schedules", "Edit" if may else "Details"),
        "required": state is None or state.required,
        "reason": "" if state is None else state.not_required_reason,
        "plans": [],
    }
    for schedule in schedules_of(unit, identifier):
        every = schedule["interval"] or {"value": None, "unit": None}
        pairs = [
            ("Every", interval(every["value"], every["unit"])),
            ("Falls", ANCHORS[schedule["anchor"]] if schedule["anchor"] != "exact" else ""),
            ("On a weekend", WEEKENDS[schedule["weekend_rule"]]
             if schedule["weekend_rule"] != "none" else ""),
            ("Next due", "None, it failed" if schedule["failed"] else fmt.date(schedule["due_on"])),
            ("From", SOURCES.get(schedule["due_source"] or "", "")),
        ]  # fmt: skip
        values["plans"].append(
            {
                "title": SCHEDULE_KINDS[schedule["kind"]],
                "facts": [(label, text) for label, text in pairs if text],
            }
        )
    return values


def traceability(unit: Any, subject: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the standards that the last calibration rests on."""
    records = [one for one in records_of(unit, _id(subject), most=MOST) if not one.is_historical]
    if not records:
        return None
    record = records[0]
    ids = {str(item["equipment_id"]) for item in record.standards}
    ids |= {str(one) for point in record.points for one in point.get("standard_ids") or ()}
    fmt = _formats(unit)
    used = find_standards(unit, fmt, ids=[uuid.UUID(one) for one in sorted(ids)]) if ids else []
    if not used and record.provider_type != "external":
        return None
    return {
        "title": "Traceability",
        "tag": subject["asset_tag"],
        "standards": used,
        "outside": record.certificate_number if record.provider_type == "external" else "",
        "day": fmt.date(record.performed_on),
    }
