"""The form of a maintenance plan: what is done, how often, and the rows of its checklist."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pyramid.response import Response

from calibrify_core.kernel.errors import Invalid
from calibrify_core.web.conflict import Saved
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_equipment.public import find_equipment
from calibrify_maintenance.models.plan import MaintenancePlan
from calibrify_maintenance.models.reach import CATEGORIES
from calibrify_maintenance.pages.checklist_rows import (
    ADD,
    bodies,
    posted_rows,
    show_both,
    shown_problems,
    shown_rows,
)
from calibrify_maintenance.pages.order_form import assignment_fields, instrument_field, tagged
from calibrify_maintenance.pages.plan import ANCHORS, SIMPLE, TYPES_OF_PLANS, UNITS, crumbs_of
from calibrify_maintenance.pages.wording import (
    PRIORITIES,
    options,
)
from calibrify_maintenance.permissions import METER_VIEW, PLAN_CHANGE, PLAN_VIEW
from calibrify_maintenance.schemas.plan import PlanChange, PlanIn
from calibrify_maintenance.services import plans
from calibrify_maintenance.services.meters import meters_of

TEXTS = frozenset({"description"})


def _form(request: Any, plan: MaintenancePlan | None) -> Form:
    """Returns the form of a plan."""
    unit = request.unit
    what = [
        FormField("title", "What is done", required=True, wide=True, extra={"maxlength": 200}),
        FormField("type", "Type", "select", required=True, options=options(TYPES_OF_PLANS)),
        FormField("priority", "Priority", "select", required=True, options=options(PRIORITIES)),
        FormField("description", "Instructions", "textarea", wide=True),
    ]
    if plan is None:
        tag = instrument_field()
        what[1:1] = [
            FormField(tag.name, tag.label, hint="Its asset tag; or choose a category", mono=True),
            FormField("category_id", "Category", "select", options=_categories(unit),
                      blank="No category"),
        ]  # fmt: skip
    often = _often(unit, plan)
    who = [
        *assignment_fields(unit),
        FormField("affects_calibration", "The work may change how it measures", "checkbox",
                  wide=True),
        FormField("signature_required", "Completed with a signature", "checkbox", wide=True),
    ]  # fmt: skip
    path = request.route_path
    action = path("maintenance.plan.new")
    back = path("maintenance.plan.list")
    if plan is not None:
        action = path("maintenance.plan.edit", id=plan.id)
        back = path("maintenance.plan.show", id=plan.id)
    return Form(
        action=action,
        sections=[
            Section("The work", what),
            Section("How often", often),
            Section("By whom, and with what effect", who),
        ],
        submit_label="Save plan",
        cancel_href=back,
        hidden=[] if plan is None else [("version", str(plan.version))],
        buttons=[] if plan is None else [("End this plan", "end")],
    )


def _often(unit: Any, plan: MaintenancePlan | None) -> list[FormField]:
    """Returns the fields that say how often the work comes round."""
    often = [
        FormField("value", "Every", "number", mono=True, hint="Empty: not by the calendar",
                  extra={"min": 1, "max": 1_000, "inputmode": "numeric"}),
        FormField("unit", "Unit", "select", required=True, options=options(UNITS)),
        FormField("rule", "Rule of its own", mono=True, wide=True,
                  hint="Instead of the two above, for example FREQ=MONTHLY;BYDAY=1MO",
                  extra={"maxlength": 300}),
        FormField("anchor", "It counts", "select", required=True, options=options(ANCHORS)),
        FormField("starts_on", "From", "date"),
        FormField("ends_on", "Until", "date"),
        FormField("lead_days", "Opened before", "number", unit="days", extra={"min": 0}),
    ]  # fmt: skip
    meters = _meters(unit, plan)
    if meters:
        often += [
            FormField("meter_id", "Meter", "select", options=meters, blank="Not by a meter"),
            FormField("meter_interval", "Due after", "decimal", hint="Of the meter's unit"),
        ]
    return often


def _categories(unit: Any) -> list[tuple[str, str]]:
    """Returns the categories of the organisation, by name."""
    statement = (
        sa.select(CATEGORIES.c.id, CATEGORIES.c.name)
        .where(CATEGORIES.c.organisation_id == unit.organisation.id)
        .order_by(sa.func.lower(CATEGORIES.c.name), CATEGORIES.c.id)
        .limit(1_000)
    )
    return [(str(row.id), row.name) for row in unit.session.execute(statement)]


def _meters(unit: Any, plan: MaintenancePlan | None) -> list[tuple[str, str]]:
    """Returns the meters of the instrument of a plan."""
    if plan is None or plan.equipment_id is None or not unit.access.permits(METER_VIEW):
        return []
    return [(str(meter.id), f"{meter.name}, {meter.unit}")
            for meter in meters_of(unit, plan.equipment_id)]  # fmt: skip


def _page(
    request: Any,
    plan: MaintenancePlan | None,
    values: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    problems: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Returns what the form page needs."""
    shown = shown_problems(problems, {"rrule": "rule", "equipment_id": "tag"})
    return {
        "title": "New maintenance plan" if plan is None else "Change the plan",
        "crumbs": crumbs_of(request),
        "form": _form(request, plan).shown(values, shown),
        **shown_rows(items),
        "checklist_hint": "Each work order starts with these items. A row without words is left "
        "out; only numbers have a unit and limits.",
    }


