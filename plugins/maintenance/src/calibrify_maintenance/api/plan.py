"""Maintenance plans as a JSON resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.records.keyset import find_row
from calibrify_core.work.unit import UnitOfWork
from calibrify_maintenance.models.plan import MaintenancePlan
from calibrify_maintenance.permissions import PLAN_CHANGE, PLAN_VIEW
from calibrify_maintenance.schemas.plan import PlanChange, PlanIn, PlanOut, PlanReplacement
from calibrify_maintenance.services import plans
from calibrify_maintenance.services.plan_lists import PLANS, shape

ONE = "maintenance-plans/{id:uuid}/"


def _body(unit: UnitOfWork, plan: MaintenancePlan) -> dict[str, Any]:
    """Returns a plan as the list shows it."""
    return shape(find_row(unit, PLANS, plan.id), unit)


def _found(request: Request) -> MaintenancePlan:
    """Returns the plan of an address, locked and in the version that is meant."""
    plan = plans.find(request.unit, request.matchdict["id"], PLAN_CHANGE, lock=True)
    check_version(request, plan.version)
    return plan


def read(request: Request) -> Reply:
    """Shows a plan."""
    plan = plans.find(request.unit, request.matchdict["id"])
    return shown(_body(request.unit, plan), plan.version)


def create(request: Request) -> Reply:
    """Sets a plan."""
    plan = plans.create(request.unit, request.data.model_dump())
    return created(_body(request.unit, plan), plan.version, f"maintenance-plans/{plan.id}/")


def change(request: Request) -> Reply:
    """Changes what the body names."""
    values = request.data.model_dump()
    named = {name: values[name] for name in request.data.model_fields_set}
    plan = plans.change(request.unit, _found(request), named)
    return shown(_body(request.unit, plan), plan.version)


def replace(request: Request) -> Reply:
    """Replaces a plan."""
    plan = plans.change(request.unit, _found(request), request.data.model_dump())
    return shown(_body(request.unit, plan), plan.version)


def delete(request: Request) -> None:
    """Ends a plan."""
    plans.end(request.unit, _found(request))


def includeme(config: Any) -> None:
    """Adds the resource."""
    view: Callable[..., None] = config.add_api_view
    noun = "maintenance_plans"
    config.add_api_list(
        noun,
        listing=PLANS,
        path="maintenance-plans/",
        out=PlanOut,
        summary="Lists maintenance plans by title, ended ones included.",
    )
    view(
        read,
        noun,
        "read",
        path=ONE,
        permission=PLAN_VIEW,
        out=PlanOut,
        summary="Shows a plan with its next turn.",
    )
    writing = {"permission": PLAN_CHANGE, "out": PlanOut}
    view(
        create,
        noun,
        "create",
        path="maintenance-plans/",
        body=PlanIn,
        summary="Sets a plan for one instrument, or for all of a category.",
        **writing,
    )
    view(
        replace,
        noun,
        "replace",
        path=ONE,
        body=PlanReplacement,
        summary="Replaces a plan; open work orders stay as they are.",
        **writing,
    )
    view(
        change,
        noun,
        "change",
        path=ONE,
        body=PlanChange,
        summary="Changes the members that are named; open work orders stay as they are.",
        **writing,
    )
    view(
        delete,
        noun,
        "delete",
        path=ONE,
        permission=PLAN_CHANGE,
        summary="Ends a plan: it opens nothing more.",
    )
