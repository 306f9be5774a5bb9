"""An instrument's page: may I use it today, and everything that is evidence for the answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from calibrify_core.web.page import formats_of
from calibrify_core.web.panels import panels_of
from calibrify_core.work.currency import currency_of
from calibrify_equipment.domain.custom_fields import fields_of
from calibrify_equipment.domain.lifecycle import WORDS, Status
from calibrify_equipment.head import head_of
from calibrify_equipment.models.category import Category
from calibrify_equipment.pages.activity import entries_of
from calibrify_equipment.permissions import CATEGORY_VIEW, VIEW
from calibrify_equipment.schemas.equipment import FACTS
from calibrify_equipment.schemas.fact import Fact
from calibrify_equipment.services.equipment import find
from calibrify_equipment.services.labels import label_address

RECENT = 5


def show(request: Any) -> dict[str, Any]:
    """Shows the overview."""
    head = head_of(request, "equipment.overview")
    record = head["equipment"]
    code = find(request.unit, request.matchdict["id"]).label_code
    return {
        **head,
        "main": panels_of(request, "equipment.detail.main", record),
        "side": panels_of(request, "equipment.detail.side", record),
        "facts": facts_of(request, record),
        "ranges": record["ranges"],
        "custody": _custody(request, record),
        "label": {
            "address": label_address(request.unit, code),
            "pdf": request.route_path("equipment.label.print", id=record["id"]),
        },
        "recent": entries_of(request, request.matchdict["id"], RECENT),
        "activity_href": request.route_path("equipment.activity.list", id=record["id"]),
    }


def facts_of(request: Any, record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns what is known of an instrument as pairs; what is not known is left out."""
    pairs = [
        ("Status", WORDS[Status(record["status"])]),
        ("Category", _name(record["category"])),
        ("Manufacturer", record["manufacturer"]),
        ("Model", record["model"]),
        ("Serial number", record["serial_number"]),
        ("Location", record["location"]["path"] if record["location"] else ""),
        ("Custodian", _name(record["custodian"])),
        *((fact.label, _fact(request, fact, record[name])) for name, fact in FACTS.items()),
        *_custom(request, record),
    ]
    return [(label, value) for label, value in pairs if value]


def _fact(request: Any, fact: Fact, value: Any) -> str:
    """Returns a plain field as text; nothing if it says nothing."""
    fmt = formats_of(request)
    if fact.money:
        return fmt.money(value, currency_of(request.unit))
    if fact.kind == "boolean":
        return "Yes" if value else ""
    if fact.kind == "date":
        return fmt.date(value)
    if fact.kind == "decimal":
        return fmt.number(value)
    if fact.kind == "choice":
        return dict(fact.choices).get(value, "")
    return str(value or "")


def _name(named: Mapping[str, str] | None) -> str:
    """Returns the name of something that may be absent."""
    return named["name"] if named else ""


def _custom(request: Any, record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the custom fields in the order of the category."""
    values = record["custom_fields"]
    if not values or record["category"] is None:
        return []
    category = request.unit.find(Category, uuid.UUID(record["category_id"]), CATEGORY_VIEW)
    return [
        (field.get("label") or field["name"], _plain(values[field["name"]]))
        for field in fields_of(category.custom_field_schema)
        if field["name"] in values
    ]


def _plain(value: Any) -> str:
    """Returns a custom value as text."""
    return ("Yes" if value else "No") if isinstance(value, bool) else str(value)


def _custody(request: Any, record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns with whom an instrument is; nothing while it is at home."""
    custody = record["custody"]
    if custody is None:
        return []
    fmt = formats_of(request)
    holder = custody["holder"] or custody["location"]
    pairs = [("With", holder["name"]), ("Since", fmt.datetime(custody["since"]))]
    if custody["expected_return_on"] is not None:
        back = custody["expected_return_on"]
        pairs.append(("Expected back", f"{fmt.date(back)}, {fmt.relative(back)}"))
    return pairs


def includeme(config: Any) -> None:
    """Adds the page."""
    config.add_page(
        "equipment.equipment.show",
        "/equipment/{id:uuid}",
        show,
        permission=VIEW,
        template="equipment/detail.html",
    )
