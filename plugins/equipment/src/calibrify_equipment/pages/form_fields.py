"""The fields of an instrument's form, and what was typed into them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from calibrify_core.web.forms import Form, FormField, Section, posted
from calibrify_core.work.currency import currency_of
from calibrify_equipment.domain.custom_fields import fields_of
from calibrify_equipment.domain.lifecycle import WORDS
from calibrify_equipment.models.category import Category
from calibrify_equipment.models.location import Location
from calibrify_equipment.models.party import Customer, Supplier
from calibrify_equipment.public import ListFacet
from calibrify_equipment.schemas.equipment import FACTS
from calibrify_equipment.schemas.fact import Fact
from calibrify_equipment.services import reference_lists
from calibrify_equipment.services.listing import facets_of
from calibrify_equipment.services.reference_lists import options_of
from calibrify_equipment.services.references import people

RANGE = (
    ("quantity", "Quantity"),
    ("unit", "Unit"),
    ("min", "From"),
    ("max", "To"),
    ("resolution", "Resolution"),
    ("accuracy_text", "Accuracy"),
    ("channel", "Channel"),
)
SPARE_RANGES = 2
YES_NO = (("true", "Yes"), ("false", "No"))
CUSTOM = "custom_fields."


def make_form(request: Any, record: Mapping[str, Any] | None, category: Category | None) -> Form:
    """Returns the form of a new instrument (no record) or of one that is there.

    Args:
        request: the request; what can be chosen is cut to the rights of who asks.
        record: the instrument, with its ``version``.
        category: whose custom fields are asked for.
    """
    ranges = len(record["ranges"]) if record else 0
    ranges = max(ranges, _posted_ranges(request))
    sections = [
        Section("Identity", _identity(record)),
        Section("Ownership and place", _ownership(request)),
        Section("Metrology", _facts(request.unit, "metrology")),
        Section("Ranges", _ranges(ranges + SPARE_RANGES), "Leave blank what is not known."),
    ]
    if record is None:
        sections += [section for _, section in asked_besides(request.unit)]
    if category is not None and fields_of(category.custom_field_schema):
        sections.append(Section(category.name, _custom(category)))
    back = ("equipment.equipment.show", {"id": record["id"]}) if record else None
    if record is None:
        action = request.route_path("equipment.equipment.create")
    else:
        action = request.route_path("equipment.equipment.edit", id=record["id"])
    return Form(
        action=action,
        sections=sections,
        submit_label="Save" if record else "Add equipment",
        cancel_href=(
            request.route_path(back[0], **back[1])
            if back
            else request.route_path("equipment.equipment.list")
        ),
        hidden=[("version", str(record["version"]))] if record else [],
    )


def asked_besides(unit: Any) -> list[tuple[ListFacet, Section]]:
    """Returns what other plugins ask of a new instrument, of who may answer it."""
    asked = ((facet, facet.form and facet.form(unit)) for facet in facets_of(unit.platform))
    return [(facet, section) for facet, section in asked if section is not None]


def tell_besides(unit: Any, equipment_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Tells other plugins what was answered.

    Raises:
        Invalid: a value does not fit.
    """
    for facet, section in asked_besides(unit):
        if facet.write_form is not None:
            told = {field.name: values[field.name] for field in section.fields}
            facet.write_form(unit, equipment_id, told)


def _posted_ranges(request: Any) -> int:
    """Returns how many ranges were posted."""
    if request.method != "POST":
        return 0
    rows = [name.split(".")[1] for name in request.POST if name.startswith("ranges.")]
    return max((int(row) + 1 for row in rows if row.isdigit() and len(row) < 3), default=0)


def _identity(record: Mapping[str, Any] | None) -> list[FormField]:
    """Returns the fields that say what it is."""
    fields = [
        FormField("name", "Name", required=True, extra={"maxlength": 300}, wide=True),
        FormField(
            "asset_tag",
            "Asset tag",
            hint="" if record else "Left blank, the next number is taken.",
            extra={"maxlength": 100},
            mono=True,
        ),
        FormField("serial_number", "Serial number", extra={"maxlength": 200}, mono=True),
        FormField("manufacturer", "Manufacturer", extra={"maxlength": 200}),
        FormField("model", "Model", extra={"maxlength": 200}),
    ]
    if record is None:
        options = [(str(status), word) for status, word in WORDS.items()]
        fields.append(FormField("status", "Status", "select", required=True, options=options))
    return fields


