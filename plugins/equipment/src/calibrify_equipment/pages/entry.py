"""Pages of manufacturers, models, suppliers and customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from calibrify_core.api.types import Body
from calibrify_core.records.listing import ListSpec
from calibrify_core.web.forms import FormField
from calibrify_core.web.lists import Column
from calibrify_equipment.models.party import Manufacturer
from calibrify_equipment.pages.reference import ReferencePages, add_reference_pages
from calibrify_equipment.schemas.catalogue import ManufacturerIn, ModelIn
from calibrify_equipment.schemas.party import CustomerIn, SupplierIn
from calibrify_equipment.services import catalogue, entries, reference_lists
from calibrify_equipment.services.reference_lists import options_of

NAME = FormField("name", "Name", required=True, extra={"maxlength": 200})
CONTACT = (
    FormField("contact", "Contact", extra={"maxlength": 200}),
    FormField("email", "E-mail", "email", extra={"maxlength": 254}),
)
ADDRESS = FormField("address", "Address", "textarea", rows=3, extra={"maxlength": 1_000})
SUPPLIER = (
    NAME,
    FormField("accreditation_number", "Accreditation number", extra={"maxlength": 100}),
    *CONTACT,
    FormField("phone", "Telephone", "tel", extra={"maxlength": 50}),
    ADDRESS,
    FormField("notes", "Notes", "textarea", extra={"maxlength": 10_000}),
)
CUSTOMER = (NAME, *CONTACT, ADDRESS)


def _model_fields(request: Any) -> Sequence[FormField]:
    """Returns the fields of a model's form."""
    makers = options_of(request.unit, reference_lists.MANUFACTURERS, Manufacturer.name)
    maker = FormField("manufacturer_id", "Manufacturer", "select", required=True, options=makers)
    return (maker, NAME)


def _pages(
    kind: entries.Kind,
    title: str,
    lead: str,
    icon: str,
    spec: ListSpec,
    body: type[Body],
    fields: Callable[[Any], Sequence[FormField]],
    columns: Sequence[Column] = (),
) -> ReferencePages:
    """Makes the pages of one kind of entries; the form holds the members of the body."""
    names = tuple(name for name in body.model_fields if name != "specification")

    def cells(record: Mapping[str, Any], href: str) -> dict[str, Any]:
        named = {"title": record["name"], "href": href}
        return {"name": named, **{column.key: record[column.key] for column in columns}}

    return ReferencePages(
        noun=kind.noun,
        title=title,
        lead=lead,
        icon=icon,
        spec=spec,
        change_permission=kind.change,
        columns=(Column("name", kind.noun.capitalize(), "name", "name", order="name"), *columns),
        cells=cells,
        fields=fields,
        body=body,
        values=lambda record: {name: str(record[name] or "") for name in names},
        members=lambda values: {name: values[name] for name in names},
        find=lambda unit, entry_id: entries.find(unit, kind, entry_id),
        add=lambda unit, values: entries.add(unit, kind, values),
        change=lambda unit, entry, values: entries.change(
            unit, kind, entry, {name: values[name] for name in names}
        ),
        delete=lambda unit, entry: entries.delete(unit, kind, entry),
    )


SUPPLIERS = _pages(
    entries.SUPPLIERS,
    "Suppliers",
    "Who sells or calibrates instruments for us.",
    "truck",
    reference_lists.SUPPLIERS,
    SupplierIn,
    lambda _request: SUPPLIER,
    (
        Column("accreditation_number", "Accreditation", "mono", "meta"),
        Column("contact", "Contact", cls="meta"),
    ),
)
CUSTOMERS = _pages(
    entries.CUSTOMERS,
    "Customers",
    "Owners of instruments outside the organisation.",
    "building-2",
    reference_lists.CUSTOMERS,
    CustomerIn,
    lambda _request: CUSTOMER,
    (Column("contact", "Contact", cls="meta"),),
)
MANUFACTURERS = _pages(
    catalogue.MANUFACTURERS,
    "Manufacturers",
    "Who makes the instruments.",
    "wrench",
    reference_lists.MANUFACTURERS,
    ManufacturerIn,
    lambda _request: (NAME,),
)
MODELS = _pages(
    catalogue.MODELS,
    "Models",
    "Types of instruments, as their makers call them.",
    "boxes",
    reference_lists.MODELS,
    ModelIn,
    _model_fields,
)


def includeme(config: Any) -> None:
    """Adds the pages."""
    for pages in (SUPPLIERS, CUSTOMERS, MANUFACTURERS, MODELS):
        add_reference_pages(config, pages)
