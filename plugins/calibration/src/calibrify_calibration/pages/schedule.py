"""The schedules of an instrument: how often it is calibrated or checked, or why not at all."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from calibrify_calibration.models.schedule import CalibrationSchedule
from calibrify_calibration.models.state import CalibrationState
from calibrify_calibration.pages.wording import (
    ANCHORS,
    SCHEDULE_KINDS,
    UNITS,
    WEEKENDS,
    interval,
    options,
)
from calibrify_calibration.permissions import SCHEDULE_CHANGE, SCHEDULE_VIEW
from calibrify_calibration.schemas.schedule import ScheduleIn, ScheduleReplacement
from calibrify_calibration.services import schedules, states
from calibrify_core.kernel.errors import Invalid
from calibrify_core.web.conflict import Saved, show_conflict
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.page import formats_of
from calibrify_equipment.public import EquipmentFacts, find_equipment

FORM = "calibrify/form.html"
SOURCES = {"accepted": "Last calibration", "imported": "Opening date", "extension": "Extension"}
MOST_REASON = 500


def _crumbs(
    request: Any, equipment: EquipmentFacts, *, below: bool = False
) -> list[tuple[str, str | None]]:
    """Returns the way to a page about the schedules of an instrument."""
    found: list[tuple[str, str | None]] = [
        ("Equipment", "/equipment"),
        (equipment.asset_tag, f"/equipment/{equipment.id}"),
    ]
    if below:
        # A phone has room for two steps back, not for three.
        href = request.route_path("calibration.schedule.list", id=equipment.id)
        return [found[1], ("Calibration plan", href)]
    return found


def show(request: Any) -> dict[str, Any]:
    """Shows the plan: whether a calibration is needed, and every schedule."""
    return _page(request, None, ())


def _page(
    request: Any, values: Mapping[str, Any] | None, problems: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Returns what the plan's template needs."""
    unit, identifier = request.unit, request.matchdict["id"]
    equipment = find_equipment(unit, identifier, SCHEDULE_VIEW)
    state = unit.find(CalibrationState, identifier, SCHEDULE_VIEW)
    shown = values or {"required": state.required, "reason": state.not_required_reason}
    return {
        "title": "Calibration plan",
        "crumbs": _crumbs(request, equipment),
        "equipment": equipment,
        "schedules": [_shown(request, item) for item in schedules.schedules_of(unit, identifier)],
        "may": unit.access.permits(SCHEDULE_CHANGE),
        "required": shown["required"],
        "reason": shown["reason"],
        "problems": list(problems),
        "errors": {problem["name"]: problem["text"] for problem in problems},
        "new_href": request.route_path("calibration.schedule.new", id=identifier),
        "action": request.route_path("calibration.schedule.list", id=identifier),
    }


