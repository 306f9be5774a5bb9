"""Maintenance plans: setting, changing and ending them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from calibrify_core.kernel.errors import FieldError, Invalid, NotFound
from calibrify_core.kernel.ids import new_id
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.public import equipment_by_id
from calibrify_maintenance.domain import checklist, recurrence
from calibrify_maintenance.models.meter import Meter
from calibrify_maintenance.models.plan import MaintenancePlan
from calibrify_maintenance.models.reach import CATEGORIES
from calibrify_maintenance.permissions import METER_VIEW, PLAN_CHANGE, PLAN_VIEW
from calibrify_maintenance.services.references import ABSENT, assignment_errors

CALENDAR = ("rrule", "starts_on", "ends_on")
DEFAULTS: Mapping[str, Any] = {
    "type": "preventive",
    "description": "",
    "rrule": None,
    "anchor": "scheduled",
    "starts_on": None,
    "ends_on": None,
    "lead_days": 0,
    "meter_id": None,
    "meter_interval": None,
    "priority": "normal",
    "assigned_to_id": None,
    "assigned_group_id": None,
    "checklist": [],
    "affects_calibration": False,
    "signature_required": False,
}


def find(
    unit: UnitOfWork, plan_id: uuid.UUID, permission: str = PLAN_VIEW, *, lock: bool = False
) -> MaintenancePlan:
    """Returns a plan; one of a category is seen by all who may see plans at all.

    Args:
        unit: the unit of work.
        plan_id: which one.
        permission: whose scope it must lie in.
        lock: hold it until the transaction ends.

    Raises:
        NotFound: it does not exist, or lies outside of what the permission reaches.
    """
    statement = unit.select(MaintenancePlan, permission).where(MaintenancePlan.id == plan_id)
    if lock:
        statement = statement.with_for_update(of=MaintenancePlan)
    found = unit.session.scalars(statement).one_or_none()
    if found is None or (permission == PLAN_CHANGE and not _may_change(unit, found)):
        raise NotFound("This plan does not exist.")
    return found


def create(unit: UnitOfWork, values: Mapping[str, Any]) -> MaintenancePlan:
    """Sets a plan for one instrument, or for all of a category.

    Args:
        unit: the unit of work.
        values: members as `schemas.plan.PlanIn` names them.

    Raises:
        Forbidden: nobody said that the author may do this anywhere.
        Invalid: with every problem.
    """
    unit.access.require(PLAN_CHANGE)
    given = {**DEFAULTS, **values}
    given["starts_on"] = given["starts_on"] or unit.today()
    equipment_id, category_id = given.get("equipment_id"), given.get("category_id")
    errors = _target_errors(unit, equipment_id, category_id) + _problems(unit, given, equipment_id)
    if errors:
        raise Invalid(errors)
    plan = MaintenancePlan(
        id=new_id(),
        organisation_id=unit.organisation.id,
        equipment_id=equipment_id,
        category_id=category_id,
        **_columns(given),
    )
    unit.add(plan)
    unit.session.flush()
    return plan


def change(unit: UnitOfWork, plan: MaintenancePlan, values: Mapping[str, Any]) -> MaintenancePlan:
    """Changes a plan; orders that are open stay as they are.

    Args:
        unit: the unit of work.
        plan: from `find` with `PLAN_CHANGE`.
        values: the members that change.

    Raises:
        Invalid: with every problem.
    """
    given = {**{name: getattr(plan, name) for name in (*DEFAULTS, "title")}, **values}
    given["starts_on"] = given["starts_on"] or plan.starts_on
    if errors := _problems(unit, given, plan.equipment_id, plan):
        raise Invalid(errors)
    if given["meter_id"] != plan.meter_id or given["meter_interval"] != plan.meter_interval:
        plan.meter_due_at = None
    for name, value in _columns(given).items():
        if value != getattr(plan, name):
            setattr(plan, name, value)
    unit.session.flush()
    return plan


def end(unit: UnitOfWork, plan: MaintenancePlan) -> None:
    """Ends a plan: it opens nothing more and stays in the history."""
    plan.active = False
    unit.session.flush()


def _columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the columns of a plan, its checklist without answers."""
    columns = {name: given[name] for name in (*DEFAULTS, "title")}
    columns["checklist"] = [
        {name: item[name] for name in ("id", *checklist.ASKED)}
        for item in checklist.fresh(given["checklist"])
    ]
    return columns


def _problems(
    unit: UnitOfWork,
    given: Mapping[str, Any],
    equipment_id: uuid.UUID | None,
    present: MaintenancePlan | None = None,
) -> list[FieldError]:
    """Returns what is wrong with the members of a plan."""
    errors = assignment_errors(unit, given, present)
    errors += [
        FieldError(f"/checklist{where}", what)
        for where, what in checklist.problems_of(given["checklist"])
    ]
    if given["rrule"] is None and given["meter_id"] is None:
        errors.append(FieldError("/rrule", "Say how often: by a rule, by a meter, or both."))
    wrong = given["rrule"] and recurrence.problem_of(given["rrule"], given["starts_on"])
    if wrong:
        errors.append(FieldError("/rrule", wrong))
    if given["ends_on"] is not None and given["ends_on"] < given["starts_on"]:
        errors.append(FieldError("/ends_on", "The plan ends before it begins."))
    if (given["meter_id"] is None) != (given["meter_interval"] is None):
        errors.append(FieldError("/meter_interval", "A meter and its interval belong together."))
    known = present is not None and given["meter_id"] == present.meter_id
    if given["meter_id"] is not None and not known:
        statement = unit.select(Meter, METER_VIEW).where(
            Meter.id == given["meter_id"], Meter.equipment_id == equipment_id
        )
        if unit.session.scalars(statement).one_or_none() is None:
            errors.append(FieldError("/meter_id", "The instrument has no such meter."))
    return errors


def _target_errors(
    unit: UnitOfWork, equipment_id: uuid.UUID | None, category_id: uuid.UUID | None
) -> list[FieldError]:
    """Returns what is wrong with what a plan is for."""
    if (equipment_id is None) == (category_id is None):
        return [FieldError("/equipment_id", "A plan is for one instrument, or for one category.")]
    if equipment_id is not None:
        found = equipment_by_id(unit, [equipment_id], PLAN_CHANGE)
        return [] if found else [FieldError("/equipment_id", ABSENT)]
    if category_id is not None and not _reaches_category(unit, category_id):
        return [FieldError("/category_id", ABSENT)]
    return []


def _may_change(unit: UnitOfWork, plan: MaintenancePlan) -> bool:
    """Tells whether the author may change a plan that they can see."""
    return plan.category_id is None or _reaches_category(unit, plan.category_id)


def _reaches_category(unit: UnitOfWork, category_id: uuid.UUID) -> bool:
    """Tells whether a category exists and all its instruments are the author's to plan for."""
    statement = sa.select(CATEGORIES.c.lineage).where(
        CATEGORIES.c.id == category_id,
        CATEGORIES.c.organisation_id == unit.organisation.id,
    )
    lineage: str | None = unit.session.execute(statement).scalar_one_or_none()
    if lineage is None:
        return False
    scope = unit.access.scope(PLAN_CHANGE)
    roots = scope.limits.get("category", ())
    return scope.everything or any(f"{root.hex}/" in lineage for root in roots)
