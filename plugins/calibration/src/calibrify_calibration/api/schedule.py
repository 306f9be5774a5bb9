"""Schedules, and whether an instrument needs a calibration, as JSON resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calibrify_calibration.permissions import SCHEDULE_CHANGE, SCHEDULE_VIEW, VIEW
from calibrify_calibration.schemas.schedule import (
    DriftOut,
    RequirementIn,
    RequirementOut,
    ScheduleChange,
    ScheduleIn,
    ScheduleOut,
    ScheduleReplacement,
)
from calibrify_calibration.services import schedules
from calibrify_calibration.services.drift import drift_of
from calibrify_calibration.services.listing import SCHEDULES
from calibrify_calibration.services.states import requirement_of, set_requirement
from calibrify_core.api.etag import check_version
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request

ONE = "calibration-schedules/{id:uuid}/"
NEED = "equipment/{id:uuid}/calibration-requirement/"


def read(request: Request) -> Reply:
    """Shows a schedule."""
    schedule = schedules.find_schedule(request.unit, request.matchdict["id"])
    return shown(schedules.schedule_out(schedule, request.unit), schedule.version)


def create(request: Request) -> Reply:
    """Sets a schedule."""
    schedule = schedules.create(request.unit, request.data.model_dump())
    body = schedules.schedule_out(schedule, request.unit)
    return created(body, schedule.version, f"calibration-schedules/{schedule.id}/")


def change(request: Request) -> Reply:
    """Changes what the body names."""
    schedule = schedules.find_schedule(request.unit, request.matchdict["id"], SCHEDULE_CHANGE)
    check_version(request, schedule.version)
    values = request.data.model_dump()
    named = {name: values[name] for name in request.data.model_fields_set}
    schedules.change(request.unit, schedule, named)
    return shown(schedules.schedule_out(schedule, request.unit), schedule.version)


def replace(request: Request) -> Reply:
    """Replaces a schedule."""
    schedule = schedules.find_schedule(request.unit, request.matchdict["id"], SCHEDULE_CHANGE)
    check_version(request, schedule.version)
    schedules.change(request.unit, schedule, request.data.model_dump())
    return shown(schedules.schedule_out(schedule, request.unit), schedule.version)


def delete(request: Request) -> None:
    """Ends a schedule."""
    schedule = schedules.find_schedule(request.unit, request.matchdict["id"], SCHEDULE_CHANGE)
    check_version(request, schedule.version)
    schedules.end(request.unit, schedule)


def read_requirement(request: Request) -> dict[str, Any]:
    """Shows whether an instrument needs a calibration."""
    return requirement_of(request.unit, request.matchdict["id"])


def put_requirement(request: Request) -> dict[str, Any]:
    """Says whether an instrument needs a calibration."""
    asked, identifier = request.data, request.matchdict["id"]
    set_requirement(
        request.unit,
        identifier,
        asked.calibration_required,
        asked.calibration_not_required_reason,
    )
    return requirement_of(request.unit, identifier)


def drift(request: Request) -> dict[str, Any]:
    """Shows the drift of an instrument."""
    return drift_of(request.unit, request.matchdict["id"])


def includeme(config: Any) -> None:
    """Adds the resources."""
    view: Callable[..., None] = config.add_api_view
    noun = "calibration_schedules"
    config.add_api_list(
        noun,
        listing=SCHEDULES,
        path="calibration-schedules/",
        out=ScheduleOut,
        summary="Lists active schedules.",
    )
    view(
        read,
        noun,
        "read",
        path=ONE,
        permission=SCHEDULE_VIEW,
        out=ScheduleOut,
        summary="Shows a schedule with the due date that follows from the records.",
    )
    writing = {"permission": SCHEDULE_CHANGE, "out": ScheduleOut}
    view(
        create,
        noun,
        "create",
        path="calibration-schedules/",
        body=ScheduleIn,
        summary="Sets a schedule of an instrument.",
        **writing,
    )
    view(
        replace,
        noun,
        "replace",
        path=ONE,
        body=ScheduleReplacement,
        summary="Replaces interval, anchor, weekend rule and opening due date.",
        **writing,
    )
    view(
        change,
        noun,
        "change",
        path=ONE,
        body=ScheduleChange,
        summary="Changes the members that are named.",
        **writing,
    )
    view(
        delete,
        noun,
        "delete",
        path=ONE,
        permission=SCHEDULE_CHANGE,
        summary="Ends a schedule.",
    )
    view(
        read_requirement,
        "calibration_requirement",
        "read",
        path=NEED,
        permission=VIEW,
        out=RequirementOut,
        summary="Shows whether an instrument needs a calibration, and its status.",
    )
    view(
        put_requirement,
        "calibration_requirement",
        "set",
        method="PUT",
        path=NEED,
        permission=SCHEDULE_CHANGE,
        body=RequirementIn,
        out=RequirementOut,
        summary="Says whether an instrument needs a calibration, and why not.",
    )
    view(
        drift,
        "drift",
        "read",
        path="equipment/{id:uuid}/drift/",
        permission=VIEW,
        out=DriftOut,
        summary="Shows the drift of an instrument, one series for each test point.",
    )
