"""What the record form shows around the typed values, and both versions when two people save."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pyramid.response import Response

from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.models.schedule import CalibrationSchedule
from calibrify_calibration.pages import entry_view as view
from calibrify_calibration.pages.entry import Entry, EntryPoint, entry_of_record
from calibrify_calibration.pages.history import last_with_points
from calibrify_calibration.pages.standards import ShownStandard, find_standards
from calibrify_calibration.pages.wording import SCHEDULE_KINDS, interval
from calibrify_calibration.permissions import VIEW
from calibrify_calibration.services.entries import entered
from calibrify_core.web.conflict import compared
from calibrify_core.web.forms import named
from calibrify_core.web.kit import page_response
from calibrify_core.web.page import formats_of
from calibrify_equipment.public import EquipmentFacts


def conflict(request: Any, entry: Entry, record: Calibration) -> Response:
    """Shows what was typed beside what somebody else saved meanwhile."""
    zone = request.unit.organisation.zone
    theirs = entry_of_record(entered(record), zone)
    labels = {
        field["name"]: field["label"]
        for field in (*view.how_fields(entry, {}, []), *view.condition_fields(entry, {}))
    }
    rows = [compared(label, entry.texts.get(name) or "", theirs.texts.get(name) or "")
            for name, label in labels.items() if name != "adjusted"]  # fmt: skip
    for index in range(max(len(entry.points), len(theirs.points))):
        pair = [_line(side.points, index) for side in (entry, theirs)]
        rows.append(compared(f"Point {index + 1}", *pair))
    hidden = [
        (name, value)
        for name, value in request.POST.items()
        if name not in {"csrf_token", "version"} and isinstance(value, str)
    ]
    values = {
        "title": "Changed by somebody else meanwhile",
        "crumbs": _crumbs(request),
        "conflict": {
            "sentence": f"{record.number} was saved by somebody else while you were typing. "
            "Nothing of yours is kept yet.",
            "who": "somebody else",
            "when": formats_of(request).datetime(record.updated_at),
            "rows": rows,
            "action": request.path,
            "hidden": [*hidden, ("version", str(record.version))],
            "theirs_href": request.route_path("calibration.calibration.show", id=record.id),
        },
    }
    response = page_response(request, "calibrify/conflict.html", values)
    response.status_int = 412
    return response


def _line(points: Sequence[EntryPoint], index: int) -> str:
    """Returns a point on one line."""
    if index >= len(points):
        return ""
    texts = points[index].texts
    names = ("parameter", "nominal", "unit", "as_found", "as_left")
    return " · ".join(texts[name] for name in names if texts.get(name))


def _crumbs(request: Any) -> list[tuple[str, str | None]]:
    """Returns the way to the pages about records."""
    return [("Calibrations", request.route_path("calibration.calibration.list"))]


def _schedules(unit: Any, equipment_id: uuid.UUID) -> list[tuple[str, str]]:
    """Returns the schedules of an instrument, for a choice."""
    statement = unit.select(CalibrationSchedule, VIEW).where(
        CalibrationSchedule.equipment_id == equipment_id, CalibrationSchedule.active.is_(sa.true())
    )
    return [
        (
            str(row.id),
            f"{SCHEDULE_KINDS[row.kind]}, {interval(row.interval_value, row.interval_unit)}",
        )
        for row in unit.session.scalars(statement)
    ]


def entry_page(
    request: Any,
    entry: Entry,
    equipment: EquipmentFacts,
    *,
    record: Calibration | None = None,
    judged: Mapping[str, Any] | None = None,
    readable: Sequence[Mapping[str, Any] | None] | None = None,
    problems: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Returns what the form's template needs.

    Args:
        request: the request.
        entry: what was typed.
        equipment: the instrument.
        record: the draft that is changed, None for a new one.
        judged: points with their evaluations and the results over all.
        readable: points that could be judged where that failed over all, None for the others.
        problems: from `calibrify_core.web.kit.problems_of`.
    """
    unit, fmt = request.unit, formats_of(request)
    shown = view.problems_shown(problems)
    errors = {problem["name"]: problem["text"] for problem in reversed(shown)}
    if not entry.points:
        entry.points = [EntryPoint(opened=True)]
    verdicts = readable if judged is None else judged["points"]
    how = view.how_fields(entry, errors, _schedules(unit, equipment.id))
    conditions = view.condition_fields(entry, errors)
    used = find_standards(unit, fmt, ids=_uuids(entry.standards)) if entry.standards else []
    title = "Record calibration" if record is None else f"Change {record.number}"
    return {
        "title": title,
        "crumbs": [("Equipment", "/equipment"), (equipment.asset_tag, _instrument_href(equipment))],
        "entry": {
            "action": request.path,
            "texts": entry.texts,
            "errors": errors,
            "problems": named(shown, view.labels_of(entry.points, (*how, *conditions))),
            "words": view.WORDS,
            "rows": view.rows_shown(
                entry.points, errors, verdicts, entry.texts.get("decision_rule", "")
            ),
            "how": how,
            "conditions": conditions,
            "standards": used,
            "choices": _choices(find_standards(unit, fmt), entry),
            "instrument": equipment,
            "judged": None if judged is None else view.result_shown(judged),
            "lead": "" if record is None else f"sent back: {record.state_reason}"
            if record.state == "rejected" else "draft",
            "source": _source(request, equipment) if record is None else None,
        },
    }  # fmt: skip


def _instrument_href(equipment: EquipmentFacts) -> str:
    """Returns the page of an instrument."""
    return f"/equipment/{equipment.id}"


def _choices(found: Sequence[ShownStandard], entry: Entry) -> list[ShownStandard]:
    """Returns the standards that can still be added."""
    taken = {*entry.standards, entry.texts.get("equipment_id")}
    return [one for one in found if one.usable and one.id not in taken]


def _uuids(texts: Sequence[str]) -> list[uuid.UUID]:
    """Returns ids that were posted; what is none is refused later, by the schema."""
    found = []
    for text in texts:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


def _source(request: Any, equipment: EquipmentFacts) -> dict[str, str] | None:
    """Returns where the points came from, and how to begin without them."""
    if request.method == "POST":
        return None
    address = request.route_path("calibration.calibration.new")
    last = last_with_points(request.unit, equipment.id)
    if last is None:
        return None
    if request.GET.get("points") == "empty":
        return {
            "text": "The points are empty.",
            "label": "Copy them from the last calibration",
            "href": f"{address}?equipment={equipment.id}",
        }
    day = formats_of(request).date(last.performed_on)
    return {
        "text": f"The points are those of {last.number or 'the calibration'} of {day}.",
        "label": "Start without them",
        "href": f"{address}?equipment={equipment.id}&points=empty",
    }