def _shown(request: Any, item: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a schedule as a row."""
    fmt, every = formats_of(request), item["interval"] or {"value": None, "unit": None}
    due = None
    if item["due_on"] is not None:
        late = item["due_on"] < fmt.today
        due = {
            "on": item["due_on"],
            "relative": fmt.relative(item["due_on"]),
            "tone": "late" if late else "ok",
            "used": fmt.used(item["last_accepted_on"], item["due_on"]),
        }
    return {
        "kind": SCHEDULE_KINDS[item["kind"]],
        "every": interval(every["value"], every["unit"]),
        "falls": ANCHORS[item["anchor"]],
        "weekend": WEEKENDS[item["weekend_rule"]],
        "due": due,
        "failed": item["failed"],
        "source": SOURCES.get(item["due_source"] or "", "–"),
        "edit_href": request.route_path(
            "calibration.schedule.edit", id=item["equipment_id"], schedule_id=item["id"]
        ),
    }


def require(request: Any) -> Any:
    """Says whether a calibration is needed, and why not."""
    identifier = request.matchdict["id"]
    reason = request.POST.get("reason", "")
    values = {
        "required": request.POST.get("required") == "yes",
        "reason": reason.strip() if isinstance(reason, str) else "",
    }
    try:
        states.set_requirement(request.unit, identifier, values["required"], values["reason"])
    except Invalid as error:
        return _page(request, values, [{**one, "name": "reason"} for one in problems_of(error)])
    needed = "is needed" if values["required"] else "is not required"
    flash(request, f"A calibration {needed}.")
    return see_other(request, "calibration.schedule.list", id=identifier)


def form_of(request: Any, schedule: CalibrationSchedule | None) -> Form:
    """Returns the form of a schedule."""
    identifier = request.matchdict["id"]
    path = request.route_path
    fields = [
        FormField("value", "Every", "number", hint="Empty: not periodic", mono=True,
                  extra={"min": 1, "max": 1_000_000, "inputmode": "numeric"}),
        FormField("unit", "Unit", "select", required=True, options=options(UNITS)),
        FormField("anchor", "It falls due", "select", required=True, options=options(ANCHORS)),
        FormField("weekend_rule", "On a weekend", "select", required=True,
                  options=options(WEEKENDS)),
        FormField("opening_due_on", "Opening due date", "date",
                  hint="Counts until the first calibration here; without an interval it is "
                  "when the validity ends"),
    ]  # fmt: skip
    if schedule is None:
        kinds = options(SCHEDULE_KINDS)
        fields.insert(0, FormField("kind", "What for", "select", required=True, options=kinds))
        action = path("calibration.schedule.new", id=identifier)
    else:
        action = path("calibration.schedule.edit", id=identifier, schedule_id=schedule.id)
    return Form(
        action=action,
        sections=[Section("Schedule", fields)],
        submit_label="Save schedule",
        cancel_href=path("calibration.schedule.list", id=identifier),
        hidden=[("version", str(schedule.version))] if schedule is not None else [],
        buttons=[("End this schedule", "end")] if schedule is not None else [],
    )


def _form_page(
    request: Any,
    schedule: CalibrationSchedule | None,
    values: Mapping[str, Any],
    problems: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Returns what the form page needs."""
    equipment = find_equipment(request.unit, request.matchdict["id"], SCHEDULE_CHANGE)
    names = {"interval": "value", "interval.value": "value", "interval.unit": "unit"}
    shown = [{**one, "name": names.get(one["name"], one["name"])} for one in problems]
    form = form_of(request, schedule)
    title = "Add a schedule" if schedule is None else "Change the schedule"
    return {
        "title": title,
        "crumbs": _crumbs(request, equipment, below=True),
        "form": {**form.shown(values, shown), "lead": f"{equipment.asset_tag} {equipment.name}"},
    }


def _body(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the form as the body of the API's request."""
    body = {name: value for name, value in values.items() if name not in {"value", "unit"}}
    value = values["value"]
    number: Any = int(value) if value and value.isascii() and value.isdigit() else value
    body["interval"] = None if not value else {"value": number, "unit": values["unit"]}
    return body


def show_new(request: Any) -> dict[str, Any]:
    """Shows an empty form."""
    return _form_page(request, None, {"value": "12", "unit": "months"})


def create(request: Any) -> Any:
    """Sets a schedule."""
    values: dict[str, Any] = {}
    try:
        values = posted(form_of(request, None), request.POST)
        body = _body(values) | {"equipment_id": str(request.matchdict["id"])}
        schedules.create(request.unit, validated(ScheduleIn, body).model_dump())
    except Invalid as error:
        return _form_page(request, None, values, problems_of(error))
    flash(request, "The schedule is set.")
    return see_other(request, "calibration.schedule.list", id=request.matchdict["id"])


def _find(request: Any) -> CalibrationSchedule:
    """Returns the schedule that the address names."""
    identifier: uuid.UUID = request.matchdict["schedule_id"]
    return schedules.find_schedule(request.unit, identifier, SCHEDULE_CHANGE)


def show_edit(request: Any) -> dict[str, Any]:
    """Shows the form of a schedule."""
    return _form_page(request, (schedule := _find(request)), _values(schedule))


def _values(schedule: CalibrationSchedule) -> dict[str, Any]:
    """Returns a stored schedule as its form shows it."""
    return {
        "value": "" if schedule.interval_value is None else str(schedule.interval_value),
        "unit": schedule.interval_unit or "months",
        "anchor": schedule.anchor,
        "weekend_rule": schedule.weekend_rule,
        "opening_due_on": schedule.opening_due_on,
    }


def save(request: Any) -> Any:
    """Changes or ends a schedule; who comes second sees both versions."""
    schedule, values = _find(request), dict[str, Any]()
    try:
        values = posted(form_of(request, schedule), request.POST)
        if request.POST.get("version") != str(schedule.version):
            return conflict(request, schedule, values)
        if request.POST.get("do") == "end":
            schedules.end(request.unit, schedule)
            flash(request, "The schedule has ended.")
        else:
            body = validated(ScheduleReplacement, _body(values)).model_dump()
            schedules.change(request.unit, schedule, body)
            flash(request, "The schedule is changed.")
    except Invalid as error:
        return _form_page(request, schedule, values, problems_of(error))
    return see_other(request, "calibration.schedule.list", id=request.matchdict["id"])


def conflict(request: Any, schedule: CalibrationSchedule, mine: Mapping[str, Any]) -> Any:
    """Shows what was typed beside what somebody else saved meanwhile."""
    equipment = find_equipment(request.unit, request.matchdict["id"], SCHEDULE_CHANGE)
    href = request.route_path("calibration.schedule.list", id=equipment.id)
    saved = Saved.of(request, "The schedule", schedule, href)
    crumbs = _crumbs(request, equipment, below=True)
    form = form_of(request, schedule)
    return show_conflict(request, form, mine, _values(schedule), saved, crumbs=crumbs)


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "calibration.schedule.list",
        "/equipment/{id:uuid}/schedules",
        show,
        permission=SCHEDULE_VIEW,
        template="calibration/plan.html",
        post=require,
        post_permission=SCHEDULE_CHANGE,
    )
    config.add_page(
        "calibration.schedule.new",
        "/equipment/{id:uuid}/schedules/new",
        show_new,
        permission=SCHEDULE_CHANGE,
        template=FORM,
        post=create,
    )
    config.add_page(
        "calibration.schedule.edit",
        "/equipment/{id:uuid}/schedules/{schedule_id:uuid}",
        show_edit,
        permission=SCHEDULE_CHANGE,
        template=FORM,
        post=save,
    )