def show_new(request: Any) -> dict[str, Any]:
    """Shows an empty form, for the instrument that the address names."""
    values: dict[str, Any] = {"value": "12", "unit": "MONTHLY", "lead_days": "7",
                              "priority": "normal", "starts_on": request.unit.today()}  # fmt: skip
    try:
        identifier = uuid.UUID(request.GET.get("equipment", ""))
    except ValueError:
        return _page(request, None, values, ())
    values["tag"] = find_equipment(request.unit, identifier, PLAN_VIEW).asset_tag
    return _page(request, None, values, ())


def _body(values: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the form as the body of the API's request."""
    body = {
        name: "" if value is None and name in TEXTS else value
        for name, value in values.items()
        if name not in {"value", "unit", "rule", "tag"}
    }
    number = values["value"]
    body["rrule"] = values["rule"]
    if body["rrule"] is None and number is not None:
        body["rrule"] = f"FREQ={values['unit']};INTERVAL={number}"
    days = values["lead_days"] or "0"
    body["lead_days"] = int(days) if days.isascii() and days.isdigit() and len(days) < 6 else days
    body["checklist"] = bodies(items)
    return body


def create(request: Any) -> Any:
    """Sets a plan."""
    values: dict[str, Any] = {}
    items = posted_rows(request.POST)
    try:
        values = posted(_form(request, None), request.POST)
        if request.POST.get("do") == ADD:
            return _page(request, None, values, items)
        body = _body(values, items)
        if values["tag"] is not None:
            found = tagged(request.unit, values["tag"])
            if found is None:
                raise Invalid.field("tag", "There is no such instrument.")
            body["equipment_id"] = str(found)
        plan = plans.create(request.unit, validated(PlanIn, body).model_dump())
    except Invalid as error:
        return _page(request, None, values, items, problems_of(error))
    flash(request, "The plan is set.")
    return see_other(request, "maintenance.plan.show", id=plan.id)


def show_edit(request: Any) -> dict[str, Any]:
    """Shows the form of a plan."""
    plan = plans.find(request.unit, request.matchdict["id"], PLAN_CHANGE)
    return _page(request, plan, _stored(request, plan), plan.checklist)


def _stored(request: Any, plan: MaintenancePlan) -> dict[str, Any]:
    """Returns a plan as its form shows it."""
    names = [item.name for item in _form(request, plan).fields()]
    values = {name: getattr(plan, name, None) for name in names}
    match = SIMPLE.fullmatch(plan.rrule or "")
    values["unit"], values["value"], values["rule"] = "MONTHLY", None, plan.rrule
    if match is not None:
        values["unit"], values["value"], values["rule"] = match[1], match[2] or "1", None
    return values


def save(request: Any) -> Any:
    """Changes or ends a plan; who comes second sees both versions."""
    plan = plans.find(request.unit, request.matchdict["id"], PLAN_CHANGE, lock=True)
    values: dict[str, Any] = {}
    items = posted_rows(request.POST)
    try:
        values = posted(_form(request, plan), request.POST)
        if request.POST.get("do") == ADD:
            return _page(request, plan, values, items)
        if request.POST.get("version") != str(plan.version):
            return _conflict(request, plan, values, items)
        if request.POST.get("do") == "end":
            plans.end(request.unit, plan)
            flash(request, "The plan has ended.")
        else:
            body = _body(values, items)
            named = validated(PlanChange, body).model_dump(include=set(body))
            plans.change(request.unit, plan, named)
            flash(request, "The plan is changed.")
    except Invalid as error:
        return _page(request, plan, values, items, problems_of(error))
    return see_other(request, "maintenance.plan.show", id=plan.id)


def _conflict(
    request: Any,
    plan: MaintenancePlan,
    mine: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
) -> Response:
    """Shows what was typed beside what somebody else saved meanwhile."""
    href = request.route_path("maintenance.plan.show", id=plan.id)
    return show_both(
        request,
        _form(request, plan),
        (mine, items),
        (_stored(request, plan), plan.checklist),
        Saved.of(request, "The plan", plan, href),
        crumbs_of(request),
    )


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "maintenance.plan.new",
        "/maintenance/plans/new",
        show_new,
        permission=PLAN_CHANGE,
        template="maintenance/form.html",
        post=create,
    )
    config.add_page(
        "maintenance.plan.edit",
        "/maintenance/plans/{id:uuid}/edit",
        show_edit,
        permission=PLAN_CHANGE,
        template="maintenance/form.html",
        post=save,
    )
