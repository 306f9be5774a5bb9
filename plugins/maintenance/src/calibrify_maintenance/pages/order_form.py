"""Forms of work orders: opening one, changing one, and each step that asks for something."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from calibrify_core.auth.confirmation import confirm
from calibrify_core.auth.people import People
from calibrify_core.auth.policy import visit_of
from calibrify_core.kernel.errors import (
    CalibrifyError,
    Conflict,
    Forbidden,
    Invalid,
    TooManyRequests,
    Unauthenticated,
)
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.page import reading_unit
from calibrify_equipment.public import find_equipment, list_of_equipment
from calibrify_maintenance.domain.work_order import Status
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.pages.wording import PRIORITIES, TYPES, options
from calibrify_maintenance.pages.work_order import crumbs_of
from calibrify_maintenance.permissions import CHANGE, REQUEST
from calibrify_maintenance.schemas.work_order import (
    CompletionIn,
    ScheduleIn,
    WorkOrderChange,
    WorkOrderIn,
)
from calibrify_maintenance.services import steps, work_orders

FORM = "calibrify/form.html"
TEXTS = frozenset({"description", "work_done", "failure_code"})
PROMISED = (Invalid, Forbidden, Conflict, Unauthenticated, TooManyRequests)


def assignment_fields(unit: Any) -> list[FormField]:
    """Returns the fields that say who does the work."""
    people = People(unit)
    persons = [(str(key), name) for key, name in people.choices()]
    groups = [(str(key), name) for key, name in people.groups()]
    found = [
        FormField("assigned_to_id", "Assigned to", "select", options=persons, blank="Nobody yet")
    ]
    if groups:
        found.append(
            FormField("assigned_group_id", "Group", "select", options=groups, blank="No group")
        )
    return found


def instrument_field() -> FormField:
    """Returns the field that names an instrument by its tag."""
    return FormField(
        "tag", "Instrument", hint="Its asset tag, as on its label", required=True, mono=True
    )


def tagged(unit: Any, tag: str | None) -> uuid.UUID | None:
    """Returns the instrument of a tag that the person may see, None if there is none."""
    spec = list_of_equipment(unit.platform)
    if not tag or len(tag) > 100:
        return None
    rows = run_list(unit, spec, read_request(spec, [("q", tag), ("limit", "50")])).rows
    wanted = tag.casefold()
    return next((row["id"] for row in rows if row["asset_tag"].casefold() == wanted), None)


def _form(request: Any, work_order: WorkOrder | None) -> Form:
    """Returns the form of a work order."""
    unit, path = request.unit, request.route_path
    may_plan = unit.access.permits(CHANGE)
    what = [
        FormField("title", "What is to be done", required=True, wide=True,
                  extra={"maxlength": 200}),
        FormField("type", "Type", "select", required=True, options=options(TYPES)),
        FormField("priority", "Priority", "select", required=True, options=options(PRIORITIES)),
        FormField("description", "Description", "textarea", wide=True),
    ]  # fmt: skip
    if work_order is None:
        what.insert(0, instrument_field())
    when = [FormField("due_on", "Due on", "date")]
    if may_plan:
        when.append(FormField("scheduled_date", "Planned for", "date"))
        when += assignment_fields(unit)
    when.append(
        FormField(
            "affects_calibration",
            "The work may change how it measures",
            "checkbox",
            hint="Once it is completed, the instrument needs a calibration before it is used.",
            wide=True,
        )
    )
    if work_order is None:
        action, back = path("maintenance.work_order.new"), path("maintenance.work_order.board")
    else:
        action = path("maintenance.work_order.edit", id=work_order.id)
        back = path("maintenance.work_order.show", id=work_order.id)
    return Form(
        action=action,
        sections=[Section("The work", what), Section("When, and by whom", when)],
        submit_label="Open work order" if work_order is None else "Save",
        cancel_href=back,
        hidden=[] if work_order is None else [("version", str(work_order.version))],
    )


def _page(
    request: Any,
    work_order: WorkOrder | None,
    values: Mapping[str, Any],
    problems: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Returns what the form page needs."""
    names = {"equipment_id": "tag"}
    shown = [{**one, "name": names.get(one["name"], one["name"])} for one in problems]
    title = "New work order" if work_order is None else f"Change {work_order.number}"
    crumbs: list[tuple[str, str | None]] = [
        ("Maintenance", request.route_path("maintenance.work_order.board"))
    ]
    return {
        "title": title,
        "crumbs": crumbs,
        "form": _form(request, work_order).shown(values, shown),
    }


def show_new(request: Any) -> dict[str, Any]:
    """Shows an empty form, for the instrument that the address names."""
    values: dict[str, Any] = {"type": "corrective", "priority": "normal"}
    try:
        equipment_id = uuid.UUID(request.GET.get("equipment", ""))
    except ValueError:
        return _page(request, None, values)
    values["tag"] = find_equipment(request.unit, equipment_id, REQUEST).asset_tag
    return _page(request, None, values)


