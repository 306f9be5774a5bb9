"""Steps of a work order that ask for something: a day, a reason, what came of the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from calibrify_core.auth.confirmation import confirm
from calibrify_core.auth.policy import visit_of
from calibrify_core.kernel.errors import (
    CalibrifyError,
    Conflict,
    Forbidden,
    Invalid,
    TooManyRequests,
    Unauthenticated,
)
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.page import reading_unit
from calibrify_core.work.currency import currency_of
from calibrify_equipment.public import find_equipment
from calibrify_maintenance.domain.work_order import Status
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.pages.order_form import FORM, assignment_fields
from calibrify_maintenance.pages.work_order import crumbs_of
from calibrify_maintenance.permissions import CHANGE
from calibrify_maintenance.schemas.work_order import CompletionIn, ScheduleIn
from calibrify_maintenance.services import steps, work_orders

PROMISED = (Invalid, Forbidden, Conflict, Unauthenticated, TooManyRequests)
REASON = FormField("reason", "Reason", "textarea", required=True, wide=True, rows=3,
                   hint="It stays in the history.", extra={"maxlength": 2_000})  # fmt: skip
COST = FormField("cost", "Cost", "decimal")
RESULTS = (
    FormField("work_done", "What was done", "textarea", wide=True),
    FormField("labour_minutes", "Labour", "number", unit="minutes", extra={"min": 0}),
    FormField("downtime_minutes", "Downtime", "number", unit="minutes", extra={"min": 0}),
    COST,
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
    priced = replace(COST, unit=currency_of(unit))
    fields = [priced if item is COST else item for item in RESULTS]
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
