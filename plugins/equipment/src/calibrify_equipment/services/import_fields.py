"""What an import of instruments can fill: our fields, those of facets and of categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calibrify_core.exchange.fields import FieldKind, ImportField
from calibrify_core.work.platform import Platform
from calibrify_core.work.unit import UnitOfWork
from calibrify_equipment.domain.lifecycle import WORDS
from calibrify_equipment.schemas.equipment import FACTS
from calibrify_equipment.schemas.fact import Fact
from calibrify_equipment.services.custom_columns import CustomColumns
from calibrify_equipment.services.listing import facets_of

MOST_PRICE = 10**15

OWN: tuple[ImportField, ...] = (
    ImportField(
        "asset_tag",
        "Asset tag",
        synonyms=(
            "Control No.",
            "Control number",
            "Asset No.",
            "Asset number",
            "Asset ID",
            "Asset",
            "Tag",
            "Tag No.",
            "Tag number",
            "Equipment ID",
            "Equipment No.",
            "Equipment number",
            "Instrument ID",
            "Instrument No.",
            "Gage ID",
            "Gauge ID",
            "Inventory No.",
            "ID",
            "ID No.",
        ),
        example="EQ-0001",
        max_length=100,
    ),
    ImportField(
        "name",
        "Name",
        synonyms=(
            "Description",
            "Instrument",
            "Instrument name",
            "Equipment",
            "Equipment name",
            "Item",
            "Nomenclature",
            "Designation",
        ),
        required=True,
        example="Digital multimeter",
        max_length=300,
    ),
    ImportField(
        "manufacturer",
        "Manufacturer",
        "reference",
        synonyms=("Maker", "Make", "Brand", "Mfr", "Mfr.", "Mfg"),
        example="Fluke",
        max_length=200,
    ),
    ImportField(
        "model",
        "Model",
        "reference",
        synonyms=("Model No.", "Model number", "Type", "Type No."),
        example="87V",
        max_length=200,
    ),
    ImportField(
        "serial_number",
        "Serial number",
        synonyms=("Serial No.", "Serial", "S/N", "SN", "Ser. No."),
        example="0012345",
        max_length=200,
    ),
    ImportField(
        "category",
        "Category",
        "tree",
        synonyms=("Group", "Class", "Family", "Equipment type", "Instrument type"),
        example="Electrical",
        max_length=200,
        split_levels=True,
    ),
    ImportField(
        "location",
        "Location",
        "tree",
        synonyms=("Place", "Room", "Area", "Site", "Storage location"),
        example="Laboratory",
        max_length=200,
        split_levels=True,
    ),
    ImportField(
        "department",
        "Department",
        synonyms=("Dept", "Dept.", "Section", "Cost centre", "Cost center"),
        example="Quality",
        max_length=200,
    ),
    ImportField(
        "status",
        "Status",
        "choice",
        synonyms=("State",),
        choices={str(status): word for status, word in WORDS.items()},
        example="In service",
    ),
    ImportField(
        "accuracy_text",
        "Accuracy",
        synonyms=("Tolerance", "Accuracy class", "Error limit"),
        example="±0.5 %",
        max_length=1_000,
    ),
    ImportField(
        "use_limitation",
        "Limitation of use",
        synonyms=("Limitation", "Restriction", "Limited use"),
        example="",
        max_length=2_000,
    ),
    ImportField(
        "is_reference_standard",
        "Reference standard",
        "boolean",
        synonyms=("Standard", "Is standard"),
        example="no",
    ),
    ImportField(
        "criticality",
        "Criticality",
        "choice",
        choices={"low": "Low", "normal": "Normal", "high": "High"},
        synonyms=("Priority", "Risk"),
        example="Normal",
    ),
    ImportField(
        "custodian",
        "Custodian",
        synonyms=("Responsible", "Responsible person", "Holder", "Assigned to"),
        max_length=300,
    ),
    ImportField("owner", "Owner", synonyms=("Customer", "Belongs to"), max_length=200),
    ImportField(
        "supplier", "Supplier", synonyms=("Vendor", "Bought from", "Purchased from"), max_length=200
    ),
    ImportField(
        "acquired_on",
        "Acquired on",
        "date",
        synonyms=("Purchase date", "Purchased on", "Date of purchase", "Acquisition date"),
        example="2024-03-01",
    ),
    ImportField(
        "warranty_until",
        "Warranty until",
        "date",
        synonyms=("Warranty", "Warranty end", "Warranty expires"),
    ),
    ImportField(
        "purchase_price",
        "Purchase price",
        "decimal",
        synonyms=("Price", "Cost"),
        minimum=0,
        maximum=MOST_PRICE,
    ),
    ImportField(
        "firmware_version", "Firmware version", synonyms=("Firmware", "FW"), max_length=100
    ),
    ImportField(
        "notes",
        "Notes",
        synonyms=("Remarks", "Remark", "Comment", "Comments", "Note"),
        max_length=10_000,
    ),
)
"""This plugin's fields with a place of their own in the template and the export."""

_KINDS: Mapping[str, FieldKind] = {
    "date": "date",
    "decimal": "decimal",
    "boolean": "boolean",
    "choice": "choice",
}


def _fact_field(name: str, fact: Fact) -> ImportField:
    """Returns a fact as a field of the import."""
    return ImportField(
        name,
        fact.label,
        _KINDS.get(fact.kind, "text"),
        synonyms=fact.synonyms,
        choices=dict(fact.choices) or None,
        example=fact.example,
        max_length=fact.most,
    )


MORE: tuple[ImportField, ...] = tuple(
    _fact_field(name, fact)
    for name, fact in FACTS.items()
    if name not in {item.name for item in OWN}
)
"""Facts without a place of their own: they follow in the order of the schema."""

CREATABLE = frozenset({"category", "location", "manufacturer", "model"})
"""Fields whose unknown names an import may make."""


def import_fields(platform: Platform, custom: CustomColumns) -> tuple[ImportField, ...]:
    """Returns every field that an import can fill: our own, the facets', the categories'."""
    facets = (item for facet in facets_of(platform) for item in facet.import_fields)
    return (*OWN, *MORE, *facets, *custom.fields)


def fields_for(unit: UnitOfWork) -> tuple[ImportField, ...]:
    """Returns every field that an import can fill now."""
    return import_fields(unit.platform, CustomColumns.read(unit))


def template_rows(fields: Sequence[ImportField]) -> tuple[list[str], list[str]]:
    """Returns header and one example row of the file that people start from.

    Args:
        fields: what can be imported.
    """
    return [item.label for item in fields], [item.example for item in fields]
