"""Several instruments at once: what is selected in the list is changed on a page of its own."""

from __future__ import annotations

import uuid
from typing import Any

from calibrify_core.kernel.errors import CalibrifyError, Conflict, Forbidden, Invalid
from calibrify_core.web.flash import flash
from calibrify_core.web.kit import problems_of, see_other
from calibrify_equipment.domain.lifecycle import WORDS, Status, may_become
from calibrify_equipment.models.equipment import Equipment
from calibrify_equipment.models.location import Location
from calibrify_equipment.permissions import CHANGE
from calibrify_equipment.services import equipment
from calibrify_equipment.services.lifecycle import transition
from calibrify_equipment.services.reference_lists import LOCATIONS, options_of

MOST = 200
CHOICES = {"status": "Change status", "location": "Move"}


def choose(request: Any) -> Any:
    """Leads from the ticked rows of the list to the page that says what will change."""
    ids = [str(identifier) for identifier in _ids(request.POST.getall("id"))]
    do = request.POST.get("do", "")
    if not ids or do not in CHOICES:
        flash(request, "Select some instruments first.", "error")
        return see_other(request, "equipment.equipment.list")
    if len(ids) > MOST:
        flash(request, f"At most {MOST} instruments are changed at once here.", "error")
        return see_other(request, "equipment.equipment.list")
    query = [("do", do), *(("id", identifier) for identifier in ids)]
    return see_other(request, "equipment.equipment.change", _query=query)


def nothing(request: Any) -> Any:
    """Leads back to the list: there is nothing to see without a selection."""
    return see_other(request, "equipment.equipment.list")


def _ids(texts: list[str]) -> list[uuid.UUID]:
    """Returns the ids among some texts."""
    found = []
    for text in texts:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def _selected(request: Any, texts: list[str]) -> list[Equipment]:
    """Returns the selected instruments that the person may change."""
    statement = request.unit.select(Equipment, CHANGE).where(Equipment.id.in_(_ids(texts)[:MOST]))
    return list(request.unit.session.scalars(statement.order_by(Equipment.tag_key)))


def _page(
    request: Any, do: str, found: list[Equipment], values: Any, problems: Any
) -> dict[str, Any]:
    """Returns what the confirming page needs."""
    confirm = {
        "action": request.route_path("equipment.equipment.change"),
        "sentence": f"{len(found)} instruments will be changed together, or none.",
        "label": "Selected instruments",
        "entries": [
            {
                "label": f"{item.asset_tag} {item.name}",
                "detail": WORDS[Status(item.status)],
                "href": request.route_path("equipment.equipment.show", id=item.id),
            }
            for item in found
        ],
        "hidden": [("do", do), *(("id", str(item.id)) for item in found)],
        "fields": _fields(request, do, found, values, problems),
        "problems": problems,
        "submit_label": CHOICES[do],
        "danger": False,
        "icon": "",
        "cancel_href": request.route_path("equipment.equipment.list"),
    }
    return {
        "title": f"{CHOICES[do]}: {len(found)} instruments",
        "crumbs": [("Equipment", request.route_path("equipment.equipment.list"))],
        "confirm": confirm,
    }


def _fields(
    request: Any, do: str, found: list[Equipment], values: Any, problems: Any
) -> list[dict[str, Any]]:
    """Returns the fields that say what becomes of the selection."""
    errors = {problem["name"]: problem["text"] for problem in problems}
    if do == "location":
        options = options_of(request.unit, LOCATIONS, Location.path)
        first = {"name": "location_id", "label": "New location", "options": options}
    else:
        shared = [
            (str(status), word)
            for status, word in WORDS.items()
            if all(may_become(item.status, status) for item in found)
        ]
        first = {"name": "to", "label": "New status", "options": shared}
    reason = {"kind": "textarea", "name": "reason", "label": "Reason", "rows": 2}
    fields = [{**first, "kind": "select", "required": True}, {**reason, "required": False}]
    return [
        {**field, "value": values.get(field["name"]), "error": errors.get(field["name"], "")}
        for field in fields
    ]


def confirm(request: Any) -> Any:
    """Shows what will change."""
    do = request.GET.get("do", "")
    found = _selected(request, request.GET.getall("id"))
    if do not in CHOICES or not found:
        return see_other(request, "equipment.equipment.list")
    return _page(request, do, found, {}, [])


def change(request: Any) -> Any:
    """Changes the selection, all of it or nothing."""
    do = request.POST.get("do", "")
    found = _selected(request, request.POST.getall("id"))
    if do not in CHOICES or not found:
        return see_other(request, "equipment.equipment.list")
    try:
        _do(request, do, found)
    except (Invalid, Conflict, Forbidden) as error:
        return _page(request, do, found, request.POST, _problems(do, error))
    flash(request, f"{len(found)} instruments are changed.")
    return see_other(request, "equipment.equipment.list")


def _do(request: Any, do: str, found: list[Equipment]) -> None:
    """Does to each what was chosen."""
    unit = request.unit
    reason = str(request.POST.get("reason", "")).strip()[:2_000]
    if do == "location":
        chosen = _ids([str(request.POST.get("location_id", ""))])
        if not chosen:
            raise Invalid.field("location_id", "This is needed.")
        unit.reason = reason or None
        for item in found:
            equipment.change(unit, item, {"location_id": chosen[0]})
        return
    to = str(request.POST.get("to", ""))
    if to not in set(WORDS):
        raise Invalid.field("to", "This is needed.")
    for item in found:
        transition(unit, item.id, to, reason)


def _problems(do: str, error: CalibrifyError) -> list[dict[str, str]]:
    """Returns the problems of an error, a refused state beside the choice."""
    if isinstance(error, Conflict):
        return [{"name": "to" if do == "status" else "location_id", "text": error.detail}]
    return problems_of(error)


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "equipment.equipment.select",
        "/equipment/select",
        nothing,
        permission=CHANGE,
        post=choose,
    )
    config.add_page(
        "equipment.equipment.change",
        "/equipment/change",
        confirm,
        permission=CHANGE,
        template="calibrify/confirm.html",
        post=change,
    )