def create(request: Any) -> Any:
    """Opens a work order."""
    values: dict[str, Any] = {}
    try:
        values = posted(_form(request, None), request.POST)
        found = tagged(request.unit, values["tag"])
        if found is None:
            raise Invalid.field("tag", "There is no such instrument.")
        body = {name: value for name, value in values.items() if value is not None}
        body = {**body, "equipment_id": str(found)}
        del body["tag"]
        work_order = work_orders.request(request.unit, validated(WorkOrderIn, body).model_dump())
    except Invalid as error:
        return _page(request, None, values, problems_of(error))
    flash(request, f"{work_order.number} is open.")
    return see_other(request, "maintenance.work_order.show", id=work_order.id)


def show_edit(request: Any) -> dict[str, Any]:
    """Shows the form of a work order."""
    work_order = work_orders.find(request.unit, request.matchdict["id"], CHANGE)
    names = [item.name for item in _form(request, work_order).fields()]
    return _page(request, work_order, {name: getattr(work_order, name) for name in names})


def save(request: Any) -> Any:
    """Changes a work order; who comes second is told, and keeps what was typed."""
    work_order = work_orders.find(request.unit, request.matchdict["id"], CHANGE, lock=True)
    values: dict[str, Any] = {}
    try:
        values = posted(_form(request, work_order), request.POST)
        if request.POST.get("version") != str(work_order.version):
            raise Invalid.field(
                "title", "It was changed by somebody else meanwhile. Save again to overwrite that."
            )
        body = {
            name: "" if value is None and name in TEXTS else value for name, value in values.items()
        }
        named = validated(WorkOrderChange, body).model_dump(include=set(body))
        work_orders.change(request.unit, work_order, named)
    except (Invalid, Conflict) as error:
        return _page(request, work_order, values, problems_of(error))
    flash(request, f"{work_order.number} is changed.")
    return see_other(request, "maintenance.work_order.show", id=work_order.id)


REASON = FormField("reason", "Reason", "textarea", required=True, wide=True, rows=3,
                   hint="It stays in the history.", extra={"maxlength": 2_000})  # fmt: skip
RESULTS = (
    FormField("work_done", "What was done", "textarea", wide=True),
    FormField("labour_minutes", "Labour", "number", unit="minutes", extra={"min": 0}),
    FormField("downtime_minutes", "Downtime", "number", unit="minutes", extra={"min": 0}),
    FormField("cost", "Cost", "decimal"),
    FormField("failure_code", "Failure code", mono=True, extra={"maxlength": 60}),
    FormField("affects_calibration", "The work may have changed how it measures", "checkbox",
              hint="The instrument then needs a calibration before it is used.", wide=True),
    FormField("return_to_service", "Put the instrument back in service", "checkbox", wide=True),
)  # fmt: skip
TITLES: Mapping[str, tuple[str, str, Status]] = {
    "schedule": ("Plan", "Plan", Status.SCHEDULED),
    "start": ("Start work on", "Start work", Status.IN_PROGRESS),
    "hold": ("Put on hold:", "Put on hold", Status.ON_HOLD),
    "cancel": ("Cancel", "Cancel work order", Status.CANCELLED),
    "complete": ("Complete", "Complete", Status.COMPLETED),
}


def _step_fields(unit: Any, work_order: WorkOrder, verb: str) -> list[FormField]:
    """Returns what a step asks for."""
    if verb == "schedule":
        return [
            FormField("scheduled_date", "Planned for", "date", required=True),
            *assignment_fields(unit),
        ]
    if verb == "start":
        label = "Take the instrument out of use: in maintenance"
        return [FormField("take_out_of_service", label, "checkbox", wide=True)]
    if verb in {"hold", "cancel"}:
        return [REASON]
    fields = list(RESULTS)
    if work_order.signature_required:
        hint = "You sign the work order as it stands."
        fields.append(FormField("password", "Your password", "password", hint, required=True))
    return fields


