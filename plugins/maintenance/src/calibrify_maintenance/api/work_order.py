"""Work orders as a JSON resource."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from calibrify_core.api.endpoint import BASE
from calibrify_core.api.etag import check_version
from calibrify_core.api.idempotency import once_signed
from calibrify_core.api.lists import envelope
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.auth.confirmation import Confirmed, confirm
from calibrify_core.auth.policy import visit_of
from calibrify_core.kernel.errors import Conflict, Forbidden
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.domain.work_order import Status, allowed
from calibrify_maintenance.models.work_order import WorkOrder
from calibrify_maintenance.permissions import CHANGE, REQUEST, VIEW
from calibrify_maintenance.schemas.work_order import (
    AnswersIn,
    CompletionIn,
    ReasonIn,
    ScheduleIn,
    StartIn,
    WorkOrderChange,
    WorkOrderDetail,
    WorkOrderIn,
    WorkOrderOut,
    WorkOrderReplacement,
)
from calibrify_maintenance.services import checklists, steps, work_orders
from calibrify_maintenance.services.listing import WORK_ORDERS, page_of_instrument
from calibrify_maintenance.services.signatures import signatures_of

ONE = "maintenance/{id:uuid}/"


def _detail(unit: UnitOfWork, work_order: WorkOrder) -> dict[str, Any]:
    """Returns what is shown of one work order."""
    return {
        **work_orders.read(unit, work_order),
        "signatures": signatures_of(unit, work_order),
        "allowed": list(allowed(work_order.status)),
    }


def _shown(unit: UnitOfWork, work_order: WorkOrder) -> Reply:
    """Returns one work order with its version."""
    return shown(_detail(unit, work_order), work_order.version)


def _found(request: Request) -> WorkOrder:
    """Returns the work order of an address, locked and in the version that is meant."""
    work_order = work_orders.find(request.unit, request.matchdict["id"], CHANGE, lock=True)
    check_version(request, work_order.version)
    return work_order


def read(request: Request) -> Reply:
    """Shows a work order."""
    return _shown(request.unit, work_orders.find(request.unit, request.matchdict["id"]))


def create(request: Request) -> Reply:
    """Opens a work order."""
    work_order = work_orders.request(request.unit, request.data.model_dump())
    body = _detail(request.unit, work_order)
    return created(body, work_order.version, f"maintenance/{work_order.id}/")


def change(request: Request) -> Reply:
    """Changes what the body names."""
    values = request.data.model_dump()
    named = {name: values[name] for name in request.data.model_fields_set}
    return _shown(request.unit, work_orders.change(request.unit, _found(request), named))


def replace(request: Request) -> Reply:
    """Replaces what can be changed."""
    values = request.data.model_dump()
    return _shown(request.unit, work_orders.change(request.unit, _found(request), values))


def schedule(request: Request) -> Reply:
    """Gives a work order a day."""
    identifier, values = request.matchdict["id"], request.data.model_dump()
    return _shown(request.unit, steps.schedule(request.unit, identifier, values))


def start(request: Request) -> Reply:
    """Begins the work."""
    wanted = request.data.take_out_of_service
    identifier = request.matchdict["id"]
    return _shown(request.unit, steps.start(request.unit, identifier, take_out_of_service=wanted))


def hold(request: Request) -> Reply:
    """Lets the work rest."""
    identifier = request.matchdict["id"]
    return _shown(request.unit, steps.hold(request.unit, identifier, request.data.reason))


def resume(request: Request) -> Reply:
    """Goes on with the work."""
    return _shown(request.unit, steps.resume(request.unit, request.matchdict["id"]))


def cancel(request: Request) -> Reply:
    """Says that the work will not be done."""
    identifier = request.matchdict["id"]
    return _shown(request.unit, steps.cancel(request.unit, identifier, request.data.reason))


def answer(request: Request) -> Reply:
    """Writes answers into the checklist."""
    work_order = work_orders.find(request.unit, request.matchdict["id"], CHANGE, lock=True)
    answers = [item.model_dump() for item in request.data.answers]
    return _shown(request.unit, checklists.answer(request.unit, work_order, answers))


def complete(request: Request) -> Any:
    """Completes the work; signed where the plan asks for it, or the body offers it.

    A password is verified while no transaction is open, so the state is looked at before.
    """
    identifier, asked = request.matchdict["id"], request.data

    def ask() -> Confirmed | None:
        with request.platform.session(write=False) as session:
            work_order = work_orders.find(request.unit_on(session), identifier, CHANGE)
            steps.check_step(work_order, Status.COMPLETED)
            signing = work_order.signature_required or bool(asked.password)
        if not signing:
            return None
        return confirm(
            request.platform,
            request.principal,
            asked.password,
            asked.meaning or "performed",
            visit_of(request),
        )

    return once_signed(
        request,
        ask,
        lambda unit, confirmed: _shown(
            unit, steps.complete(unit, identifier, asked.model_dump(), confirmed)
        ),
    )


def of_instrument(request: Request) -> dict[str, Any]:
    """Lists the work orders of one instrument."""
    page = page_of_instrument(request.unit, request.matchdict["id"], request.filters)
    return envelope(request, page)


def includeme(config: Any) -> None:
    """Adds the resource."""
    # A password is verified while no transaction is open.
    config.add_own_transactions(f"{BASE}maintenance/*/complete/")
    view: Callable[..., None] = config.add_api_view
    config.add_api_list(
        "work_orders",
        listing=WORK_ORDERS,
        path="maintenance/",
        out=WorkOrderOut,
        summary="Lists work orders, newest first.",
    )
    view(
        of_instrument,
        "work_orders",
        "of_equipment",
        method="GET",
        path="equipment/{id:uuid}/maintenance/",
        permission=VIEW,
        listing=lambda _platform: WORK_ORDERS,
        plural=True,
        out=WorkOrderOut,
        summary="Lists the work orders of one instrument, newest first.",
    )
    noun = partial(_noun, view)
    noun(read, "read", ONE, VIEW, None, "Shows a work order, and what may become of it.")
    noun(
        create,
        "create",
        "maintenance/",
        REQUEST,
        WorkOrderIn,
        "Opens a work order: with a day it is scheduled, without one it is requested.",
    )
    noun(change, "change", ONE, CHANGE, WorkOrderChange, "Changes the members that are named.")
    noun(
        replace,
        "replace",
        ONE,
        CHANGE,
        WorkOrderReplacement,
        "Replaces an open work order; members that are left out take their defaults.",
    )
    for call, verb, body, summary in (
        (schedule, "schedule", ScheduleIn, "Gives a work order a day, and whoever does it."),
        (start, "start", StartIn, "Begins the work, or goes on with it."),
        (hold, "hold", ReasonIn, "Lets the work rest, with a reason."),
        (resume, "resume", None, "Goes on with work that was held."),
        (answer, "answers", AnswersIn, "Writes answers into the checklist."),
        (complete, "complete", CompletionIn, "Completes the work, with a signature if asked."),
        (cancel, "cancel", ReasonIn, "Says that the work will not be done, and why."),
    ):
        noun(call, verb, f"{ONE}{verb}/", CHANGE, body, summary)


def _noun(
    view: Callable[..., None],
    call: Any,
    verb: str,
    path: str,
    permission: str,
    body: Any,
    summary: str,
) -> None:
    """Adds one view that shows a work order."""
    view(
        call,
        "work_orders",
        verb,
        path=path,
        permission=permission,
        body=body,
        out=WorkOrderDetail,
        errors=(Conflict, Forbidden) if permission != VIEW else (),
        summary=summary,
    )
