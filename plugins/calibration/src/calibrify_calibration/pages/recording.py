"""Recording a calibration, and changing a draft: points, readings, conditions and standards."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from calibrify_calibration.models.calibration import Calibration
from calibrify_calibration.pages.entry import (
    Entry,
    EntryPoint,
    body_of,
    entry_of_post,
    entry_of_record,
    entry_point,
)
from calibrify_calibration.pages.entry_page import conflict, entry_page
from calibrify_calibration.pages.entry_view import control_of
from calibrify_calibration.pages.history import last_with_points
from calibrify_calibration.pages.standards import find_standards
from calibrify_calibration.permissions import RECORD, VIEW
from calibrify_calibration.schemas.calibration import CalibrationIn, CalibrationReplacement
from calibrify_calibration.services import approvals, calibrations
from calibrify_calibration.services.entries import check_entry, entered
from calibrify_calibration.services.points import unadjusted_problems
from calibrify_core.kernel.errors import CalibrifyError, Invalid
from calibrify_core.web.flash import flash
from calibrify_core.web.formats import Formats
from calibrify_core.web.forms import validated
from calibrify_core.web.kit import page_response, problems_of, see_other
from calibrify_core.web.page import formats_of
from calibrify_equipment.public import EquipmentFacts, find_equipment

TEMPLATE = "calibration/entry.html"


def choose(request: Any) -> Any:
    """Shows the form for an instrument, or asks which one it is."""
    wanted = request.GET.get("equipment", "")
    tag = request.GET.get("tag", "").strip()
    if not wanted and not tag:
        return page_response(request, "calibration/choose.html", _choosing(request, ""))
    try:
        equipment = find_equipment(request.unit, instrument_id(request.unit, wanted, tag), VIEW)
    except CalibrifyError as error:
        shown = _choosing(request, error.detail, tag)
        response = page_response(request, "calibration/choose.html", shown)
        response.status_int = error.status
        return response
    return entry_page(request, new_entry(request, equipment), equipment)


def instrument_id(unit: Any, wanted: str, tag: str) -> uuid.UUID:
    """Returns the instrument that an address names, by its id or by its tag.

    Raises:
        Invalid: there is no such instrument within reach.
    """
    try:
        return uuid.UUID(wanted)
    except ValueError:
        pass
    found = find_standards(unit, Formats(unit.organisation.zone, unit.today()), tag=tag or wanted)
    if not found:
        raise Invalid.field("tag", "No instrument that you can see has this tag.")
    return uuid.UUID(found[0].id)


def _choosing(request: Any, problem: str, tag: str = "") -> dict[str, Any]:
    """Returns the page that asks for the instrument."""
    return {
        "title": "Record calibration",
        "crumbs": [("Calibrations", request.route_path("calibration.calibration.list"))],
        "choose": {
            "action": request.route_path("calibration.calibration.new"),
            "problem": problem,
            "tag": tag,
        },
    }


def _fresh_texts(unit: Any, equipment: EquipmentFacts) -> dict[str, str]:
    """Returns what stands in a form before anything is typed."""
    return {
        "equipment_id": str(equipment.id),
        "kind": "periodic",
        "decision_rule": "simple_acceptance",
        "performed_at": f"{unit.trade_now().astimezone(unit.organisation.zone):%Y-%m-%dT%H:%M}",
    }


def new_entry(request: Any, equipment: EquipmentFacts) -> Entry:
    """Returns a fresh form: the points of the last calibration, without its readings."""
    unit = request.unit
    entry = Entry(_fresh_texts(unit, equipment))
    last = last_with_points(unit, equipment.id) if request.GET.get("points") != "empty" else None
    if last is None:
        entry.texts["kind"] = "initial" if request.GET.get("points") != "empty" else "periodic"
        entry.points = [EntryPoint(opened=True)]
        return entry
    entry.texts |= {
        "method": last.method,
        "decision_rule": last.decision_rule,
        "guard_band_factor": last.guard_band_factor or "",
        "place": last.place,
    }
    entry.flags = {"interval_agreed": last.interval_agreed}
    entry.standards = [str(item["equipment_id"]) for item in last.standards]
    entry.points = [entry_point(point, readings=False) for point in last.points]
    return entry


def save_new(request: Any) -> Any:
    """Keeps a new record, as a draft or handed in, or shows the form as its buttons ask."""
    entry = entry_of_post(request.POST)
    equipment = _instrument(request, entry)
    do = request.POST.get("do", "judge")
    if do not in {"draft", "submit"}:
        return _turned(request, entry, equipment, do)
    prune(entry)
    try:
        _take_standard(request, entry)
        body = validated(CalibrationIn, body_of(entry, request.unit.organisation.zone))
        values = {name: value for name, value in body.model_dump().items() if name != "submit"}
        record = calibrations.record(request.unit, values)
        return _kept(request, record, do)
    except Invalid as error:
        return _refused(request, entry, equipment, problems_of(error))


def show_edit(request: Any) -> Any:
    """Shows the form of a draft, or of a record that was sent back."""
    record = calibrations.find(request.unit, request.matchdict["id"], RECORD)
    calibrations.check_editable(record)
    equipment = find_equipment(request.unit, record.equipment_id, RECORD)
    entry = entry_of_record(entered(record), request.unit.organisation.zone)
    entry.texts["version"] = str(record.version)
    return entry_page(request, entry, equipment, record=record, judged=_stored(record))


def save_edit(request: Any) -> Any:
    """Changes a draft; who comes second sees both versions."""
    unit = request.unit
    entry = entry_of_post(request.POST)
    record = calibrations.find(unit, request.matchdict["id"], RECORD, lock=True)
    entry.texts["equipment_id"] = str(record.equipment_id)
    equipment = find_equipment(unit, record.equipment_id, RECORD)
    do = request.POST.get("do", "judge")
    if do not in {"draft", "submit"}:
        return _turned(request, entry, equipment, do, record)
    calibrations.check_editable(record)
    if entry.texts["version"] != str(record.version):
        return conflict(request, entry, record)
    prune(entry)
    try:
        _take_standard(request, entry)
        body = validated(CalibrationReplacement, body_of(entry, unit.organisation.zone))
        calibrations.change(unit, record, body.model_dump(include=body.model_fields_set))
        return _kept(request, record, do)
    except Invalid as error:
        return _refused(request, entry, equipment, problems_of(error), record)


def _kept(request: Any, record: Calibration, do: str) -> Any:
    """Leads on after a record was kept, handing it in where that was asked for."""
    number = record.number
    if do == "submit":
        if approvals.needs_signature(request.unit):
            return see_other(request, "calibration.calibration.submit", id=record.id)
        approvals.hand_in(request.unit, record)
        flash(request, f"{number} is submitted for review.")
    else:
        flash(request, f"{number} is saved as a draft.")
    return see_other(request, "calibration.calibration.show", id=record.id)


def prune(entry: Entry) -> None:
    """Leaves out the rows of the form that hold nothing, so that problems point at the others."""
    entry.points = [point for point in entry.points if not point.is_blank]


def _instrument(request: Any, entry: Entry) -> EquipmentFacts:
    """Returns the instrument that a posted form is about."""
    try:
        identifier = uuid.UUID(entry.texts["equipment_id"])
    except ValueError:
        raise Invalid.field("equipment_id", "Choose an instrument first.") from None
    return find_equipment(request.unit, identifier, RECORD)


def _turned(
    request: Any,
    entry: Entry,
    equipment: EquipmentFacts,
    do: str,
    record: Calibration | None = None,
) -> Any:
    """Shows the form again with a row more or less, another standard, or judged."""
    problems: list[dict[str, str]] = []
    judged: Mapping[str, Any] | None = None
    step, _, argument = do.partition(".")
    try:
        _take_standard(request, entry, asked=step == "add_standard")
    except Invalid as error:
        problems = problems_of(error)
    if step not in {"add_row", "remove", "add_standard"}:
        prune(entry)
        try:
            judged = _judged(request, entry)
        except Invalid as error:
            return _refused(request, entry, equipment, problems + problems_of(error), record)
    elif step == "add_row":
        entry.points.append(_next_point(entry.points))
    elif step == "remove" and argument.isdecimal() and int(argument) < len(entry.points):
        del entry.points[int(argument)]
    return entry_page(request, entry, equipment, record=record, judged=judged, problems=problems)


def _refused(
    request: Any,
    entry: Entry,
    equipment: EquipmentFacts,
    problems: list[dict[str, str]],
    record: Calibration | None = None,
) -> Any:
    """Shows the form with its problems; the points that can be read keep their verdict."""
    names = {control_of(problem["name"]) for problem in problems}
    bad = {int(name.split(".")[1]) for name in names if name.startswith("points.")}
    good = [index for index in range(len(entry.points)) if index not in bad]
    texts = {name: "" if name in names else text for name, text in entry.texts.items()}
    for name, known in _fresh_texts(request.unit, equipment).items():
        texts[name] = texts[name] or known
    part = Entry(texts, entry.flags, [], [entry.points[index] for index in good])
    readable: list[Mapping[str, Any] | None] = [None] * len(entry.points)
    try:
        for index, point in zip(good, _judged(request, part)["points"], strict=True):
            readable[index] = point
    except Invalid:
        pass
    return entry_page(
        request, entry, equipment, record=record, readable=readable, problems=problems
    )


def _next_point(points: Sequence[EntryPoint]) -> EntryPoint:
    """Returns an empty row that continues the one before."""
    kept = ("section", "parameter", "unit", "range", "coverage_factor", "reading_of")
    before = points[-1].texts if points else {}
    return EntryPoint({name: before.get(name, "") for name in kept}, opened=True)


def _take_standard(request: Any, entry: Entry, *, asked: bool = False) -> None:
    """Adds the standard whose tag was typed, whichever button was pressed.

    Args:
        request: the request.
        entry: what was typed; it keeps the tag while that is wrong.
        asked: whether to add a standard was what the button is for, so that a tag is needed.

    Raises:
        Invalid: the tag is of no instrument, or of one that cannot be used.
    """
    tag = entry.texts.get("new_standard", "")
    if not tag and not asked:
        return
    found = find_standards(request.unit, formats_of(request), tag=tag) if tag else []
    if not found:
        raise Invalid.field("new_standard", "No instrument that you can see has this tag.")
    standard = found[0]
    if standard.id == entry.texts["equipment_id"]:
        text = "An instrument is no reference standard for itself."
        raise Invalid.field("new_standard", text)
    if not standard.usable:
        text = f"{standard.tag} cannot be used: {standard.word.lower()}."
        raise Invalid.field("new_standard", text)
    if standard.id not in entry.standards:
        entry.standards.append(standard.id)
    entry.texts["new_standard"] = ""


def _judged(request: Any, entry: Entry) -> Mapping[str, Any]:
    """Judges what is entered, exactly as if it were handed in.

    Raises:
        Invalid: with every problem.
    """
    body = validated(CalibrationReplacement, body_of(entry, request.unit.organisation.zone))
    columns = check_entry(request.unit, body.model_dump()).columns
    names = ("points", "adjusted", "as_found_na_reason")
    if problems := list(unadjusted_problems(*(columns[name] for name in names))):
        raise Invalid(problems)
    return columns


def _stored(record: Calibration) -> Mapping[str, Any] | None:
    """Returns the verdict that a draft was kept with; none before any reading."""
    if not any(point["as_found"] or point["as_left"] for point in record.points):
        return None
    names = ("points", "as_found_result", "as_left_result", "outcome", "adjusted")
    return {name: getattr(record, name) for name in names}


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "calibration.calibration.new",
        "/calibrations/new",
        choose,
        permission=RECORD,
        template=TEMPLATE,
        post=save_new,
    )
    config.add_page(
        "calibration.calibration.edit",
        "/calibrations/{id:uuid}/edit",
        show_edit,
        permission=RECORD,
        template=TEMPLATE,
        post=save_edit,
    )