def offer(
    request: Any,
    verb: str,
    values: Mapping[str, Any] | None = None,
    problems: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Shows what a step asks for.

    Raises:
        Conflict: the state of the work order does not allow it.
    """
    unit = reading_unit(request)
    work_order = work_orders.find(unit, request.matchdict["id"], CHANGE)
    title, label, wanted = TITLES[verb]
    steps.check_step(work_order, wanted)
    equipment = find_equipment(unit, work_order.equipment_id, CHANGE)
    fields = _step_fields(unit, work_order, verb)
    if values is None:
        values = {item.name: getattr(work_order, item.name, None) for item in fields}
        values["return_to_service"] = equipment.status == "in_maintenance"
    path = request.route_path
    form = Form(
        action=path(f"maintenance.work_order.{verb}", id=work_order.id),
        sections=[Section(work_order.title, fields)],
        submit_label=f"Sign and {label.lower()}" if fields[-1].kind == "password" else label,
        cancel_href=path("maintenance.work_order.show", id=work_order.id),
        cancel_label="Keep it open" if verb == "cancel" else "",
    )
    names = {item.name for item in fields}
    shown = [{**one, "name": one["name"] if one["name"] in names else ""} for one in problems]
    return {
        "title": f"{title} {work_order.number}",
        "crumbs": crumbs_of(request, equipment),
        "form": {
            **form.shown({**values, "password": None}, shown),
            "lead": f"{equipment.asset_tag} {equipment.name}",
        },
    }


def take(request: Any, verb: str) -> Any:
    """Takes a step, and leads back to the work order."""
    identifier = request.matchdict["id"]
    values: dict[str, Any] = {}
    try:
        unit = reading_unit(request)
        work_order = work_orders.find(unit, identifier, CHANGE)
        steps.check_step(work_order, TITLES[verb][2])
        fields = _step_fields(unit, work_order, verb)
        values = posted(Form("", [Section("", fields)]), request.POST)
        number = work_order.number
        _TAKE[verb](request, work_order, values)
    except PROMISED as error:
        return offer(request, verb, values, _problems(error))
    flash(request, f"{number}: {TITLES[verb][1].lower()}, done.")
    return see_other(request, "maintenance.work_order.show", id=identifier)


def _problems(error: CalibrifyError) -> list[dict[str, str]]:
    """Returns the problems of a refused step; a wrong password stands at its field."""
    if isinstance(error, Unauthenticated):
        return [{"name": "password", "text": "This is not your password."}]
    if isinstance(error, Invalid) and any("checklist" in one.pointer for one in error.errors):
        return [{"name": "", "text": "Answer the required items of the checklist first."}]
    return problems_of(error)


def _schedule(request: Any, work_order: WorkOrder, values: Mapping[str, Any]) -> None:
    """Gives it a day."""
    body = {name: value for name, value in values.items() if value is not None}
    steps.schedule(request.unit, work_order.id, validated(ScheduleIn, body).model_dump())


def _start(request: Any, work_order: WorkOrder, values: Mapping[str, Any]) -> None:
    """Begins the work, or goes on with it."""
    away = values["take_out_of_service"]
    steps.start(request.unit, work_order.id, take_out_of_service=away)


def _hold(request: Any, work_order: WorkOrder, values: Mapping[str, Any]) -> None:
    """Lets the work rest."""
    steps.hold(request.unit, work_order.id, (values["reason"] or "")[:2_000])


def _cancel(request: Any, work_order: WorkOrder, values: Mapping[str, Any]) -> None:
    """Says that the work will not be done."""
    steps.cancel(request.unit, work_order.id, (values["reason"] or "")[:2_000])


def _complete(request: Any, work_order: WorkOrder, values: Mapping[str, Any]) -> None:
    """Completes the work; the address opens its own transactions, for a password takes time."""
    identifier, needed = work_order.id, work_order.signature_required
    request.reader.session.rollback()
    body = {name: value for name, value in values.items() if value is not None}
    for name in ("labour_minutes", "downtime_minutes"):
        text = str(body.get(name, ""))
        if text.isascii() and text.isdigit() and len(text) < 10:
            body[name] = int(text)
    results = validated(CompletionIn, body).model_dump()
    signed = None
    if needed:
        visit = visit_of(request)
        signed = confirm(
            request.platform, request.principal, results["password"], "performed", visit
        )
    with request.short_unit() as unit:
        steps.complete(unit, identifier, results, signed)


_TAKE: Mapping[str, Callable[[Any, WorkOrder, Mapping[str, Any]], None]] = {
    "schedule": _schedule,
    "start": _start,
    "hold": _hold,
    "cancel": _cancel,
    "complete": _complete,
}


def includeme(config: Any) -> None:
    """Adds the pages; the one that takes a password opens short transactions of its own."""
    config.add_own_transactions("/maintenance/orders/*/complete")
    config.add_page(
        "maintenance.work_order.new",
        "/maintenance/orders/new",
        show_new,
        permission=REQUEST,
        template=FORM,
        post=create,
    )
    config.add_page(
        "maintenance.work_order.edit",
        "/maintenance/orders/{id:uuid}/edit",
        show_edit,
        permission=CHANGE,
        template=FORM,
        post=save,
    )
    for verb in TITLES:
        config.add_page(
            f"maintenance.work_order.{verb}",
            f"/maintenance/orders/{{id:uuid}}/{verb}",
            _bound(offer, verb),
            permission=CHANGE,
            template=FORM,
            post=_bound(take, verb),
        )


def _bound(view: Callable[..., Any], verb: str) -> Callable[[Any], Any]:
    """Returns a view of one step."""
    bound: Any = partial(view, verb=verb)
    bound.__name__, bound.__module__ = f"{view.__name__}_{verb}", view.__module__
    found: Callable[[Any], Any] = bound
    return found