def _ownership(request: Any) -> list[FormField]:
    """Returns the fields that say whose it is and where."""
    unit = request.unit

    def choice(name: str, label: str, spec: Any, column: Any) -> FormField:
        options = options_of(unit, spec, column) if unit.access.permits(spec.permission) else []
        return FormField(name, label, "select", options=options, blank="–")

    colleagues = [(str(identifier), name) for identifier, name in people(unit)]
    return [
        choice("category_id", "Category", reference_lists.CATEGORIES, Category.path),
        choice("location_id", "Location", reference_lists.LOCATIONS, Location.path),
        FormField("custodian_id", "Custodian", "select", options=colleagues, blank="–"),
        choice("supplier_id", "Supplier", reference_lists.SUPPLIERS, Supplier.name),
        choice("owner_id", "Owner, if a customer", reference_lists.CUSTOMERS, Customer.name),
        *_facts(unit, "ownership"),
    ]


def _facts(unit: Any, section: str) -> list[FormField]:
    """Returns the plain fields of a section."""
    return [_fact(unit, name, fact) for name, fact in FACTS.items() if fact.section == section]


def _fact(unit: Any, name: str, fact: Fact) -> FormField:
    """Returns a plain field as a field of the form."""
    kind = {"choice": "select", "prose": "textarea", "boolean": "checkbox"}.get(
        fact.kind, fact.kind
    )
    return FormField(
        name,
        fact.label,
        kind,
        hint=fact.hint,
        required=fact.kind == "choice",
        options=fact.choices,
        unit=currency_of(unit) if fact.money else "",
        extra={"maxlength": fact.most} if fact.kind in {"text", "prose"} else {},
    )


def _ranges(count: int) -> list[FormField]:
    """Returns the fields of a number of ranges."""
    decimals = {"min", "max", "resolution"}
    return [
        FormField(
            f"ranges.{row}.{name}",
            f"{label} {row + 1}",
            "decimal" if name in decimals else "text",
            extra={"maxlength": 80 if name in decimals else 200},
        )
        for row in range(count)
        for name, label in RANGE
    ]


def _custom(category: Category) -> list[FormField]:
    """Returns the fields that a category asks for."""
    found = []
    for field in fields_of(category.custom_field_schema):
        options: Sequence[tuple[str, str]] = ()
        kind = {"date": "date", "decimal": "decimal"}.get(field["type"], "text")
        if field["type"] in {"choice", "boolean"}:
            kind = "select"
            options = (
                YES_NO
                if field["type"] == "boolean"
                else [(text, text) for text in field["choices"]]
            )
        found.append(
            FormField(
                f"{CUSTOM}{field['name']}",
                field.get("label") or field["name"],
                kind,
                required=bool(field.get("required")),
                options=options,
                blank="–" if kind == "select" else None,
            )
        )
    return found


def values_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a record as values of the form."""
    values = {
        name: value
        for name, value in record.items()
        if name not in {"ranges", "custom_fields"} and not isinstance(value, dict)
    }
    for row, entry in enumerate(record["ranges"]):
        values |= {f"ranges.{row}.{name}": text for name, text in entry.items()}
    for name, value in record["custom_fields"].items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        values[f"{CUSTOM}{name}"] = text
    for name, fact in FACTS.items():
        if fact.kind in {"date", "decimal"} and values[name] is not None:
            values[name] = str(values[name])
    return values


def posted_values(form: Form, post: Any) -> dict[str, Any]:
    """Returns what was posted, by field."""
    return posted(form, post)


def members(values: Mapping[str, Any], category: Category | None) -> dict[str, Any]:
    """Turns values of the form into members of the API's body.

    Args:
        values: from `posted_values`.
        category: whose custom fields were asked for.
    """
    body = {name: value for name, value in values.items() if "." not in name}
    body["ranges"] = _posted_rows(values)
    body["custom_fields"] = {}
    schema = category.custom_field_schema if category is not None else {}
    for field in fields_of(schema):
        text = values.get(f"{CUSTOM}{field['name']}")
        if text is not None:
            flag = field["type"] == "boolean"
            body["custom_fields"][field["name"]] = text == "true" if flag else text
    return {name: value for name, value in body.items() if value is not None}


def _posted_rows(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the ranges that hold something."""
    rows: dict[int, dict[str, Any]] = {}
    for name, value in values.items():
        if name.startswith("ranges.") and value is not None:
            _, row, member = name.split(".")
            rows.setdefault(int(row), {})[member] = value
    return [rows[row] for row in sorted(rows)]
