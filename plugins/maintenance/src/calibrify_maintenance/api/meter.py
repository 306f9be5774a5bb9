"""Meters and their readings as JSON resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calibrify_core.api.etag import check_version
from calibrify_core.api.lists import envelope
from calibrify_core.api.reply import Reply, created, shown
from calibrify_core.api.request import Request
from calibrify_core.api.types import changes
from calibrify_core.kernel.errors import Conflict
from calibrify_maintenance.permissions import METER_CHANGE, METER_RECORD, METER_VIEW
from calibrify_maintenance.schemas.meter import (
    MeterChange,
    MeterIn,
    MeterOut,
    MeterReplacement,
    ReadingIn,
    ReadingOut,
)
from calibrify_maintenance.services import meters
from calibrify_maintenance.services.stock_lists import METERS, READINGS, page_of_readings, read_one

ONE = "meters/{id:uuid}/"


def read(request: Request) -> Reply:
    """Shows a meter."""
    return shown(*read_one(request.unit, METERS, request.matchdict["id"]))


def create(request: Request) -> Reply:
    """Gives an instrument a meter."""
    meter = meters.add(request.unit, request.data.model_dump())
    return created(*read_one(request.unit, METERS, meter.id), f"meters/{meter.id}/")


def _write(request: Request, values: dict[str, Any]) -> Reply:
    """Changes some members of a meter."""
    meter = meters.find(request.unit, request.matchdict["id"], METER_CHANGE)
    check_version(request, meter.version)
    meters.change(request.unit, meter, values)
    return shown(*read_one(request.unit, METERS, meter.id))


def replace(request: Request) -> Reply:
    """Replaces a meter; its readings stay."""
    return _write(request, request.data.model_dump())


def change(request: Request) -> Reply:
    """Changes what the body names."""
    return _write(request, changes(request.data))


def delete(request: Request) -> None:
    """Gives a meter up."""
    meter = meters.find(request.unit, request.matchdict["id"], METER_CHANGE)
    check_version(request, meter.version)
    meters.delete(request.unit, meter)


def readings(request: Request) -> dict[str, Any]:
    """Lists the readings of a meter."""
    return envelope(
        request, page_of_readings(request.unit, request.matchdict["id"], request.filters)
    )


def record(request: Request) -> Reply:
    """Enters what a meter shows."""
    asked, unit = request.data, request.unit
    made = meters.record(
        unit,
        request.matchdict["id"],
        asked.value,
        asked.read_at,
        reset=asked.reset,
        reason=asked.reason,
    )
    body = {name: getattr(made, name) for name in ReadingOut.model_fields}
    return Reply(body, 201, location=f"/api/v1/meters/{made.meter_id}/readings/")


def includeme(config: Any) -> None:
    """Adds the resource."""
    view: Callable[..., None] = config.add_api_view
    config.add_api_list(
        "meters", listing=METERS, path="meters/", out=MeterOut,
        summary="Lists meters of instruments, by name.",
    )  # fmt: skip
    view(
        read, "meters", "read", path=ONE, permission=METER_VIEW, out=MeterOut,
        summary="Shows a meter with its latest reading.",
    )  # fmt: skip
    writing = {"permission": METER_CHANGE, "out": MeterOut}
    view(
        create, "meters", "create", path="meters/", body=MeterIn,
        summary="Gives an instrument a meter.", **writing,
    )  # fmt: skip
    view(
        replace, "meters", "replace", path=ONE, body=MeterReplacement,
        summary="Replaces a meter; its readings stay.", **writing,
    )  # fmt: skip
    view(
        change, "meters", "change", path=ONE, body=MeterChange,
        summary="Changes the members that are named.", **writing,
    )  # fmt: skip
    view(
        delete, "meters", "delete", path=ONE, permission=METER_CHANGE,
        summary="Deletes a meter without readings; any other becomes inactive.",
    )  # fmt: skip
    view(
        readings, "meters", "readings", method="GET", path=f"{ONE}readings/",
        permission=METER_VIEW, listing=lambda _platform: READINGS, plural=True, out=ReadingOut,
        summary="Lists the readings of a meter, newest first.",
    )  # fmt: skip
    view(
        record, "meters", "record", method="POST", path=f"{ONE}readings/", body=ReadingIn,
        permission=METER_RECORD, out=ReadingOut, status=201, errors=(Conflict,),
        summary="Enters what a meter shows; it goes up, unless it was set back.",
    )  # fmt: skip
