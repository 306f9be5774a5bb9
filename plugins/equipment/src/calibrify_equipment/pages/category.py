"""Pages of categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from calibrify_core.web.forms import FormField
from calibrify_core.web.lists import Column
from calibrify_equipment.domain.custom_fields import TYPES, fields_of
from calibrify_equipment.models.category import DUE_SOON_DAYS, Category
from calibrify_equipment.pages.reference import ReferencePages, add_reference_pages
from calibrify_equipment.permissions import CATEGORY_CHANGE
from calibrify_equipment.schemas.category import CategoryIn
from calibrify_equipment.services import categories
from calibrify_equipment.services.reference_lists import CATEGORIES, options_of

UNITS = (("months", "Months"), ("days", "Days"))


def _cells(record: Mapping[str, Any], href: str) -> dict[str, Any]:
    """Returns a row of the table."""
    interval = record["default_interval"]
    return {
        "name": {"title": record["path"], "href": href},
        "interval": f"{interval['value']} {interval['unit']}" if interval else "",
        "due_soon_days": f"{record['due_soon_days']} days",
        "fields": ", ".join(
            field.get("label") or field["name"]
            for field in fields_of(record["custom_field_schema"])
        ),
    }


def _fields(request: Any) -> Sequence[FormField]:
    """Returns the fields of the form."""
    return (
        FormField("name", "Name", required=True, extra={"maxlength": 200}),
        FormField(
            "parent_id",
            "Part of",
            "select",
            options=options_of(request.unit, CATEGORIES, Category.path),
            blank="–",
        ),
        FormField("interval_value", "Usual interval", "number", extra={"min": 1, "max": 10_000}),
        FormField("interval_unit", "Unit of the interval", "select", options=UNITS),
        FormField(
            "due_soon_days",
            "Days before the due date that count as soon",
            "number",
            extra={"min": 0, "max": 3_650},
        ),
        FormField(
            "custom_fields",
            "Custom fields",
            "textarea",
            rows=6,
            hint=(
                "One a line: name | label | type | choices with commas. A * behind the type makes "
                f"it required. Types: {', '.join(TYPES)}."
            ),
        ),
    )


def _values(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a record as values of the form."""
    interval = record["default_interval"] or {}
    lines = [
        " | ".join(
            (
                field["name"],
                field.get("label", ""),
                field["type"] + ("*" if field.get("required") else ""),
                ", ".join(field.get("choices", ())),
            )
        ).rstrip(" |")
        for field in fields_of(record["custom_field_schema"])
    ]
    return {
        "name": record["name"],
        "parent_id": str(record["parent_id"] or ""),
        "interval_value": interval.get("value"),
        "interval_unit": interval.get("unit", "months"),
        "due_soon_days": record["due_soon_days"],
        "custom_fields": "\n".join(lines),
    }


def _members(values: dict[str, Any]) -> dict[str, Any]:
    """Returns what was typed as members of the body."""
    interval = None
    if values["interval_value"]:
        unit = values["interval_unit"] or "months"
        interval = {"value": _number(values["interval_value"]), "unit": unit}
    return {
        "name": values["name"],
        "parent_id": values["parent_id"],
        "default_interval": interval,
        "due_soon_days": _number(values["due_soon_days"] or str(DUE_SOON_DAYS)),
        "custom_field_schema": {"fields": _schema(values["custom_fields"] or "")},
    }


def _number(text: str) -> Any:
    """Returns a whole number, or the text if it is none: the schema says what is wrong."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _schema(text: str) -> list[dict[str, Any]]:
    """Returns the custom fields that were typed, one a line."""
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        parts = [part.strip() for part in line.split("|", 3)]
        name, label, kind, choices = (*parts, "", "", "")[:4]
        field: dict[str, Any] = {
            "name": name,
            "label": label,
            "type": kind.rstrip("* ") or "text",
            "required": kind.endswith("*"),
        }
        if field["type"] == "choice":
            field["choices"] = [part.strip() for part in choices.split(",") if part.strip()]
        found.append(field)
    return found


PAGES = ReferencePages(
    noun="category",
    title="Categories",
    lead="Kinds of instruments, with what they have in common.",
    icon="layers",
    spec=CATEGORIES,
    change_permission=CATEGORY_CHANGE,
    columns=(
        Column("name", "Category", "name", "name", order="path"),
        Column("interval", "Usual interval", cls="meta"),
        Column("due_soon_days", "Due soon", cls="meta"),
        Column("fields", "Custom fields", cls="hide-s"),
    ),
    cells=_cells,
    fields=_fields,
    body=CategoryIn,
    values=_values,
    members=_members,
    find=categories.find,
    add=categories.add,
    change=categories.change,
    delete=categories.delete,
)


def includeme(config: Any) -> None:
    """Adds the pages."""
    add_reference_pages(config, PAGES)
