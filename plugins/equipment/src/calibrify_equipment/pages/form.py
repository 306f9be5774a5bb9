"""Adding and editing an instrument, and two people doing so at once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from calibrify_core.kernel.errors import CalibrifyError, Conflict, Invalid
from calibrify_core.web.conflict import NOBODY, Saved, show_conflict
from calibrify_core.web.flash import flash
from calibrify_core.web.forms import validated
from calibrify_core.web.kit import problems_of, see_other
from calibrify_core.web.page import formats_of
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.head import crumbs_of
from calibrify_equipment.models.category import Category
from calibrify_equipment.pages import form_fields
from calibrify_equipment.pages.activity import entries_of
from calibrify_equipment.permissions import CATEGORY_VIEW, CHANGE
from calibrify_equipment.schemas.equipment import (
    EquipmentIn,
    EquipmentReplacement,
    all_members,
)
from calibrify_equipment.services import equipment
from calibrify_equipment.services.listing import read_record

TEMPLATE = "calibrify/form.html"


def offer(request: Any) -> dict[str, Any]:
    """Shows the form of a new instrument; ``?category=`` brings the fields of a category."""
    chosen = request.GET.get("category", "")
    category = _category(request.unit, chosen)
    values = {
        "status": "in_service",
        "criticality": "normal",
        "category_id": str(category.id) if category else "",
    }
    return _page(request, None, category, values, [])


def create(request: Any) -> Any:
    """Enters an instrument."""
    category = _category(request.unit, request.POST.get("category_id", ""))
    form = form_fields.make_form(request, None, category)
    values = form_fields.posted_values(form, request.POST)
    try:
        body = validated(EquipmentIn, form_fields.members(values, category))
        made = equipment.register(request.unit, all_members(body))
        form_fields.tell_besides(request.unit, made, values)
    except (Invalid, Conflict) as error:
        _unless_shown(error)
        return _page(request, None, category, values, _problems(request, error))
    record, _ = read_record(request.unit, made)
    flash(request, f"{record['asset_tag']} {record['name']} is entered.")
    return see_other(request, "equipment.equipment.show", id=made)


def edit(request: Any) -> dict[str, Any]:
    """Shows the form of an instrument."""
    found = equipment.find(request.unit, request.matchdict["id"], CHANGE)
    record, version = read_record(request.unit, found.id)
    category = _category(request.unit, record["category_id"] or "")
    values = form_fields.values_of(record)
    return _page(request, {**record, "version": version}, category, values, [])


def save(request: Any) -> Any:
    """Changes an instrument, unless somebody else was faster."""
    found = equipment.find(request.unit, request.matchdict["id"], CHANGE)
    record, version = read_record(request.unit, found.id)
    shown = {**record, "version": version}
    category = _category(request.unit, request.POST.get("category_id", ""))
    form = form_fields.make_form(request, shown, category)
    values = form_fields.posted_values(form, request.POST)
    if request.POST.get("version") != str(version):
        return _conflict(request, form, shown, values)
    try:
        body = validated(EquipmentReplacement, form_fields.members(values, category))
        equipment.replace(request.unit, found, all_members(body))
    except (Invalid, Conflict) as error:
        _unless_shown(error)
        return _page(request, shown, category, values, _problems(request, error))
    flash(request, f"{found.asset_tag} is saved.")
    return see_other(request, "equipment.equipment.show", id=found.id)


def _unless_shown(error: CalibrifyError) -> None:
    """Lets an error pass on that left the transaction of no use: a race for a number."""
    if isinstance(error, Conflict) and "taken this" in error.detail:
        raise error


def _problems(request: Any, error: CalibrifyError) -> list[dict[str, str]]:
    """Returns the problems of an error; that a number is in use leads to what it belongs to."""
    if not isinstance(error, Conflict):
        return problems_of(error)
    name = "asset_tag" if "asset tag" in error.detail else "serial_number"
    problem = {"name": name, "text": error.detail}
    # Only who may see the other instrument learns of it.
    existing = str(error.extra.get("existing", "")).rstrip("/").rpartition("/")[2]
    if existing:
        href = request.route_path("equipment.equipment.show", id=existing)
        problem |= {"href": href, "link": "Open the other instrument"}
    return [problem]


def _category(unit: UnitOfWork, text: str) -> Category | None:
    """Returns the category of an id, None if there is none for who asks."""
    try:
        identifier = uuid.UUID(text)
    except ValueError:
        return None
    statement = unit.select(Category, CATEGORY_VIEW).where(Category.id == identifier)
    return unit.session.scalars(statement).one_or_none()


def _page(
    request: Any,
    record: Mapping[str, Any] | None,
    category: Category | None,
    values: Mapping[str, Any],
    problems: list[dict[str, str]],
) -> dict[str, Any]:
    """Returns what the form page needs."""
    form = form_fields.make_form(request, record, category)
    page: dict[str, Any] = {"form": form.shown(values, problems)}
    if record is None:
        crumbs = [("Equipment", request.route_path("equipment.equipment.list"))]
        return {**page, "title": "Add equipment", "crumbs": crumbs}
    title = f"Edit {record['asset_tag']}"
    return {**page, "title": title, "crumbs": crumbs_of(request, record)}


def _conflict(request: Any, form: Any, record: Mapping[str, Any], mine: Mapping[str, Any]) -> Any:
    """Shows my version beside the one that was saved meanwhile."""
    last = next(iter(entries_of(request, uuid.UUID(record["id"]), 1)), None)
    saved = Saved(
        record["asset_tag"],
        record["version"],
        last["when"] if last else formats_of(request).datetime(record["updated_at"]),
        request.route_path("equipment.equipment.show", id=record["id"]),
        last["text"].split(" changed ")[0] if last else NOBODY,
    )
    theirs = form_fields.values_of(record)
    return show_conflict(request, form, mine, theirs, saved, crumbs=crumbs_of(request, record))


def includeme(config: Any) -> None:
    """Adds the pages."""
    config.add_page(
        "equipment.equipment.create",
        "/equipment/new",
        offer,
        permission=CHANGE,
        template=TEMPLATE,
        post=create,
    )
    config.add_page(
        "equipment.equipment.edit",
        "/equipment/{id:uuid}/edit",
        edit,
        permission=CHANGE,
        template=TEMPLATE,
        post=save,
    )
