"""Meters on an instrument's page, the page of one meter, and the form for a reading."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from calibrify_core.kernel.errors import Conflict, Forbidden, Invalid
from calibrify_core.records.listing import read_request
from calibrify_core.web.flash import flash
from calibrify_core.web.formats import Formats
from calibrify_core.web.forms import Form, FormField, Section, posted, validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_equipment.public import EquipmentFacts, find_equipment
from calibrify_maintenance.permissions import METER_CHANGE, METER_RECORD, METER_VIEW
from calibrify_maintenance.schemas.meter import MeterIn, ReadingIn
from calibrify_maintenance.services import meters
from calibrify_maintenance.services.stock_lists import READINGS, page_of_readings

SHOW = "maintenance.meter.show"
NEW = "maintenance.meter.new"
MOST_ROWS = 50
FIELDS = (
    FormField("name", "Name", required=True, hint="For example running hours",
              extra={"maxlength": 100}),
    FormField("unit", "Unit", required=True, hint="h, cycles, km", extra={"maxlength": 20}),
)  # fmt: skip


def _crumbs(request: Any, equipment: EquipmentFacts) -> list[tuple[str, str | None]]:
    """Returns the way to a page about an instrument's meters."""
    href = request.route_path("equipment.equipment.show", id=equipment.id)
    return [("Equipment", "/equipment"), (equipment.asset_tag, href)]


def _form(request: Any) -> Form:
    """Returns the form of a new meter."""
    identifier = request.matchdict["id"]
    return Form(
        action=request.route_path(NEW, id=identifier),
        sections=[Section("Meter", FIELDS)],
        submit_label="Add meter",
        cancel_href=request.route_path("equipment.equipment.show", id=identifier),
    )


def _form_page(
    request: Any, values: Mapping[str, Any], problems: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """Returns what the form page needs."""
    equipment = find_equipment(request.unit, request.matchdict["id"], METER_CHANGE)
    form = _form(request).shown(values, problems)
    return {
        "title": "Add meter",
        "crumbs": _crumbs(request, equipment),
        "form": {**form, "lead": f"{equipment.asset_tag} {equipment.name}"},
    }


def show_new(request: Any) -> dict[str, Any]:
    """Shows an empty form."""
    return _form_page(request, {"unit": "h"})


def create(request: Any) -> Any:
    """Gives an instrument a meter."""
    values: dict[str, Any] = {}
    try:
        values = posted(_form(request), request.POST)
        body = {name: value for name, value in values.items() if value is not None}
        body["equipment_id"] = str(request.matchdict["id"])
        made = meters.add(request.unit, validated(MeterIn, body).model_dump())
    except (Invalid, Forbidden) as error:
        return _form_page(request, values, problems_of(error))
    flash(request, f"{made.name} is added.")
    return see_other(request, SHOW, id=made.id)


def show(request: Any) -> dict[str, Any]:
    """Shows a meter with its readings."""
    return _page(request, {}, ())


def _page(
    request: Any, values: Mapping[str, Any], problems: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Returns what the page of a meter needs."""
    unit, meter_id = request.unit, request.matchdict["id"]
    meter = meters.find(unit, meter_id)
    equipment = find_equipment(unit, meter.equipment_id, METER_VIEW)
    asked = read_request(READINGS, [("limit", str(MOST_ROWS))])
    found = page_of_readings(unit, meter_id, asked)
    return {
        "title": meter.name,
        "crumbs": _crumbs(request, equipment),
        "meter": meter,
        "equipment": equipment,
        "readings": found.rows,
        "more": found.next is not None,
        "may_record": meter.active and unit.access.permits(METER_RECORD),
        "action": request.route_path(SHOW, id=meter_id),
        "values": values,
        "problems": list(problems),
        "errors": {problem["name"]: problem["text"] for problem in problems},
    }


def _moment(request: Any, text: str) -> str:
    """Returns what a field of date and time holds as a moment; what is none stays as it is."""
    try:
        return datetime.fromisoformat(text).replace(
            tzinfo=request.unit.organisation.zone
        ).isoformat(timespec="seconds")  # fmt: skip
    except ValueError:
        return text


def record(request: Any) -> Any:
    """Enters a reading."""
    meter_id = request.matchdict["id"]
    sent = {name: text.strip() for name, text in request.POST.items() if isinstance(text, str)}
    members = {name: sent[name] for name in ("value", "reason") if sent.get(name)}
    body: dict[str, Any] = {**members, "reset": "reset" in sent}
    if sent.get("read_at"):
        body["read_at"] = _moment(request, sent["read_at"])
    try:
        asked = validated(ReadingIn, body)
        made = meters.record(
            request.unit,
            meter_id,
            asked.value,
            asked.read_at,
            reset=asked.reset,
            reason=asked.reason,
        )
    except (Invalid, Conflict) as error:
        problems = [{**one, "name": one["name"] or "value"} for one in problems_of(error)]
        return _page(request, sent, problems)
    flash(request, f"{made.value:f} is entered.")
    return see_other(request, SHOW, id=meter_id)


def panel(unit: Any, subject: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the meters of an instrument, nothing where there is none and none can be added."""
    identifier = uuid.UUID(str(subject["id"]))
    found = meters.meters_of(unit, identifier)
    may_add = unit.access.permits(METER_CHANGE)
    if not found and not may_add:
        return None
    fmt = Formats(unit.organisation.zone, unit.today())
    return {
        "title": "Meters",
        "equipment_id": identifier,
        "may_add": may_add,
        "meters": [
            {
                "id": meter.id,
                "name": meter.name,
                "shown": _with_unit(meter.latest_value, meter.unit),
                "when": fmt.datetime(meter.latest_at),
            }
            for meter in found
        ],
    }


def _with_unit(value: Decimal | None, unit: str) -> str:
    """Returns what a meter shows, with its unit."""
    return "" if value is None else f"{value:f} {unit}"


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        NEW,
        "/equipment/{id:uuid}/meters/new",
        show_new,
        permission=METER_CHANGE,
        template="calibrify/form.html",
        post=create,
    )
    config.add_page(
        SHOW,
        "/meters/{id:uuid}",
        show,
        permission=METER_VIEW,
        template="maintenance/meter.html",
        post=record,
        post_permission=METER_RECORD,
    )
