"""Forms of work orders: opening one, and changing one, with the rows of its checklist."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.response import Response

from calibrify_core.auth.people import People
from calibrify_core.kernel.errors import Conflict, Invalid
from calibrify_core.records.keyset import run_list
from calibrify_core.records.listing import read_request
from calibrify_core.web.conflict import Saved
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_equipment.public import find_equipment, list_of_equipment
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.pages.checklist_rows import (
    ADD,
    bodies,
    posted_rows,
    show_both,
    shown_problems,
    shown_rows,
)
from calibrify_maintenance.pages.wording import PRIORITIES, TYPES, options
from calibrify_maintenance.permissions import CHANGE, REQUEST
from calibrify_maintenance.schemas.work_order import (
    WorkOrderChange,
    WorkOrderIn,
)
from calibrify_maintenance.services import work_orders

FORM = "calibrify/form.html"
ROWS_FORM = "maintenance/form.html"
TEXTS = frozenset({"description", "work_done", "failure_code"})


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
    rows: Sequence[Mapping[str, Any]] | None,
    problems: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Returns what the form page needs; without rows where the checklist is a plan's."""
    shown = shown_problems(problems, {"equipment_id": "tag"})
    title = "New work order" if work_order is None else f"Change {work_order.number}"
    return {
        "title": title,
        "crumbs": _crumbs(request),
        "form": _form(request, work_order).shown(values, shown),
        **({} if rows is None else shown_rows(rows)),
        "checklist_hint": "What is to be answered. A row without words is left out; only numbers "
        "have a unit and limits.",
    }


def _crumbs(request: Any) -> list[tuple[str, str | None]]:
    """Returns the way to a form."""
    return [("Maintenance", request.route_path("maintenance.work_order.board"))]


def show_new(request: Any) -> dict[str, Any]:
    """Shows an empty form, for the instrument that the address names."""
    values: dict[str, Any] = {"type": "corrective", "priority": "normal"}
    try:
        equipment_id = uuid.UUID(request.GET.get("equipment", ""))
    except ValueError:
        return _page(request, None, values, ())
    values["tag"] = find_equipment(request.unit, equipment_id, REQUEST).asset_tag
    return _page(request, None, values, ())


def create(request: Any) -> Any:
    """Opens a work order, or shows the form with more rows."""
    values: dict[str, Any] = {}
    rows = posted_rows(request.POST)
    try:
        values = posted(_form(request, None), request.POST)
        if request.POST.get("do") == ADD:
            return _page(request, None, values, rows)
        found = tagged(request.unit, values["tag"])
        if found is None:
            raise Invalid.field("tag", "There is no such instrument.")
        body = {name: value for name, value in values.items() if value is not None}
        body = {**body, "equipment_id": str(found), "checklist": bodies(rows)}
        del body["tag"]
        work_order = work_orders.request(request.unit, validated(WorkOrderIn, body).model_dump())
    except Invalid as error:
        return _page(request, None, values, rows, problems_of(error))
    flash(request, f"{work_order.number} is open.")
    return see_other(request, "maintenance.work_order.show", id=work_order.id)


def show_edit(request: Any) -> dict[str, Any]:
    """Shows the form of a work order."""
    work_order = work_orders.find(request.unit, request.matchdict["id"], CHANGE)
    return _page(request, work_order, _stored(request, work_order), _rows(work_order))


def _stored(request: Any, work_order: WorkOrder) -> dict[str, Any]:
    """Returns a work order as its form shows it."""
    names = [item.name for item in _form(request, work_order).fields()]
    return {name: getattr(work_order, name) for name in names}


def _rows(work_order: WorkOrder) -> Sequence[Mapping[str, Any]] | None:
    """Returns the checklist as the form shows it; None: it is a plan's, and changes there."""
    return None if work_order.plan_id else work_order.checklist


def save(request: Any) -> Any:
    """Changes a work order; who comes second sees both versions."""
    work_order = work_orders.find(request.unit, request.matchdict["id"], CHANGE, lock=True)
    values: dict[str, Any] = {}
    rows = posted_rows(request.POST) if _rows(work_order) is not None else None
    try:
        values = posted(_form(request, work_order), request.POST)
        if request.POST.get("do") == ADD:
            return _page(request, work_order, values, rows)
        if request.POST.get("version") != str(work_order.version):
            return _conflict(request, work_order, values, rows)
        body = {
            name: "" if value is None and name in TEXTS else value for name, value in values.items()
        }
        if rows is not None:
            body["checklist"] = bodies(rows)
        named = validated(WorkOrderChange, body).model_dump(include=set(body))
        work_orders.change(request.unit, work_order, named)
    except (Invalid, Conflict) as error:
        return _page(request, work_order, values, rows, problems_of(error))
    flash(request, f"{work_order.number} is changed.")
    return see_other(request, "maintenance.work_order.show", id=work_order.id)


def _conflict(
    request: Any,
    work_order: WorkOrder,
    mine: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]] | None,
) -> Response:
    """Shows what was typed beside what somebody else saved meanwhile."""
    href = request.route_path("maintenance.work_order.show", id=work_order.id)
    return show_both(
        request,
        _form(request, work_order),
        (mine, rows or ()),
        (_stored(request, work_order), _rows(work_order) or ()),
        Saved.of(request, work_order.number, work_order, href),
        _crumbs(request),
    )


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "maintenance.work_order.new",
        "/maintenance/orders/new",
        show_new,
        permission=REQUEST,
        template=ROWS_FORM,
        post=create,
    )
    config.add_page(
        "maintenance.work_order.edit",
        "/maintenance/orders/{id:uuid}/edit",
        show_edit,
        permission=CHANGE,
        template=ROWS_FORM,
        post=save,
    )
